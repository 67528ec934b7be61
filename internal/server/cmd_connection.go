package server

import (
	"crypto/subtle"
)

func init() {
	handle(map[string]Handler{
		"auth":    cmdAuth,
		"discard": cmdDiscard,
		"echo":    cmdEcho,
		"exec":    cmdExec,
		"hello":   cmdHello,
		"multi":   cmdMulti,
		"ping":    cmdPing,
		"quit":    cmdQuit,
		"reset":   cmdReset,
		"select":  cmdSelect,
		"unwatch": cmdUnwatch,
		"watch":   cmdWatch,
	})
}

// cmdPing is PING [message].
func cmdPing(c *Client, argv [][]byte) {
	if len(argv) > 2 {
		c.WriteError("ERR wrong number of arguments for 'ping' command")
		return
	}
	if c.Flags&FlagPubSub != 0 && c.RESP == 2 {
		c.WriteArray(2)
		c.WriteBulkString("pong")
		if len(argv) == 1 {
			c.WriteBulk(nil)
		} else {
			c.WriteBulk(argv[1])
		}
		return
	}
	if len(argv) == 1 {
		c.WriteStatus("PONG")
		return
	}
	c.WriteBulk(argv[1])
}

// cmdEcho is ECHO message.
func cmdEcho(c *Client, argv [][]byte) { c.WriteBulk(argv[1]) }

// cmdQuit is QUIT.
func cmdQuit(c *Client, _ [][]byte) {
	c.WriteOK()
	c.Flags |= FlagCloseAfterReply
}

// cmdSelect is SELECT index.
func cmdSelect(c *Client, argv [][]byte) {
	n, ok := c.smallInt(argv[1], "")
	switch {
	case !ok:
	case n < 0 || n >= c.srv.DBCount():
		c.WriteError(ErrTextDBRange)
	default:
		c.DB = n
		c.WriteOK()
	}
}

// authenticate checks a name and a password. There is one user, default, until
// access control lists exist.
func (c *Client) authenticate(user, password []byte) bool {
	want := c.srv.Settings.RequirePass
	if string(user) != "default" {
		return false
	}
	if want == "" {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(want), password) == 1
}

const wrongPass = "WRONGPASS invalid username-password pair or user is disabled."

// cmdAuth is AUTH [username] password.
func cmdAuth(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError(ErrTextSyntax)
		return
	}
	for i := 1; i < len(argv); i++ {
		c.Redact(i)
	}
	user, password := []byte("default"), argv[len(argv)-1]
	if len(argv) == 3 {
		user = argv[1]
	} else if c.srv.Settings.RequirePass == "" {
		c.WriteError("ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?")
		return
	}
	if !c.authenticate(user, password) {
		c.srv.Stats.ACLAuthFailures++
		c.WriteError(wrongPass)
		return
	}
	c.Flags |= FlagAuthenticated
	c.WriteOK()
}

// cmdHello is HELLO [protover [AUTH username password] [SETNAME name]].
func cmdHello(c *Client, argv [][]byte) {
	proto := c.RESP
	if len(argv) > 1 {
		n, ok := ParseInt(argv[1])
		if !ok {
			c.WriteError("ERR Protocol version is not an integer or out of range")
			return
		}
		if n < 2 || n > 3 {
			c.WriteError("NOPROTO unsupported protocol version")
			return
		}
		proto = int(n)
	}
	var name []byte
	for i := 2; i < len(argv); i++ {
		switch left := len(argv) - 1 - i; {
		case equalFold(argv[i], "auth") && left >= 2:
			c.Redact(i + 1)
			c.Redact(i + 2)
			if !c.authenticate(argv[i+1], argv[i+2]) {
				c.srv.Stats.ACLAuthFailures++
				c.WriteError(wrongPass)
				return
			}
			c.Flags |= FlagAuthenticated
			i += 2
		case equalFold(argv[i], "setname") && left >= 1:
			name = argv[i+1]
			if !ValidName(name) {
				c.WriteError(errClientName)
				return
			}
			i++
		default:
			c.WriteError("ERR Syntax error in HELLO option '" + cut(argv[i], maxShown) + "'")
			return
		}
	}
	if c.srv.needsAuth(c) {
		c.WriteError("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH " +
			"<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	if name != nil {
		c.Name = string(name)
	}
	c.RESP = proto
	c.WriteMap(7)
	c.WriteBulkString("server")
	c.WriteBulkString("redis")
	c.WriteBulkString("version")
	c.WriteBulkString(RedisVersion)
	c.WriteBulkString("proto")
	c.WriteInt(int64(c.RESP))
	c.WriteBulkString("id")
	c.WriteInt(int64(c.ID))
	c.WriteBulkString("mode")
	c.WriteBulkString("standalone")
	c.WriteBulkString("role")
	c.WriteBulkString("master")
	c.WriteBulkString("modules")
	c.srv.writeModules(c)
}

// writeModules replies the list of modules that HELLO ends with.
func (s *Server) writeModules(c *Client) {
	if s.listModules == nil {
		c.WriteArray(0)
		return
	}
	s.listModules(c)
}

// OnListModules tells who writes the list of modules.
func (s *Server) OnListModules(fn func(c *Client)) { s.listModules = fn }

// cmdReset is RESET.
func cmdReset(c *Client, _ [][]byte) {
	c.stopMonitor()
	if c.Flags&(FlagReplica|FlagMaster|FlagModule) != 0 {
		c.WriteError("ERR can only reset normal client connections")
		return
	}
	if c.Flags&FlagMulti != 0 {
		c.discard()
	}
	c.unwatchAll()
	c.unsubscribeAll()
	c.disableTracking()
	c.DB, c.RESP, c.Name, c.User = 0, 2, "", "default"
	c.Flags &^= FlagReplyOff | FlagReplySkip | FlagReplySkipNext | FlagNoEvict | FlagNoTouch | FlagAuthenticated | FlagDirtyCAS
	if !c.srv.needsAuth(c) {
		c.Flags |= FlagAuthenticated
	}
	c.WriteStatus("RESET")
}

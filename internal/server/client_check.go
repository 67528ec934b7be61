package server

import (
	"strings"
	"time"
)

// needsAuth reports whether the client must authenticate before commands.
func (s *Server) needsAuth(c *Client) bool {
	return c.Flags&FlagAuthenticated == 0 && s.Settings.RequirePass != ""
}

// authRequired is needsAuth for a client about to run a command; it notes that
// none is needed any more.
func (s *Server) authRequired(c *Client) bool {
	if s.Settings.RequirePass != "" {
		return true
	}
	c.Flags |= FlagAuthenticated
	return false
}

// isAttack recognises the first words of an HTTP request: a browser that was
// tricked into sending commands.
func isAttack(name []byte) bool {
	return equalFold(name, "post") || equalFold(name, "host:")
}

// closeAttacker closes such a connection and says why.
func (s *Server) closeAttacker(c *Client) {
	s.Log(LogWarning, "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. "+
		"This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from %s aborted.", c.Addr())
	s.CloseSoon(c)
}

// protectedAllowed answers an error unless the settings allow this protected
// command to this client.
func (s *Server) protectedAllowed(c *Client, cmd *Command) bool {
	name, p, option := "MODULE", s.Settings.EnableModuleCommand, "enable-module-command"
	if strings.HasPrefix(cmd.Name, "debug") {
		name, p, option = "DEBUG", s.Settings.EnableDebugCommand, "enable-debug-command"
	}
	if p == ProtectionYes || p == ProtectionLocal && c.isLocal() {
		return true
	}
	s.reject(c, cmd, "ERR "+name+" command not allowed. If the "+option+" option is set to \"local\", "+
		"you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.")
	return false
}

// isLocal reports whether the client is on this machine.
func (c *Client) isLocal() bool {
	if c.Flags&(FlagUnixSocket|FlagFake) != 0 {
		return true
	}
	host, _, _ := strings.Cut(c.Addr(), ":")
	return isLoopback(host) || strings.HasPrefix(c.Addr(), "[::1]")
}

// runsSubscribed reports whether a RESP2 client that is subscribed may use the
// command.
func (cmd *Command) runsSubscribed() bool {
	switch cmd.Name {
	case "ping", "subscribe", "ssubscribe", "psubscribe", "unsubscribe", "sunsubscribe", "punsubscribe", "quit", "reset":
		return true
	}
	return false
}

// roomFor makes room when memory is short and reports whether the command may
// run. Queueing takes memory too: inside a transaction only what ends it, and an
// EXEC without commands that need memory, still pass.
func (s *Server) roomFor(c *Client, cmd *Command) bool {
	if s.exec.yielding != 0 { // what held when the long command began holds to its end
		return true
	}
	s.refreshMemory()
	s.evict.short = s.makeRoom() == evictFail
	if !s.evict.short || c.Flags&FlagAllowOOM != 0 {
		return true
	}
	deny := s.flagsOf(cmd, c.argv)&DenyOOM != 0
	if c.Flags&FlagMulti != 0 {
		switch cmd.Name {
		case "exec":
			deny = c.multi.flags&DenyOOM != 0
		case "discard", "quit", "reset":
		default:
			deny = true
		}
	}
	return !deny
}

// memoryShort reports whether a command that a module calls must be refused for
// lack of memory: what held when the client's request began holds to its end, so
// that half a module's work is not refused.
func (s *Server) memoryShort(c *Client) bool {
	if s.Config.Values.MaxMemory == 0 || c.Flags&FlagAllowOOM != 0 {
		return false
	}
	if s.exec.current != nil {
		return s.evict.short
	}
	return s.overMemory() != 0
}

// Idle is how long the client has been silent.
func (c *Client) Idle() time.Duration { return time.Duration(nanotime() - c.interaction) }

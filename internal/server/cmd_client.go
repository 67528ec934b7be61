package server

import (
	"math"
	"strings"
	"time"
)

func init() {
	const flags = NoScript | Loading | Stale
	sub := func(name string, arity int, extra Flag, acl Category, since, summary string, h Handler) *Command {
		return define("connection", name, arity, flags|extra, acl, since, "O(1)", summary, h)
	}
	const admin = CatAdmin | CatDangerous | CatConnection
	registerFamily([]*Command{container("connection", "client", "2.4.0", "A container for client connection commands.",
		sub("id", 2, 0, CatConnection, "5.0.0", "Returns the unique client ID of the connection.", func(c *Client, _ [][]byte) { c.WriteInt(int64(c.ID)) }),
		sub("info", 2, 0, CatConnection, "6.2.0", "Returns information about the connection.", func(c *Client, _ [][]byte) {
			c.WriteVerbatim("txt", []byte(c.Info()+"\n"))
		}),
		sub("list", -2, Admin, admin, "2.4.0", "Lists open connections.", cmdClientList),
		sub("kill", -3, Admin, admin, "2.4.0", "Terminates open connections.", cmdClientKill),
		sub("setname", 3, 0, CatConnection, "2.6.9", "Sets the connection name.", cmdClientSetname),
		sub("getname", 2, 0, CatConnection, "2.6.9", "Returns the name of the connection.", cmdClientGetname),
		sub("setinfo", 4, 0, CatConnection, "7.2.0", "Sets information specific to the client or connection.", cmdClientSetinfo),
		sub("unblock", -3, Admin, admin, "5.0.0", "Unblocks a client blocked by a blocking command from a different connection.", cmdClientUnblock),
		sub("reply", 3, 0, CatConnection, "3.2.0", "Instructs the server whether to reply to commands.", cmdClientReply),
		sub("no-evict", 3, Admin, admin, "7.0.0", "Sets the client eviction mode of the connection.", cmdClientNoEvict),
		sub("no-touch", 3, 0, CatConnection, "7.2.0", "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.", cmdClientNoTouch),
		sub("pause", -3, Admin, admin, "3.0.0", "Suspends commands processing.", cmdClientPause),
		sub("unpause", 2, Admin, admin, "6.2.0", "Resumes processing commands from paused clients.", func(c *Client, _ [][]byte) {
			c.srv.Unpause()
			c.WriteOK()
		}),
		sub("getredir", 2, 0, CatConnection, "6.0.0", "Returns the client ID to which the connection's tracking notifications are redirected.",
			cmdClientGetRedir),
		sub("caching", 3, 0, CatConnection, "6.0.0", "Instructs the server whether to track the keys in the next request.", cmdClientCaching),
		sub("tracking", -3, 0, CatConnection, "6.0.0", "Controls server-assisted client-side caching for the connection.", cmdClientTracking),
		sub("trackinginfo", 2, 0, CatConnection, "6.2.0", "Returns information about server-assisted client-side caching for the connection.",
			cmdClientTrackingInfo),
		define("connection", "help", 2, anytimeFlag, CatConnection, "5.0.0", "O(1)", "Returns helpful text about the different subcommands.",
			helpHandler(clientHelp)),
	)})
}

const errClientName = "ERR Client names cannot contain spaces, newlines or special characters."

// ValidName reports whether a name is fit for a field of CLIENT LIST.
func ValidName(name []byte) bool {
	for _, ch := range name {
		if ch < '!' || ch > '~' {
			return false
		}
	}
	return true
}

// classByName finds the class that TYPE names.
func classByName(name []byte) (int, bool) {
	if equalFold(name, "slave") {
		return ClassReplica, true
	}
	for i, n := range ClassNames {
		if equalFold(name, n) {
			return i, true
		}
	}
	return 0, false
}

// cmdClientList is CLIENT LIST [TYPE type] [ID id ...].
func cmdClientList(c *Client, argv [][]byte) {
	want := func(*Client) bool { return true }
	var b strings.Builder
	switch {
	case len(argv) == 2:
	case len(argv) == 4 && equalFold(argv[2], "type"):
		class, ok := classByName(argv[3])
		if !ok {
			c.WriteError("ERR Unknown client type '" + cut(argv[3], maxShown) + "'")
			return
		}
		want = func(o *Client) bool { return o.class() == class }
	case len(argv) > 3 && equalFold(argv[2], "id"):
		for _, a := range argv[3:] {
			n, ok := ParseInt(a)
			if !ok {
				c.WriteError("ERR Invalid client ID")
				return
			}
			if o := c.srv.ClientByID(uint64(n)); o != nil {
				b.WriteString(o.Info())
				b.WriteByte('\n')
			}
		}
		want = func(*Client) bool { return false }
	default:
		c.WriteError(ErrTextSyntax)
		return
	}
	c.srv.EachClient(func(o *Client) bool {
		if want(o) {
			b.WriteString(o.Info())
			b.WriteByte('\n')
		}
		return true
	})
	c.WriteVerbatim("txt", []byte(b.String()))
}

// killFilter is what CLIENT KILL looks for; what is not set matches all.
type killFilter struct {
	addr, laddr, user string
	id                uint64
	class             int
	skipMe            bool
}

func (f *killFilter) matches(c, self *Client) bool {
	return (f.addr == "" || c.Addr() == f.addr) && (f.laddr == "" || c.LocalAddr() == f.laddr) &&
		(f.class < 0 || c.class() == f.class) && (f.id == 0 || c.ID == f.id) && (f.user == "" || c.User == f.user) &&
		(!f.skipMe || c != self)
}

// parseKill reads the filters of CLIENT KILL; text is an error to reply.
func parseKill(args [][]byte) (f killFilter, text string) {
	f = killFilter{class: -1, skipMe: true}
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) {
			return f, ErrTextSyntax
		}
		value := args[i+1]
		switch strings.ToLower(string(args[i])) {
		case "id":
			n, ok := ParseInt(value)
			if !ok || n < 1 {
				return f, "ERR client-id should be greater than 0"
			}
			f.id = uint64(n)
		case "type":
			class, ok := classByName(value)
			if !ok {
				return f, "ERR Unknown client type '" + cut(value, maxShown) + "'"
			}
			f.class = class
		case "addr":
			f.addr = string(value)
		case "laddr":
			f.laddr = string(value)
		case "user":
			if string(value) != "default" {
				return f, "ERR No such user '" + cut(value, maxShown) + "'"
			}
			f.user = string(value)
		case "skipme":
			switch {
			case equalFold(value, "yes"):
				f.skipMe = true
			case equalFold(value, "no"):
				f.skipMe = false
			default:
				return f, ErrTextSyntax
			}
		default:
			return f, ErrTextSyntax
		}
	}
	return f, ""
}

// cmdClientKill is CLIENT KILL addr, or CLIENT KILL with filters.
func cmdClientKill(c *Client, argv [][]byte) {
	s := c.srv
	old := len(argv) == 3
	f := killFilter{class: -1}
	if old {
		f.addr = string(argv[2])
	} else {
		var text string
		if f, text = parseKill(argv[2:]); text != "" {
			c.WriteError(text)
			return
		}
	}
	killed := 0
	self := false
	s.EachClient(func(o *Client) bool {
		if !f.matches(o, c) {
			return true
		}
		killed++
		if o == c {
			self = true
		} else {
			s.FreeClient(o)
		}
		return true
	})
	switch {
	case !old:
		c.WriteInt(int64(killed))
	case killed == 0:
		c.WriteError("ERR No such client")
	default:
		c.WriteOK()
	}
	if self {
		c.Flags |= FlagCloseAfterReply
	}
}

// cmdClientSetname is CLIENT SETNAME name.
func cmdClientSetname(c *Client, argv [][]byte) {
	if !ValidName(argv[2]) {
		c.WriteError(errClientName)
		return
	}
	c.Name = string(argv[2])
	c.WriteOK()
}

// cmdClientGetname is CLIENT GETNAME.
func cmdClientGetname(c *Client, _ [][]byte) {
	if c.Name == "" {
		c.WriteNull()
		return
	}
	c.WriteBulkString(c.Name)
}

// cmdClientSetinfo is CLIENT SETINFO LIB-NAME|LIB-VER value.
func cmdClientSetinfo(c *Client, argv [][]byte) {
	field := &c.LibName
	switch {
	case equalFold(argv[2], "lib-name"):
	case equalFold(argv[2], "lib-ver"):
		field = &c.LibVer
	default:
		c.WriteError("ERR Unrecognized option '" + cut(argv[2], maxShown) + "'")
		return
	}
	if !ValidName(argv[3]) {
		c.WriteError("ERR " + string(argv[2]) + " cannot contain spaces, newlines or special characters.")
		return
	}
	*field = string(argv[3])
	c.WriteOK()
}

// cmdClientUnblock is CLIENT UNBLOCK id [TIMEOUT|ERROR].
func cmdClientUnblock(c *Client, argv [][]byte) {
	withError := false
	if len(argv) > 3 {
		switch {
		case len(argv) == 4 && equalFold(argv[3], "timeout"):
		case len(argv) == 4 && equalFold(argv[3], "error"):
			withError = true
		case len(argv) == 4:
			c.WriteError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
			return
		default:
			c.wrongSubcommand(argv)
			return
		}
	}
	id, ok := ParseInt(argv[2])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	o := c.srv.ClientByID(uint64(id))
	if o != nil && c.srv.UnblockClient(o, withError) {
		c.WriteInt(1)
		return
	}
	c.WriteInt(0)
}

// cmdClientReply is CLIENT REPLY ON|OFF|SKIP.
func cmdClientReply(c *Client, argv [][]byte) {
	switch {
	case equalFold(argv[2], "on"):
		c.Flags &^= FlagReplyOff | FlagReplySkip | FlagReplySkipNext
		c.WriteOK()
	case equalFold(argv[2], "off"):
		c.Flags |= FlagReplyOff
	case equalFold(argv[2], "skip"):
		if c.Flags&FlagReplyOff == 0 {
			c.Flags |= FlagReplySkipNext
		}
	default:
		c.WriteError(ErrTextSyntax)
	}
}

// onOff sets or clears a flag by the word ON or OFF.
func (c *Client) onOff(word []byte, flag ClientFlag) {
	switch {
	case equalFold(word, "on"):
		c.Flags |= flag
		c.WriteOK()
	case equalFold(word, "off"):
		c.Flags &^= flag
		c.WriteOK()
	default:
		c.WriteError(ErrTextSyntax)
	}
}

// cmdClientNoEvict is CLIENT NO-EVICT ON|OFF.
func cmdClientNoEvict(c *Client, argv [][]byte) { c.onOff(argv[2], FlagNoEvict) }

// cmdClientNoTouch is CLIENT NO-TOUCH ON|OFF.
func cmdClientNoTouch(c *Client, argv [][]byte) { c.onOff(argv[2], FlagNoTouch) }

// cmdClientPause is CLIENT PAUSE milliseconds [WRITE|ALL].
func cmdClientPause(c *Client, argv [][]byte) {
	kind := PauseAll
	if len(argv) == 4 {
		switch {
		case equalFold(argv[3], "write"):
			kind = PauseWrite
		case equalFold(argv[3], "all"):
		default:
			c.WriteError("ERR CLIENT PAUSE mode must be WRITE or ALL")
			return
		}
	} else if len(argv) > 4 {
		c.wrongSubcommand(argv)
		return
	}
	ms, ok := ParseInt(argv[2])
	switch {
	case !ok:
		c.WriteError("ERR timeout is not an integer or out of range")
	case ms < 0:
		c.WriteError("ERR timeout is negative")
	case ms > math.MaxInt64-c.srv.Mstime():
		c.WriteError("ERR timeout is out of range")
	default:
		const longest = math.MaxInt64 / 2 / int64(time.Millisecond)
		c.srv.Pause(kind, time.Duration(min(ms, longest))*time.Millisecond)
		c.WriteOK()
	}
}

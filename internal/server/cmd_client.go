package server

import (
	"math"
	"strings"
	"time"
)

func init() {
	handle(map[string]Handler{
		"client|caching":      cmdClientCaching,
		"client|getname":      cmdClientGetname,
		"client|getredir":     cmdClientGetRedir,
		"client|help":         helpHandler(clientHelp),
		"client|id":           cmdClientID,
		"client|info":         cmdClientInfo,
		"client|kill":         cmdClientKill,
		"client|list":         cmdClientList,
		"client|no-evict":     cmdClientNoEvict,
		"client|no-touch":     cmdClientNoTouch,
		"client|pause":        cmdClientPause,
		"client|reply":        cmdClientReply,
		"client|setinfo":      cmdClientSetinfo,
		"client|setname":      cmdClientSetname,
		"client|tracking":     cmdClientTracking,
		"client|trackinginfo": cmdClientTrackingInfo,
		"client|unblock":      cmdClientUnblock,
		"client|unpause":      cmdClientUnpause,
	})
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

// cmdClientID is CLIENT ID.
func cmdClientID(c *Client, _ [][]byte) { c.WriteInt(int64(c.ID)) }

// cmdClientInfo is CLIENT INFO.
func cmdClientInfo(c *Client, _ [][]byte) { c.WriteVerbatim("txt", []byte(c.Info()+"\n")) }

// cmdClientUnpause is CLIENT UNPAUSE.
func cmdClientUnpause(c *Client, _ [][]byte) {
	c.srv.Unpause()
	c.WriteOK()
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

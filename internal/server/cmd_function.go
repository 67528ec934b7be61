package server

import (
	"time"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
)

func init() {
	handle(map[string]Handler{
		"function|load":    cmdFunctionLoad,
		"function|delete":  cmdFunctionDelete,
		"function|flush":   cmdFunctionFlush,
		"function|dump":    cmdFunctionDump,
		"function|restore": cmdFunctionRestore,
		"function|list":    cmdFunctionList,
		"function|stats":   cmdFunctionStats,
		"function|kill":    func(c *Client, _ [][]byte) { c.killScript(false) },
		"function|help":    helpHandler(functionHelp),
	})
}

// loadLimit is how long a library that the client sends may run.
func (c *Client) loadLimit() time.Duration {
	if c.mustObey() {
		return loadTimeFile
	}
	return loadTime
}

// cmdFunctionLoad is FUNCTION LOAD [REPLACE] code.
func cmdFunctionLoad(c *Client, argv [][]byte) {
	replace := false
	for _, arg := range argv[2 : len(argv)-1] {
		if !equalFold(arg, "replace") {
			c.WriteError("ERR Unknown option given: " + cString(arg))
			return
		}
		replace = true
	}
	s := c.srv
	name, text := s.loadLibrary(s.scripts.libraries, argv[len(argv)-1], replace, c.loadLimit())
	if text != "" {
		c.WriteError(text)
		return
	}
	s.Dirty++
	c.WriteBulkString(name)
}

// cmdFunctionDelete is FUNCTION DELETE library.
func cmdFunctionDelete(c *Client, argv [][]byte) {
	set := c.srv.scripts.libraries
	lib := set.names[string(argv[2])]
	if lib == nil {
		c.WriteError("ERR Library not found")
		return
	}
	set.unlink(lib)
	c.srv.Dirty++
	c.WriteOK()
}

// cmdFunctionFlush is FUNCTION FLUSH [ASYNC|SYNC].
func cmdFunctionFlush(c *Client, argv [][]byte) {
	switch {
	case len(argv) > 3:
		c.wrongSubcommand(argv)
	case !flushWord(argv):
		c.WriteError("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
	default:
		c.srv.flushLibraries()
		c.srv.Dirty++
		c.WriteOK()
	}
}

// cmdFunctionDump is FUNCTION DUMP.
func cmdFunctionDump(c *Client, _ [][]byte) {
	w := c.srv.newWriter()
	c.srv.writeLibraries(w)
	c.WriteBulk(snapshot.Footer(w.B, w.Version))
}

// cmdFunctionRestore is FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE].
func cmdFunctionRestore(c *Client, argv [][]byte) {
	if len(argv) > 4 {
		c.wrongSubcommand(argv)
		return
	}
	flush, replace := false, false
	if len(argv) == 4 {
		switch policy := argv[3]; {
		case equalFold(policy, "append"):
		case equalFold(policy, "replace"):
			replace = true
		case equalFold(policy, "flush"):
			flush = true
		default:
			c.WriteError("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
			return
		}
	}
	value, err := checkDump(argv[2])
	if err != nil {
		c.WriteError("ERR DUMP payload version or checksum are wrong")
		return
	}
	s := c.srv
	set, text := s.readLibraries(value, c.loadLimit())
	if text == "" && !flush {
		set, text = s.scripts.libraries.join(set, replace)
	}
	if text != "" {
		c.WriteError(text)
		return
	}
	s.scripts.libraries = set
	s.Dirty++
	c.WriteOK()
}

// readLibraries makes the libraries that a dump holds, or replies the text of an error.
func (s *Server) readLibraries(value []byte, limit time.Duration) (set *librarySet, text string) {
	set = newLibrarySet()
	for r := rdb.NewReader(value); !r.Done(); {
		op, err := r.Byte()
		switch {
		case err != nil:
			return nil, "ERR can not read data type"
		case op == rdb.OpFunctionPreGA:
			return nil, "ERR Pre-GA function format not supported"
		case op != rdb.OpFunction2:
			return nil, "ERR given type is not a function"
		}
		code, err := r.String()
		if err != nil {
			return nil, "ERR Failed loading library payload"
		}
		if _, text := s.loadLibrary(set, code, false, limit); text != "" {
			return nil, text
		}
	}
	return set, ""
}

package server

import (
	"time"

	"berth/internal/script"
)

var functionHelp = []string{
	"LOAD [REPLACE] <FUNCTION CODE>",
	"    Create a new library with the given library name and code.",
	"DELETE <LIBRARY NAME>",
	"    Delete the given library.",
	"LIST [LIBRARYNAME PATTERN] [WITHCODE]",
	"    Return general information on all the libraries:",
	"    * Library name",
	"    * The engine used to run the Library",
	"    * Library description",
	"    * Functions list",
	"    * Library code (if WITHCODE is given)",
	"    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
	"STATS",
	"    Return information about the current function running:",
	"    * Function name",
	"    * Command used to run the function",
	"    * Duration in MS that the function is running",
	"    If no function is running, return nil",
	"    In addition, returns a list of available engines.",
	"KILL",
	"    Kill the current running function.",
	"FLUSH [ASYNC|SYNC]",
	"    Delete all the libraries.",
	"    When called without the optional mode argument, the behavior is determined by the",
	"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
	"    * ASYNC: Asynchronously flush the libraries.",
	"    * SYNC: Synchronously flush the libraries.",
	"DUMP",
	"    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
	"RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
	"    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
	"    control how to handle existing libraries (default APPEND):",
	"    * FLUSH: delete all existing libraries.",
	"    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
	"    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
	"      libraries with the new libraries (notice that even on this option there is a chance of failure",
	"      in case of functions name collision with another library).",
}

// engineName is what the one engine of libraries is called.
const engineName = "LUA"

// cmdFunctionList is FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE].
func cmdFunctionList(c *Client, argv [][]byte) {
	withCode := false
	var pattern []byte
	for i := 2; i < len(argv); i++ {
		switch arg := argv[i]; {
		case !withCode && equalFold(arg, "withcode"):
			withCode = true
		case pattern == nil && equalFold(arg, "libraryname"):
			if i++; i == len(argv) {
				c.WriteError("ERR library name argument was not given")
				return
			}
			pattern = argv[i]
		default:
			c.WriteError("ERR Unknown argument " + cString(arg))
			return
		}
	}
	d, n := c.Defer(), 0
	for _, lib := range c.srv.scripts.libraries.list {
		if pattern == nil || Match(pattern, []byte(lib.Name), true) {
			c.writeLibrary(lib, withCode)
			n++
		}
	}
	c.SetArray(d, n)
}

// writeLibrary replies what is known of a library.
func (c *Client) writeLibrary(lib *script.Library, withCode bool) {
	n := 3
	if withCode {
		n++
	}
	c.WriteMap(n)
	c.WriteBulkString("library_name")
	c.WriteBulkString(lib.Name)
	c.WriteBulkString("engine")
	c.WriteBulkString(engineName)
	c.WriteBulkString("functions")
	c.WriteArray(len(lib.Functions))
	for _, fn := range lib.Functions {
		c.WriteMap(3)
		c.WriteBulkString("name")
		c.WriteBulkString(fn.Name)
		c.WriteBulkString("description")
		if fn.HasDescription {
			c.WriteBulkString(fn.Description)
		} else {
			c.WriteNull()
		}
		c.WriteBulkString("flags")
		names := fn.Flags.Names()
		c.WriteSet(len(names))
		for _, name := range names {
			c.WriteStatus(name)
		}
	}
	if withCode {
		c.WriteBulkString("library_code")
		c.WriteBulk(lib.Code)
	}
}

// cmdFunctionStats is FUNCTION STATS.
func cmdFunctionStats(c *Client, _ [][]byte) {
	s := c.srv
	r := s.scripts.run
	if r != nil && r.eval {
		c.WriteError("BUSY " + busyEval)
		return
	}
	c.WriteMap(2)
	c.WriteBulkString("running_script")
	if r == nil {
		c.WriteNull()
	} else {
		c.WriteMap(3)
		c.WriteBulkString("name")
		c.WriteBulkString(r.name)
		c.WriteBulkString("command")
		c.WriteArray(len(r.caller.argv))
		for _, arg := range r.caller.argv {
			c.WriteBulk(arg)
		}
		c.WriteBulkString("duration_ms")
		c.WriteInt((nanotime() - r.began) / int64(time.Millisecond))
	}
	c.WriteBulkString("engines")
	c.WriteMap(1)
	c.WriteBulkString(engineName)
	c.WriteMap(2)
	c.WriteBulkString("libraries_count")
	c.WriteInt(int64(len(s.scripts.libraries.list)))
	c.WriteBulkString("functions_count")
	c.WriteInt(int64(len(s.scripts.libraries.functions)))
}

package server

import (
	"crypto/sha1"
	"encoding/hex"

	"berth/internal/script"
)

// Scripts are Lua. What EVAL is given and the functions of libraries know nothing of each
// other. One script runs at a time.

// scriptState is what the server knows of scripts.
type scriptState struct {
	host scriptHost
	// cache has the scripts by the SHA1 of their text, in hexadecimal digits.
	cache map[string]*script.Script
	// bytes is about what they take.
	bytes int64
	// libraries are what FUNCTION LOAD has loaded.
	libraries *librarySet
	// run is the script that runs, nil for none; it is then one, the memory of all.
	run *scriptRun
	one scriptRun
	// allowAll lets scripts call what they must not: for tests, by DEBUG.
	allowAll bool
}

// scriptHost is what the engine asks of the server.
type scriptHost struct {
	s *Server
	// lua is the engine, made when the first script comes.
	lua *script.Engine
	// client runs the commands of scripts.
	client *Client
	// loading is what of a library's body is running, nil for nothing.
	loading *libraryLoad
}

// initScripts prepares what there is before the first script.
func (s *Server) initScripts() {
	st := &s.scripts
	st.host.s = s
	st.cache = make(map[string]*script.Script)
	st.libraries = newLibrarySet()
}

// engine is the engine.
func (h *scriptHost) engine() *script.Engine {
	if h.lua == nil {
		h.lua = script.New(h, RedisVersion)
		h.client = h.s.NewFakeClient(FakeOptions{Flags: scriptFlagsOfClient})
		h.client.ID = h.s.newID()
	}
	return h.lua
}

// scriptName is the SHA1 of a script's text in hexadecimal digits.
type scriptName [2 * sha1.Size]byte

// scriptNameOf is the name of a script with this text.
func scriptNameOf(body []byte) (name scriptName) {
	sum := sha1.Sum(body)
	hex.Encode(name[:], sum[:])
	return name
}

// readName reads the name of a script in any case; false for what is none.
func readName(b []byte) (name scriptName, ok bool) {
	if len(b) != len(name) {
		return name, false
	}
	lower(name[:0], b)
	return name, true
}

// compile gives the script with a text, from the cache if it is there. The error is a
// reply's text.
func (s *Server) compile(body []byte) (*script.Script, error) {
	name := scriptNameOf(body)
	if known := s.scripts.cache[string(name[:])]; known != nil {
		return known, nil
	}
	sc, err := s.scripts.host.engine().Compile(body)
	if err != nil {
		return nil, err
	}
	s.scripts.cache[string(name[:])] = sc
	s.scripts.bytes += int64(scriptCost + len(body) + sc.Size())
	return sc, nil
}

// flushScripts forgets all scripts, and what they left in the engine, unless a module
// asks for it inside of one.
func (s *Server) flushScripts() {
	st := &s.scripts
	if st.host.lua != nil && st.run == nil {
		st.host.lua.ResetScripts()
	}
	clear(st.cache)
	st.bytes = 0
}

// Flags that a script's own flags decide on.
const byScript = Write | DenyOOM | Stale | MayReplicate

// runsScript reports whether the command is EVAL, FCALL or the like.
func (cmd *Command) runsScript() bool {
	return cmd.ACL&CatScripting != 0 && cmd.Owner == nil && cmd.Parent == nil && cmd.Handler != nil
}

// flagsOf are the flags of a command as it is called: those of one that runs a script
// are what the script says of itself.
func (s *Server) flagsOf(cmd *Command, argv [][]byte) Flag {
	if !cmd.runsScript() {
		return cmd.Flags
	}
	var declared script.Flags
	switch cmd.Name {
	case "eval", "eval_ro":
		flags, compat, _, err := script.ScriptFlags(argv[1])
		if compat || err != nil { // who runs it is told
			return cmd.Flags
		}
		declared = flags
	case "evalsha", "evalsha_ro":
		name, ok := readName(argv[1])
		sc := s.scripts.cache[string(name[:])]
		if !ok || sc == nil || sc.Compat {
			return cmd.Flags
		}
		declared = sc.Flags
	default:
		fn := s.scripts.libraries.function(argv[1])
		if fn == nil {
			return cmd.Flags
		}
		declared = fn.Flags
	}
	flags := cmd.Flags &^ byScript
	if declared&(script.AllowOOM|script.NoWrites) == 0 {
		flags |= DenyOOM
	}
	if declared&script.NoWrites == 0 {
		flags |= Write
	}
	if declared&script.AllowStale != 0 {
		flags |= Stale
	}
	return flags
}

// ScriptRunning reports whether a script runs, or something that one has called.
func (s *Server) ScriptRunning() bool { return s.scripts.run != nil }

// Sizes of what is kept of each script beside its text and its compiled code, roughly, in bytes.
const (
	scriptCost   = 160
	libraryCost  = 256
	functionCost = 192
)

// scriptMemory is about what the cache of scripts takes, and the libraries, in bytes;
// the engine does not count.
func (s *Server) scriptMemory() (scripts, libraries int64) {
	return s.scripts.bytes, s.scripts.libraries.bytes
}

package script

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// Positions in compiled code hold the line and the index of the instruction: the interpreter tells an error's place only through
// them, and the index is what the names in its text are found by.
const lineBits = 32

func lineOf(pos int) int { return pos & (1<<lineBits - 1) }

func pcOf(pos int) int { return pos >> lineBits }

// errSyntax is wrapped by errors of compile; their text is Lua's.
var errSyntax = errors.New("script: syntax")

// compile makes code of a source. name is Lua's chunk name: "@file", "=text", or the source itself.
func compile(source, name string) (proto *lua.FunctionProto, err error) {
	defer func() {
		// The compiler checks its own limits by panics of several kinds.
		if r := recover(); r != nil {
			proto, err = nil, &textError{fmt.Sprintf("%s: %v", chunkID(name), r), errSyntax}
		}
	}()
	stmts, err := parse.Parse(strings.NewReader(source), chunkID(name))
	if err != nil {
		return nil, &textError{err.Error(), errSyntax}
	}
	proto, err = lua.Compile(stmts, chunkID(name))
	if err != nil {
		return nil, &textError{err.Error(), errSyntax}
	}
	// A chunk takes "...", but as in Lua no table "arg": one less to make for every run.
	proto.IsVarArg &^= lua.VarArgNeedsArg
	mark(proto)
	return proto, nil
}

// mark gives each instruction its position.
func mark(proto *lua.FunctionProto) {
	for pc, line := range proto.DbgSourcePositions {
		proto.DbgSourcePositions[pc] = line | pc<<lineBits
	}
	for _, inner := range proto.FunctionPrototypes {
		mark(inner)
	}
}

// chunkSize is how long a chunk's name may be in errors (LUA_IDSIZE with its end).
const chunkSize = 60

// chunkID is a chunk's name as errors show it.
func chunkID(name string) string {
	switch {
	case strings.HasPrefix(name, "="):
		return name[1:min(len(name), chunkSize)]
	case strings.HasPrefix(name, "@"):
		name = name[1:]
		if keep := chunkSize - len(" '...' ") - 1; len(name) > keep {
			name = "..." + name[len(name)-keep:]
		}
		return name
	}
	line, more := name, false
	if at := strings.IndexAny(line, "\n\r"); at >= 0 {
		line, more = line[:at], true
	}
	if keep := chunkSize - len(" [string \"...\"] ") - 1; len(line) > keep {
		line, more = line[:keep], true
	}
	if more {
		line += "..."
	}
	return `[string "` + line + `"]`
}

// sourceOf is the chunk's name behind chunkID: exact unless that was cut.
func sourceOf(id string) string {
	if text, ok := strings.CutPrefix(id, `[string "`); ok {
		return strings.TrimSuffix(text, `"]`)
	}
	return "@" + id
}

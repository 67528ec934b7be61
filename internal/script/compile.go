package script

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Positions in compiled code hold a site and the index of the instruction. The interpreter tells an error's place only through what
// it takes for a line, and the site is what the line and the names in the error's text are found by.
const siteBits = 32

func siteOf(proto *lua.FunctionProto, pos int) site {
	i := pos & (1<<siteBits - 1)
	if i >= len(proto.DbgLocals) {
		return site{}
	}
	a, b := decodeNames(proto.DbgLocals[i].Name)
	return site{proto.DbgLocals[i].StartPc, a, b}
}

func lineOf(proto *lua.FunctionProto, pos int) int {
	if i := pos & (1<<siteBits - 1); i < len(proto.DbgLocals) {
		return proto.DbgLocals[i].StartPc
	}
	return 0
}

func pcOf(pos int) int { return pos >> siteBits }

func encodeNames(a, b name) string {
	if a == b && a == (name{}) {
		return ""
	}
	return a.kind + "\x00" + a.text + "\x00" + b.kind + "\x00" + b.text
}

func decodeNames(text string) (a, b name) {
	parts := strings.Split(text, "\x00")
	if len(parts) != 4 {
		return a, b
	}
	return name{parts[0], parts[1]}, name{parts[2], parts[3]}
}

// errSyntax is wrapped by errors of compile; their text is Lua's.
var errSyntax = errors.New("script: syntax")

// compile makes code of a source. id is the chunk's name as chunkID gives it.
func compile(source, id string) (proto *lua.FunctionProto, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case syntaxError:
			proto, err = nil, &textError{r.text, errSyntax}
		default:
			// The interpreter's compiler has limits that it notices by failing.
			proto, err = nil, &textError{id + ":1: function or expression too complex", errSyntax}
		}
	}()
	stmts, sites, ops := parse(source, id)
	return compiled(stmts, sites, ops, id)
}

// maxJump is how far a jump instruction reaches.
const maxJump = 1<<17 - 1

// finish gives each instruction its position, and refuses code that its jumps do not reach across.
func finish(proto *lua.FunctionProto, table []*lua.DbgLocalInfo) error {
	proto.DbgLocals = table
	for pc, at := range proto.DbgSourcePositions {
		proto.DbgSourcePositions[pc] = at | pc<<siteBits
	}
	for pc := 0; pc < len(proto.Code); pc++ {
		inst := proto.Code[pc]
		switch int(inst >> 26) {
		case lua.OP_JMP, lua.OP_FORPREP, lua.OP_FORLOOP:
			if len(proto.Code) > maxJump {
				return errors.New("control structure too long")
			}
		case lua.OP_CLOSURE:
			pc += int(proto.FunctionPrototypes[inst&(1<<18-1)].NumUpvalues)
		}
	}
	for _, inner := range proto.FunctionPrototypes {
		if err := finish(inner, table); err != nil {
			return err
		}
	}
	return nil
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

// sourceOf is the chunk's name behind what chunkID made of it: exact unless that was cut. Names that were given with = lose it.
func sourceOf(id string) string {
	if text, ok := strings.CutPrefix(id, `[string "`); ok {
		return strings.TrimSuffix(text, `"]`)
	}
	return "@" + id
}

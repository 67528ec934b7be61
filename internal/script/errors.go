package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// translate makes Lua's text of an error that the interpreter raised itself.
func (s *state) translate(L *lua.LState, text string) string {
	fn, pos, ok := frame(L, 0)
	place := ""
	if ok && !fn.IsG {
		place = fn.Proto.SourceName + ":" + strconv.Itoa(lineOf(pos)) + ": "
	}
	return place + s.explain(L, withoutPlace(L, text))
}

// withoutPlace takes the interpreter's own "chunk:position: " off.
func withoutPlace(L *lua.LState, text string) string {
	for level := 0; ; level++ {
		fn, pos, ok := frame(L, level)
		if !ok {
			return strings.TrimPrefix(text, " ")
		}
		if !fn.IsG {
			return strings.TrimPrefix(text, fn.Proto.SourceName+":"+strconv.Itoa(pos)+": ")
		}
	}
}

func (s *state) explain(L *lua.LState, text string) string { return text }

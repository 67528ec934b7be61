package script

import (
	lua "github.com/yuin/gopher-lua"
)

// Instructions that this package looks at.
const (
	opCall     = lua.OP_CALL
	opTailCall = lua.OP_TAILCALL
)

// calledAs is the name by which the running library function was called, and whether as a method.
func (s *state) calledAs(L *lua.LState) (text string, method bool) {
	at := s.callSite(L)
	if at.a.text == "" {
		return "?", false
	}
	return at.a.text, at.a.kind == "method"
}

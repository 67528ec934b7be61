package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// translate makes Lua's text of an error that the interpreter raised itself.
func (s *state) translate(L *lua.LState, text string) string {
	fn, pos, ok := frame(L, 0)
	if !ok {
		return strings.TrimPrefix(text, " ")
	}
	if fn.IsG {
		return explain(L, site{}, 0, withoutPlace(L, text))
	}
	at := siteOf(fn.Proto, pos)
	text = explain(L, at, fn.Proto.Code[pcOf(pos)], withoutPlace(L, text))
	return fn.Proto.SourceName + ":" + strconv.Itoa(at.line) + ": " + text
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

// sameText are errors that need no more than other words.
var sameText = map[string]string{
	"for statement init must be a number":       "'for' initial value must be a number",
	"for statement limit must be a number":      "'for' limit must be a number",
	"for statement step must be a number":       "'for' step must be a number",
	"too many recursions in gettable":           "loop in gettable",
	"too many recursions in settable":           "loop in settable",
	"registry overflow":                         "stack overflow",
	"can not yield from outside of a coroutine": "attempt to yield across metamethod/C-call boundary",
	"attempt to call a non-function object":     "",
	"__unm undefined":                           "",
}

// explain words an error as Lua does. inst is the instruction that failed and at its place; both are zero in library functions.
func explain(L *lua.LState, at site, inst uint32, text string) string {
	if other := sameText[text]; other != "" {
		return other
	}
	register := func(i uint32) lua.LValue { return L.Get(int(i) + 1) }
	a := inst >> 18 & 0xff
	switch {
	case text == "attempt to call a non-function object":
		if inst == 0 {
			return text
		}
		v := register(a)
		if int(inst>>26) == lua.OP_TFORLOOP {
			at.a = name{}
		}
		return "attempt to call " + describe(at.a, v)
	case text == "__unm undefined":
		return "attempt to perform arithmetic on " + describe(at.a, operand(L, inst&0x1ff))
	case strings.HasPrefix(text, "cannot perform "):
		lhs, rhs := operand(L, inst&0x1ff), operand(L, inst>>9&0x1ff)
		if _, ok := toNumber(lhs); ok {
			return "attempt to perform arithmetic on " + describe(at.b, rhs)
		}
		return "attempt to perform arithmetic on " + describe(at.a, lhs)
	}
	if rest, ok := strings.CutPrefix(text, "attempt to index a non-table object("); ok {
		kind, _, _ := strings.Cut(rest, ")")
		what := at.a
		if int(inst>>26) == lua.OP_SELF {
			what = at.b
		}
		if what.kind == "" || strings.HasSuffix(what.kind, concatKind) {
			return "attempt to index a " + kind + " value"
		}
		return "attempt to index " + what.kind + " '" + what.text + "' (a " + kind + " value)"
	}
	if rest, ok := strings.CutPrefix(text, "attempt to compare "); ok {
		// Lua takes types for the same whose names have the same third letter.
		if x, y, ok := strings.Cut(rest, " with "); ok && len(x) > 2 && len(y) > 2 && x[2] == y[2] {
			return "attempt to compare two " + x + " values"
		}
	}
	return text
}

// operand is a register or constant of the running function.
func operand(L *lua.LState, rk uint32) lua.LValue {
	const constant = 1 << 8
	if rk&constant == 0 {
		return L.Get(int(rk) + 1)
	}
	fn, _, ok := frame(L, 0)
	if i := int(rk &^ constant); ok && !fn.IsG && i < len(fn.Proto.Constants) {
		return fn.Proto.Constants[i]
	}
	return lua.LNil
}

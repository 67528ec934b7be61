package script

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// typeName is the name of a value's type as errors have it; absent ones are "no value".
func typeName(L *lua.LState, n int) string {
	if n > L.GetTop() {
		return "no value"
	}
	return L.Get(n).Type().String()
}

// argError raises that argument n of the running library function is no good.
func (s *state) argError(L *lua.LState, n int, text string) {
	name, method := s.calledAs(L)
	if method {
		if n--; n == 0 {
			s.fail(L, "calling '"+name+"' on bad self ("+text+")")
		}
	}
	s.fail(L, "bad argument #"+strconv.Itoa(n)+" to '"+name+"' ("+text+")")
}

func (s *state) typeError(L *lua.LState, n int, want string) {
	s.argError(L, n, want+" expected, got "+typeName(L, n))
}

func (s *state) checkAny(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		s.argError(L, n, "value expected")
	}
	return L.Get(n)
}

// checkTable is a table argument for reading.
func (s *state) checkTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		s.typeError(L, n, "table")
	}
	return s.behind(t)
}

// checkOwnTable is a table argument that is going to be changed.
func (s *state) checkOwnTable(L *lua.LState, n int) *lua.LTable {
	t, ok := L.Get(n).(*lua.LTable)
	if !ok {
		s.typeError(L, n, "table")
	}
	s.writable(L, t)
	return t
}

// writable raises unless scripts may change t.
func (s *state) writable(L *lua.LState, t *lua.LTable) {
	if s.shielded(t) {
		s.raise(L, lua.LString(errReadOnly))
	}
}

func (s *state) checkFunction(L *lua.LState, n int) *lua.LFunction {
	fn, ok := L.Get(n).(*lua.LFunction)
	if !ok {
		s.typeError(L, n, "function")
	}
	return fn
}

func (s *state) checkNumber(L *lua.LState, n int) float64 {
	v := L.Get(n)
	if f, ok := v.(lua.LNumber); ok {
		return float64(f)
	}
	f, ok := toNumber(v)
	if !ok {
		s.typeError(L, n, "number")
	}
	return f
}

// checkInt is luaL_checkint: a C int.
func (s *state) checkInt(L *lua.LState, n int) int { return toInt(s.checkNumber(L, n)) }

// checkInt64 is luaL_checkinteger.
func (s *state) checkInt64(L *lua.LState, n int) int64 { return toInt64(s.checkNumber(L, n)) }

func (s *state) optInt64(L *lua.LState, n int, otherwise int64) int64 {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return s.checkInt64(L, n)
}

func (s *state) optInt(L *lua.LState, n, otherwise int) int {
	return int(int32(s.optInt64(L, n, int64(otherwise))))
}

func (s *state) checkString(L *lua.LState, n int) string {
	v := L.Get(n)
	if text, ok := v.(lua.LString); ok {
		return string(text)
	}
	text, ok := toString(v)
	if !ok {
		s.typeError(L, n, "string")
	}
	return text
}

func (s *state) optString(L *lua.LState, n int, otherwise string) string {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return s.checkString(L, n)
}

// functions makes a table's library functions.
func (s *state) functions(t *lua.LTable, fns map[string]func(*state, *lua.LState) int) {
	for name, fn := range fns {
		t.RawSetString(name, s.function(fn))
	}
}

func (s *state) function(fn func(*state, *lua.LState) int) *lua.LFunction {
	return s.L.NewFunction(func(L *lua.LState) int { return fn(s, L) })
}

package script

import (
	lua "github.com/yuin/gopher-lua"
)

var tableFunctions = map[string]func(*state, *lua.LState) int{
	"concat":  tableConcat,
	"foreach": tableForeach, "foreachi": tableForeachI,
	"getn":   tableGetN,
	"insert": tableInsert,
	"maxn":   tableMaxN,
	"remove": tableRemove,
	"setn":   tableSetN,
	"sort":   tableSort,
}

func tableConcat(s *state, L *lua.LState) int {
	sep := s.optString(L, 2, "")
	t := s.checkTable(L, 1)
	from := s.optInt(L, 3, 1)
	to := s.optInt(L, 4, 0)
	if L.Get(4) == lua.LNil {
		to = s.length(t)
	}
	size := 0
	for i := from; i <= to; i++ {
		text, ok := toString(t.RawGet(lua.LNumber(i)))
		if !ok {
			s.failf(L, "invalid value (%s) at index %d in table for 'concat'", t.RawGet(lua.LNumber(i)).Type(), i)
		}
		if size += len(text); i != to {
			size += len(sep)
		}
		if size > maxText {
			s.tooLong(L)
		}
	}
	s.allocate(L, size)
	b := make([]byte, 0, size)
	for i := from; i <= to; i++ {
		text, _ := toString(t.RawGet(lua.LNumber(i)))
		b = append(b, text...)
		if i != to {
			b = append(b, sep...)
		}
	}
	L.Push(textOf(b))
	return 1
}

func tableForeach(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	fn := s.checkFunction(L, 2)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if r := s.call1(L, fn, k, v); r != lua.LNil {
			L.Push(r)
			return 1
		}
	}
	return 0
}

func tableForeachI(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	fn := s.checkFunction(L, 2)
	for i, n := 1, s.length(t); i <= n; i++ {
		if r := s.call1(L, fn, lua.LNumber(i), t.RawGet(lua.LNumber(i))); r != lua.LNil {
			L.Push(r)
			return 1
		}
	}
	return 0
}

func tableGetN(s *state, L *lua.LState) int {
	L.Push(lua.LNumber(s.length(s.checkTable(L, 1))))
	return 1
}

func tableSetN(s *state, L *lua.LState) int {
	s.checkTable(L, 1)
	s.fail(L, "'setn' is obsolete")
	return 0
}

func tableMaxN(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	highest := 0.0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		if f, ok := k.(lua.LNumber); ok && float64(f) > highest {
			highest = float64(f)
		}
	}
	L.Push(lua.LNumber(highest))
	return 1
}

func tableInsert(s *state, L *lua.LState) int {
	e := s.length(s.checkTable(L, 1)) + 1
	switch L.GetTop() {
	case 2:
		t := s.checkOwnTable(L, 1)
		t.RawSet(lua.LNumber(e), L.Get(2))
	case 3:
		pos := s.checkInt(L, 2)
		if pos > e {
			e = pos
		}
		t := s.checkOwnTable(L, 1)
		for i := e; i > pos; i-- {
			s.worked(L)
			t.RawSet(lua.LNumber(i), t.RawGet(lua.LNumber(i-1)))
		}
		t.RawSet(lua.LNumber(pos), L.Get(3))
	default:
		s.fail(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

func tableRemove(s *state, L *lua.LState) int {
	e := s.length(s.checkTable(L, 1))
	pos := s.optInt(L, 2, e)
	if pos < 1 || pos > e {
		return 0
	}
	t := s.checkOwnTable(L, 1)
	L.Push(t.RawGet(lua.LNumber(pos)))
	for ; pos < e; pos++ {
		s.worked(L)
		t.RawSet(lua.LNumber(pos), t.RawGet(lua.LNumber(pos+1)))
	}
	t.RawSet(lua.LNumber(e), lua.LNil)
	return 1
}

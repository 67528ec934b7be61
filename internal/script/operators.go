package script

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// instance makes a function of compiled code, and gives it the operators it asks for.
func (s *state) instance(L *lua.LState, proto *lua.FunctionProto) *lua.LFunction {
	fn := L.NewFunctionFromProto(proto)
	for i := range fn.Upvalues {
		fn.Upvalues[i] = &lua.Upvalue{}
		fn.Upvalues[i].Close()
		fn.Upvalues[i].SetValue(s.operators[i])
	}
	return fn
}

// operate is the function behind .. (two operands or more) and # (one); behind false it joins tables.
func operate(s *state, L *lua.LState) int {
	n := L.GetTop()
	if n == 1 {
		L.Push(s.lengthOf(L, L.Get(1)))
		return 1
	}
	if L.Get(1) == lua.LFalse {
		if t, ok := s.join(L, n); ok {
			L.Push(t)
			return 1
		}
	}
	size := 0
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += len("-1.2345678901234e+308")
		default:
			return s.concatSlow(L, n)
		}
	}
	s.allocate(L, size)
	var b strings.Builder
	b.Grow(size)
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.WriteString(formatNumber(float64(v)))
		}
	}
	L.Push(lua.LString(b.String()))
	return 1
}

// remainder is the function behind %.
func remainder(s *state, L *lua.LState) int {
	x, xok := L.Get(1).(lua.LNumber)
	y, yok := L.Get(2).(lua.LNumber)
	if xok && yok {
		L.Push(modulo(x, y))
	} else {
		L.Push(s.remainderSlow(L, L.Get(1), L.Get(2)))
	}
	return 1
}

func (s *state) remainderSlow(L *lua.LState, a, b lua.LValue) lua.LValue {
	f, fok := toNumber(a)
	g, gok := toNumber(b)
	if fok && gok {
		return modulo(lua.LNumber(f), lua.LNumber(g))
	}
	fn := s.metaField(L, a, "__mod")
	if fn == lua.LNil {
		fn = s.metaField(L, b, "__mod")
	}
	if fn == lua.LNil {
		at := s.callSite(L)
		if fok {
			s.fail(L, "attempt to perform arithmetic on "+describe(at.b, b))
		}
		s.fail(L, "attempt to perform arithmetic on "+describe(at.a, a))
	}
	return s.call1(L, fn, a, b)
}

func modulo(x, y lua.LNumber) lua.LNumber {
	return x - lua.LNumber(math.Floor(float64(x/y)))*y
}

// join appends the items of tables to the first one. Their constructors were one in the source.
func (s *state) join(L *lua.LState, n int) (*lua.LTable, bool) {
	all, ok := L.Get(2).(*lua.LTable)
	if !ok || s.callSite(L).a.kind != "" {
		return nil, false
	}
	at := maxItems
	for i := 3; i <= n; i++ {
		part, ok := L.Get(i).(*lua.LTable)
		if !ok {
			return nil, false
		}
		for k := 1; k <= part.MaxN(); k++ {
			all.RawSet(lua.LNumber(at+k), part.RawGet(lua.LNumber(k)))
		}
		at += maxItems
	}
	return all, true
}

// concatSlow concatenates from the right, where an operand is neither text nor number.
func (s *state) concatSlow(L *lua.LState, n int) int {
	right := L.Get(n)
	for i := n - 1; i >= 1; i-- {
		left := L.Get(i)
		a, aok := toString(left)
		b, bok := toString(right)
		if aok && bok {
			s.allocate(L, len(a)+len(b))
			right = lua.LString(a + b)
			continue
		}
		fn := s.metaField(L, left, "__concat")
		if fn == lua.LNil {
			fn = s.metaField(L, right, "__concat")
		}
		if fn == lua.LNil {
			at := i
			if aok {
				left, at = right, i+1
			}
			names := strings.Split(s.callSite(L).a.text, "\x02")
			what := name{}
			// What was concatenated already has no name.
			if at <= len(names) && (at < n || i == n-1) {
				kind, text, _ := strings.Cut(names[at-1], "\x01")
				what = name{kind, text}
			}
			s.fail(L, "attempt to concatenate "+describe(what, left))
		}
		right = s.call1(L, fn, left, right)
	}
	L.Push(right)
	return 1
}

// lengthOf is #v: tables are not asked for __len in Lua 5.1.
func (s *state) lengthOf(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case lua.LString:
		return lua.LNumber(len(v))
	case *lua.LTable:
		return lua.LNumber(s.length(s.behind(v)))
	}
	fn := s.metaField(L, v, "__len")
	if fn == lua.LNil {
		s.fail(L, "attempt to get length of "+describe(s.callSite(L).a, v))
	}
	return s.call1(L, fn, v)
}

// callSite is where the running library function was called.
func (s *state) callSite(L *lua.LState) site {
	fn, pos, ok := frame(L, 1)
	if !ok || fn.IsG {
		return site{}
	}
	return siteOf(fn.Proto, pos)
}

// describe is a value as errors about operands have it.
func describe(what name, v lua.LValue) string {
	text := "a " + v.Type().String() + " value"
	if what.kind == "" || strings.HasSuffix(what.kind, concatKind) {
		return text
	}
	return what.kind + " '" + what.text + "' (" + text + ")"
}

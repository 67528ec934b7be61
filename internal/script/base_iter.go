package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func baseNext(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	key, value := t.Next(L.Get(2))
	L.Push(key)
	if key == lua.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

func basePairs(s *state, L *lua.LState) int {
	s.checkTable(L, 1)
	t := L.Get(1)
	L.Push(s.iterNext)
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

func baseIpairs(s *state, L *lua.LState) int {
	s.checkTable(L, 1)
	t := L.Get(1)
	L.Push(s.iterArray)
	L.Push(t)
	L.Push(lua.LNumber(0))
	return 3
}

func ipairsNext(s *state, L *lua.LState) int {
	i := s.checkInt(L, 2) + 1
	v := s.checkTable(L, 1).RawGet(lua.LNumber(i))
	if v == lua.LNil {
		return 0
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

// maxResults is how many values Lua's C functions may return (LUAI_MAXCSTACK).
const maxResults = 8000

func baseUnpack(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	from := s.optInt(L, 2, 1)
	to := 0
	if L.Get(3) == lua.LNil {
		to = s.length(t)
	} else {
		to = s.checkInt(L, 3)
	}
	if from > to {
		return 0
	}
	n := to - from + 1
	if n > maxResults-L.GetTop() {
		s.fail(L, "too many results to unpack")
	}
	for i := from; i <= to; i++ {
		L.Push(t.RawGet(lua.LNumber(i)))
	}
	return n
}

// length is the length of a table: a border, found as Lua does where the array part ends.
func (s *state) length(t *lua.LTable) int {
	n := t.Len()
	has := func(i int) bool { return t.RawGet(lua.LNumber(i)) != lua.LNil }
	if n < maxArray-1 {
		if n < 3 || has(1) && has(n/2) && has(n-1) {
			return n
		}
		return sparseLength(t, n)
	}
	low, high := n, 2*n
	for has(high) {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if middle := (low + high) / 2; has(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// sparseLength is the length of a table with holes below n: Lua keeps what is less than half full as fields, where # does not see it.
func sparseLength(t *lua.LTable, n int) int {
	first, filled := n, 0
	for i := n; i >= 1; i-- {
		if t.RawGet(lua.LNumber(i)) == lua.LNil {
			first = i - 1
		} else {
			filled++
		}
	}
	if 2*filled > n {
		return n
	}
	return first
}

// call1 calls a function from a library function and returns its one result.
func (s *state) call1(L *lua.LState, fn lua.LValue, args ...lua.LValue) lua.LValue {
	if !s.callable(L, fn) {
		s.raise(L, lua.LString("attempt to call a "+fn.Type().String()+" value"))
	}
	s.enter(L)
	L.Push(fn)
	for _, arg := range args {
		L.Push(arg)
	}
	L.Call(len(args), 1)
	s.leave()
	v := L.Get(-1)
	L.Pop(1)
	return v
}

// maxNested is how deep library functions may call back into scripts (LUAI_MAXCCALLS): each such call is on the Go stack, and a
// Go stack that overflows ends the process.
const maxNested = 200

func (s *state) enter(L *lua.LState) {
	if s.nested >= maxNested {
		s.raise(L, lua.LString("C stack overflow"))
	}
	s.nested++
}

func (s *state) leave() { s.nested-- }

func basePcall(s *state, L *lua.LState) int {
	s.checkAny(L, 1)
	n := L.GetTop()
	args := make([]lua.LValue, 0, 8)
	for i := 2; i <= n; i++ {
		args = append(args, L.Get(i))
	}
	t, fail := s.protected(L, L.Get(1), args)
	L.SetTop(0)
	if fail == nil {
		L.Push(lua.LTrue)
		return 1 + s.moveResults(t, L)
	}
	L.Push(lua.LFalse)
	// Scripts of the time when errors were texts get a text.
	if e, ok := fail.value.(*lua.LTable); ok {
		if text, ok := toString(s.behind(e).RawGetString("err")); ok {
			fail.value = lua.LString(text)
		}
	}
	L.Push(fail.value)
	return 2
}

func baseXpcall(s *state, L *lua.LState) int {
	s.checkAny(L, 2)
	handler := L.Get(2)
	t, fail := s.protected(L, L.Get(1), nil)
	L.SetTop(0)
	if fail == nil {
		L.Push(lua.LTrue)
		return 1 + s.moveResults(t, L)
	}
	value := fail.value
	t, fail = s.protected(L, handler, []lua.LValue{value})
	L.Push(lua.LFalse)
	if fail != nil {
		L.Push(lua.LString("error in error handling"))
		return 2
	}
	return 1 + s.moveResults(t, L)
}

// callable tells whether a value can be called.
func (s *state) callable(L *lua.LState, fn lua.LValue) bool {
	if _, ok := fn.(*lua.LFunction); ok {
		return true
	}
	_, ok := s.metaField(L, fn, "__call").(*lua.LFunction)
	return ok
}

// protected runs fn for pcall and its like. The end of a script passes through it.
func (s *state) protected(L *lua.LState, fn lua.LValue, args []lua.LValue) (*thread, *failure) {
	if s.nested >= maxNested {
		return nil, &failure{value: lua.LString("C stack overflow")}
	}
	if !s.callable(L, fn) {
		return nil, &failure{value: lua.LString("attempt to call a " + fn.Type().String() + " value")}
	}
	nested := s.nested
	s.nested++
	t, fail := s.call(fn, args)
	s.nested = nested
	if fail != nil && s.budget.killed != nil {
		s.tick(L)
	}
	return t, fail
}

// moveResults hands the results of a protected call to L.
func (s *state) moveResults(t *thread, L *lua.LState) int {
	n := t.L.GetTop()
	for i := 1; i <= n; i++ {
		L.Push(t.L.Get(i))
	}
	s.release(t)
	return n
}

func baseLoadString(s *state, L *lua.LState) int {
	source := s.checkString(L, 1)
	return s.load(L, source, s.optString(L, 2, source))
}

func baseLoad(s *state, L *lua.LState) int {
	name := s.optString(L, 2, "=(load)")
	fn := s.checkFunction(L, 1)
	var b strings.Builder
	for {
		part := s.call1(L, fn)
		if part == lua.LNil {
			break
		}
		text, ok := toString(part)
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString("reader function must return a string"))
			return 2
		}
		if text == "" {
			break
		}
		s.allocate(L, b.Len()+len(text))
		b.WriteString(text)
	}
	return s.load(L, b.String(), name)
}

// bytecodeMark is what compiled chunks of C Lua begin with.
const bytecodeMark = "\x1bLua"

func (s *state) load(L *lua.LState, source, name string) int {
	if strings.HasPrefix(source, bytecodeMark[:1]) {
		L.Push(lua.LNil)
		L.Push(lua.LString("attempt to load chunk with wrong mode"))
		return 2
	}
	proto, err := compile(source, chunkID(name))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(s.instance(L, proto))
	return 1
}

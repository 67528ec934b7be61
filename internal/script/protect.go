package script

import (
	"fmt"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// thread is an interpreter thread for a protected call. Each protected call has one of its own: when the interpreter raises an error
// it detaches the captured locals of all functions on the thread's stack, so those outside the protected call must not be on it.
type thread struct {
	L    *lua.LState
	tick ticker
}

// failure is an error that ended a protected call.
type failure struct {
	value  lua.LValue
	source string // of the code that raised it, "" when unknown
	line   string
}

func (f *failure) Error() string { return "script: " + f.value.String() }

func (s *state) acquire() *thread {
	if n := len(s.free); n > 0 {
		t := s.free[n-1]
		s.free = s.free[:n-1]
		return t
	}
	L, _ := s.L.NewThread()
	t := &thread{L: L}
	t.tick = ticker{b: &s.budget, L: L}
	L.SetContext(&t.tick)
	return t
}

// maxFree is how many threads are kept for later calls.
const maxFree = 16

func (s *state) release(t *thread) {
	t.L.SetTop(0)
	t.L.Env = s.env
	if len(s.free) < maxFree {
		s.free = append(s.free, t)
	}
}

// call runs fn protected. Its results are on the thread that it returns, which the caller releases; after a failure there is none.
func (s *state) call(fn lua.LValue, args []lua.LValue) (t *thread, fail *failure) {
	t = s.acquire()
	t.L.Panic = s.raised
	defer func() {
		if r := recover(); r != nil {
			fail = s.failed(t.L, r)
			t = nil // its stack is as the error left it
		}
	}()
	t.L.Push(fn)
	for _, arg := range args {
		t.L.Push(arg)
	}
	t.L.Call(len(args), lua.MultRet)
	return t, nil
}

// failed is what a recovered panic means to the script. A panic of the interpreter itself is an error of the script like any other.
func (s *state) failed(L *lua.LState, r any) *failure {
	s.ours = false
	if s.inCall {
		panic(r) // the host's own, no error of the script
	}
	if err, ok := r.(*lua.ApiError); ok {
		if fail, ok := err.Cause.(*failure); ok {
			return fail
		}
		return &failure{value: err.Object}
	}
	text := fmt.Sprint(r)
	if text == "lua callstack overflow" {
		text = "stack overflow"
	}
	fail := &failure{value: lua.LString(s.position(L, 0) + text)}
	fail.source, fail.line = s.blame(L)
	return fail
}

// raised is every thread's Panic: the error lies on the stack, all frames still stand.
func (s *state) raised(L *lua.LState) {
	value := L.Get(-1)
	if text, ok := value.(lua.LString); ok && !s.ours {
		value = lua.LString(s.translate(L, string(text)))
	}
	s.ours = false
	fail := &failure{value: value}
	fail.source, fail.line = s.blame(L)
	// A coroutine hands on the object, a protected call takes the cause.
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: value, Cause: fail})
}

// raise raises value as it stands.
func (s *state) raise(L *lua.LState, value lua.LValue) {
	s.ours = true
	L.Error(value, 0)
}

// fail raises a text, with the place of the function that called the running library function before it.
func (s *state) fail(L *lua.LState, text string) {
	s.raise(L, lua.LString(s.position(L, 1)+text))
}

func (s *state) failf(L *lua.LState, format string, args ...any) {
	s.fail(L, fmt.Sprintf(format, args...))
}

// frame describes the function at a level of the thread: 0 is the running one.
func frame(L *lua.LState, level int) (fn *lua.LFunction, pos int, ok bool) {
	dbg, ok := L.GetStack(level)
	if !ok {
		return nil, 0, false
	}
	value, err := L.GetInfo("fl", dbg, nil)
	if err != nil {
		return nil, 0, false
	}
	fn, ok = value.(*lua.LFunction)
	return fn, dbg.CurrentLine, ok
}

// position is luaL_where: "chunk:line: " for a Lua function at the level, "" for all else.
func (s *state) position(L *lua.LState, level int) string {
	fn, pos, ok := frame(L, level)
	if !ok || fn.IsG {
		return ""
	}
	return fn.Proto.SourceName + ":" + strconv.Itoa(lineOf(fn.Proto, pos)) + ": "
}

// blame names the code that an error is laid at: the function that raised it, or the caller when that is a library function.
func (s *state) blame(L *lua.LState) (source, line string) {
	fn, pos, ok := frame(L, 0)
	if ok && fn.IsG {
		fn, pos, ok = frame(L, 1)
	}
	switch {
	case !ok:
		return "", ""
	case fn.IsG:
		return "=[C]", "-1"
	}
	return sourceOf(fn.Proto.SourceName), strconv.Itoa(lineOf(fn.Proto, pos))
}

// errorTable is a Redis error as scripts see it. text begins with the code.
func (s *state) errorTable(text string) *lua.LTable {
	t := s.L.CreateTable(0, 3)
	t.RawSetString("err", lua.LString(text))
	return t
}

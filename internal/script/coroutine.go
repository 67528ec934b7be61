package script

import (
	lua "github.com/yuin/gopher-lua"
)

var coroutineFunctions = map[string]func(*state, *lua.LState) int{
	"create":  coCreate,
	"resume":  coResume,
	"running": coRunning,
	"status":  coStatus,
	"wrap":    coWrap,
	"yield":   coYield,
}

// openCoroutine takes the interpreter's own functions: they alone can start a thread.
func (s *state) openCoroutine() {
	scratch := lua.NewState(lua.Options{SkipOpenLibs: true})
	lua.OpenCoroutine(scratch)
	lib := scratch.GetGlobal(lua.CoroutineLibName).(*lua.LTable)
	s.coCreate = lib.RawGetString("create").(*lua.LFunction).GFunction
	s.coResume = lib.RawGetString("resume").(*lua.LFunction).GFunction
}

func coCreate(s *state, L *lua.LState) int {
	if fn, ok := L.Get(1).(*lua.LFunction); !ok || fn.IsG {
		s.argError(L, 1, "Lua function expected")
	}
	L.SetTop(1)
	// With a context the new thread would get a child of it, made for other uses of contexts: a goroutine for each.
	ctx := L.RemoveContext()
	s.coCreate(L)
	L.SetContext(ctx)
	th := L.Get(-1).(*lua.LState)
	th.SetContext(&ticker{b: &s.budget, L: th, fresh: true})
	s.coroutines++
	return 1
}

func coResume(s *state, L *lua.LState) int {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		s.argError(L, 1, "coroutine expected")
	}
	return s.resume(L, th)
}

// resume runs th until it yields, returns or fails, and leaves true and its values or false and the error on L's stack.
func (s *state) resume(L, th *lua.LState) int {
	if status := s.coState(L, th); status != "suspended" {
		L.Push(lua.LFalse)
		L.Push(lua.LString("cannot resume " + status + " coroutine"))
		return 2
	}
	deep := s.depth(L)
	if s.nested+deep > maxNested {
		L.Push(lua.LFalse)
		L.Push(lua.LString("C stack overflow"))
		return 2
	}
	nested, left := s.nested, s.budget.left
	s.nested += deep
	if tick, ok := th.Context().(*ticker); ok && tick.fresh {
		s.budget.left = 0 // its first instruction takes the turn that makes its errors ours
		defer func() { s.budget.left += left - turnEvery }()
	}
	current := s.current
	s.current = th
	n := s.coResume(L)
	s.current = current
	s.nested = nested
	if s.inCall {
		panic("BUG: a command panicked inside a coroutine of a script")
	}
	if s.budget.killed != nil {
		s.tick(L)
	}
	return n
}

// framesPerCall is how many frames of an interpreter thread weigh as much as one call of a library function into a script.
const framesPerCall = 100

// depth is what the frames of L weigh: metamethods nest on the Go stack too.
func (s *state) depth(L *lua.LState) int {
	n := 1
	for at := framesPerCall; ; at += framesPerCall {
		if _, ok := L.GetStack(at); !ok {
			return n
		}
		n++
	}
}

func (s *state) coState(L, th *lua.LState) string {
	switch {
	case th == s.current:
		return "running"
	case th.Dead:
		return "dead"
	case th.Parent != nil:
		return "normal"
	}
	return "suspended"
}

func coRunning(s *state, L *lua.LState) int {
	if s.current == nil {
		return 0
	}
	L.Push(s.current)
	return 1
}

func coStatus(s *state, L *lua.LState) int {
	th, ok := L.Get(1).(*lua.LState)
	if !ok {
		s.argError(L, 1, "coroutine expected")
	}
	L.Push(lua.LString(s.coState(L, th)))
	return 1
}

func coWrap(s *state, L *lua.LState) int {
	coCreate(s, L)
	th := L.Get(-1).(*lua.LState)
	L.Push(L.NewFunction(func(L *lua.LState) int { return s.resumeWrapped(L, th) }))
	return 1
}

func (s *state) resumeWrapped(L, th *lua.LState) int {
	L.Insert(th, 1)
	n := s.resume(L, th)
	first := L.GetTop() - n + 1
	if lua.LVAsBool(L.Get(first)) {
		return n - 1
	}
	value := L.Get(first + 1)
	if text, ok := toString(value); ok {
		value = lua.LString(s.position(L, 1) + text)
	}
	s.raise(L, value)
	return 0
}

// coYield leaves the running coroutine. It may only do so when nothing of it is on the Go stack: the interpreter does not check,
// and would go on in both places.
func coYield(s *state, L *lua.LState) int {
	if L.Parent == nil || L != s.current || !s.plain(L) {
		s.raise(L, lua.LString("attempt to yield across metamethod/C-call boundary"))
	}
	return -1
}

// plain tells whether the thread's frames are all Lua functions that were called by call instructions.
func (s *state) plain(L *lua.LState) bool {
	for level := 1; ; level++ {
		fn, pos, ok := frame(L, level)
		if !ok {
			return true
		}
		if fn.IsG {
			return false
		}
		if op := int(fn.Proto.Code[pcOf(pos)] >> 26); op != opCall && op != opTailCall {
			return false
		}
	}
}

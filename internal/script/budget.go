package script

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// TickEvery is how many instructions run between two calls of Host.Tick.
const TickEvery = 10000

// budget counts the instructions of a state's threads.
type budget struct {
	s      *state
	left   int
	killed error // what Tick said; every further instruction raises it again
}

// ticker is a thread's context. The interpreter asks its Done before each instruction, which makes it the one place that sees them
// all: no goroutine, no signal and no timer is needed to end a script.
type ticker struct {
	b     *budget
	L     *lua.LState
	fresh bool
}

var _ context.Context = (*ticker)(nil)

// Done counts one instruction. It returns no channel ever: an end is raised from here.
func (t *ticker) Done() <-chan struct{} {
	if t.b.left--; t.b.left < 0 {
		t.turn()
	}
	return nil
}

// Deadline is that of a context without one.
func (t *ticker) Deadline() (time.Time, bool) { return time.Time{}, false }

// Err is nil always.
func (t *ticker) Err() error { return nil }

// Value is nil always.
func (t *ticker) Value(any) any { return nil }

// turn is what happens every TickEvery instructions.
func (t *ticker) turn() {
	b := t.b
	if t.fresh {
		t.fresh = false
		t.L.Panic = b.s.raised
	}
	b.left = TickEvery
	b.s.tick(t.L)
}

// tick asks the host whether to go on, and ends the script when not. Library functions that work long call it too.
func (s *state) tick(L *lua.LState) {
	b := &s.budget
	if b.killed == nil {
		b.killed = s.e.host.Tick()
	}
	if b.killed != nil {
		b.left = 0
		s.raise(L, s.errorTable("ERR "+b.killed.Error()))
	}
}

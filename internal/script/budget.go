package script

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// TickEvery is how many instructions run between two calls of Host.Tick.
const TickEvery = 10240

// turnEvery is how many instructions run between two looks at the clock; memory is looked at when memoryEvery has passed then. An
// instruction can take megabytes and milliseconds, so a count alone would look too late.
const (
	turnEvery   = 256
	memoryEvery = 2 * time.Millisecond
)

// budget counts the instructions of a state's threads.
type budget struct {
	s      *state
	left   int
	turns  int
	work   int
	killed error // what Tick said; every further instruction raises it again
	memory memoryWatch
}

// begin starts the count of a run.
func (b *budget) begin() {
	b.left, b.turns, b.killed = turnEvery, 0, nil
	b.memory.started = false
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

// turn is what happens every turnEvery instructions.
func (t *ticker) turn() {
	b := t.b
	if t.fresh {
		// The interpreter sets a coroutine's Panic when it starts it.
		t.fresh = false
		t.L.Panic = b.s.raised
	}
	b.left = turnEvery
	b.turns++
	if b.killed != nil || b.turns%(TickEvery/turnEvery) == 0 {
		b.s.tick(t.L)
	}
	b.memory.look(b.s, t.L, 0)
}

// tick asks the host whether to go on, and ends the script when not.
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

// worked counts a step of a library function that may take many: they are as instructions.
func (s *state) worked(L *lua.LState) {
	b := &s.budget
	if b.work++; b.work%TickEvery == 0 {
		s.tick(L)
		b.memory.look(s, L, 0)
	}
}

package script

import (
	"runtime"
	"runtime/metrics"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// maxText is how long a text may get (Redis: proto-max-bulk-len's default and the size of its longest string).
const maxText = 512 << 20

// maxHeap is by how much a script may make the Go heap grow. Redis has no such limit, but its allocator can say no; Go's ends the
// process.
const maxHeap = 1 << 30

// largeText is from what size on a text is looked at before it is made.
const largeText = 16 << 20

// maxArray is how long the array part of a table gets. A field far behind the end fills all before it at once, so this is what one
// instruction can take (4 MB); what lies behind is a field like others, and slower.
const maxArray = 1 << 18

func init() { lua.MaxArrayIndex = maxArray }

const heapMetric = "/memory/classes/heap/objects:bytes"

// memoryWatch looks at the heap now and then while a script runs.
type memoryWatch struct {
	started bool
	last    time.Time
	base    uint64
	next    uint64 // look closer when the heap is as large as this
	sample  [1]metrics.Sample
}

func (w *memoryWatch) heap() uint64 {
	w.sample[0].Name = heapMetric
	metrics.Read(w.sample[:])
	return w.sample[0].Value.Uint64()
}

// look raises when the script took too much, or is about to with extra bytes more.
func (w *memoryWatch) look(s *state, L *lua.LState, extra int) {
	now := time.Now()
	if !w.started {
		w.started, w.last = true, now
		w.base = w.heap()
		w.next = w.base + s.e.maxHeap
	}
	if extra == 0 && now.Sub(w.last) < memoryEvery {
		return
	}
	w.last = now
	size := w.heap() + uint64(extra)
	if size < w.next {
		return
	}
	// Much of it may be garbage: only what is left counts.
	runtime.GC()
	size = w.heap() + uint64(extra)
	if size >= w.base+s.e.maxHeap {
		s.tooLong(L)
	}
	w.next = size + s.e.maxHeap/2
	w.last = time.Now()
}

// allocate accounts for n bytes that a library function is about to take, and raises when that is too much.
func (s *state) allocate(L *lua.LState, n int) {
	if n < largeText {
		return
	}
	if n > maxText {
		s.tooLong(L)
	}
	s.budget.memory.look(s, L, n)
}

func (s *state) tooLong(L *lua.LState) { s.raise(L, lua.LString("not enough memory")) }

// textOf makes a text of bytes that nobody changes any more.
func textOf(b []byte) lua.LString { return lua.LString(b) }

// Sizes of what a state holds, measured on amd64.
const (
	stateBytes  = 96 << 10
	threadBytes = firstSlots*16 + maxFrames + 1024
)

// memory is about how many bytes the state takes.
func (s *state) memory() int64 {
	return stateBytes + int64(len(s.free))*threadBytes
}

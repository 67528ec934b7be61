package loop

import (
	"container/heap"
	"time"
)

// TimerID names a timer. It is above zero and never used again.
type TimerID int64

// NoMore is what a TimerFunc returns to end its timer.
const NoMore = time.Duration(-1)

// TimerFunc is called when a timer is due. It returns how long until it is due
// again, or NoMore.
type TimerFunc func(id TimerID) time.Duration

type timer struct {
	id    TimerID
	when  int64
	fn    TimerFunc
	final func(TimerID)
	pos   int // in the heap, -1 when not in it
	// round is the pass of runTimers in which the timer was set: it is not
	// due in the same pass, or a timer of zero delay would starve the rest.
	round uint64
}

// timerHeap orders timers by when they are due, equal ones by age.
type timerHeap struct {
	heap  []*timer
	index map[TimerID]*timer
	last  TimerID
	round uint64
}

// Len implements heap.Interface.
func (h *timerHeap) Len() int { return len(h.heap) }

// Less implements heap.Interface.
func (h *timerHeap) Less(i, j int) bool {
	a, b := h.heap[i], h.heap[j]
	return a.when < b.when || a.when == b.when && a.id < b.id
}

// Swap implements heap.Interface.
func (h *timerHeap) Swap(i, j int) {
	h.heap[i], h.heap[j] = h.heap[j], h.heap[i]
	h.heap[i].pos, h.heap[j].pos = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.pos = len(h.heap)
	h.heap = append(h.heap, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	n := len(h.heap) - 1
	t := h.heap[n]
	h.heap[n] = nil
	h.heap = h.heap[:n]
	t.pos = -1
	return t
}

// wait is how long to sleep for the first timer, in nanoseconds; below zero
// when there is none.
func (h *timerHeap) wait(now int64) int64 {
	if len(h.heap) == 0 {
		return -1
	}
	return max(0, h.heap[0].when-now)
}

// AddTimer has fn called after the given time. final, which may be nil, runs
// once when the timer is over, however it ended.
func (l *Loop) AddTimer(after time.Duration, fn TimerFunc, final func(TimerID)) TimerID {
	h := &l.timers
	h.last++
	t := &timer{id: h.last, when: nanotime() + int64(max(0, after)), fn: fn, final: final, round: h.round}
	h.index[t.id] = t
	heap.Push(h, t)
	if t.pos == 0 {
		l.Wake() // who has the loop's place while it sleeps has it sleep for less
	}
	return t.id
}

// RemoveTimer ends a timer and reports whether there was one. A timer may end
// itself from its own callback.
func (l *Loop) RemoveTimer(id TimerID) bool {
	t := l.timers.index[id]
	if t == nil {
		return false
	}
	if t.pos >= 0 {
		heap.Remove(&l.timers, t.pos)
	}
	l.endTimer(t)
	return true
}

// endTimer forgets a timer and runs its finalizer.
func (l *Loop) endTimer(t *timer) {
	delete(l.timers.index, t.id)
	if t.final != nil {
		t.final(t.id)
	}
}

// TimerLeft returns how long until a timer is due, zero when it is overdue.
func (l *Loop) TimerLeft(id TimerID) (time.Duration, bool) {
	t := l.timers.index[id]
	if t == nil {
		return 0, false
	}
	return time.Duration(max(0, t.when-nanotime())), true
}

// Timers is how many timers there are.
func (l *Loop) Timers() int { return len(l.timers.index) }

// runTimers calls what is due.
func (l *Loop) runTimers() int {
	h := &l.timers
	if len(h.heap) == 0 {
		return 0
	}
	h.round++
	n := 0
	var held []*timer
	now := nanotime()
	for len(h.heap) != 0 && h.heap[0].when <= now {
		t := heap.Pop(h).(*timer)
		if t.round == h.round {
			held = append(held, t)
			continue
		}
		n++
		again := t.fn(t.id)
		if l.timers.index[t.id] != t {
			continue // it removed itself
		}
		if again < 0 {
			l.endTimer(t)
			continue
		}
		t.when = nanotime() + int64(again)
		t.round = h.round
		heap.Push(h, t)
	}
	for _, t := range held {
		if h.index[t.id] == t {
			heap.Push(h, t)
		}
	}
	return n
}

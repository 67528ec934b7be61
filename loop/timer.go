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

// Due is TimerFunc for a TimerFunc.
func (fn TimerFunc) Due(id TimerID) time.Duration { return fn(id) }

// TimerOwner is what is told when a timer is due, as a TimerFunc is.
type TimerOwner interface {
	Due(id TimerID) time.Duration
}

type timer struct {
	id    TimerID
	when  int64
	owner TimerOwner
	final func(TimerID)
	pos   int // in the heap, -1 when not in it
	// round is the pass of runTimers in which the timer was set: it is not
	// due in the same pass, or a timer of zero delay would starve the rest.
	round uint64
}

// timerHeap orders timers by when they are due, equal ones by age.
type timerHeap struct {
	heap  []*timer
	round uint64

	// A timer's slot is in the lowest bits of its ID; above is how many there were
	// before it. Slots that are free hold timers to be used again.
	slots []*timer
	free  []TimerID
	last  TimerID
}

const (
	slotBits = 24
	maxSlots = 1 << slotBits
)

// add takes a slot for a timer that is in no heap yet.
func (h *timerHeap) add() *timer {
	slot := TimerID(len(h.slots))
	if n := len(h.free); n != 0 {
		slot = h.free[n-1]
		h.free = h.free[:n-1]
	} else {
		if slot == maxSlots {
			panic("BUG: loop: there are too many timers")
		}
		h.slots = append(h.slots, new(timer))
	}
	h.last++
	t := h.slots[slot]
	t.id = h.last<<slotBits | slot
	return t
}

// find is the timer with the ID, or nil.
func (h *timerHeap) find(id TimerID) *timer {
	if slot := id & (maxSlots - 1); id > 0 && int(slot) < len(h.slots) && h.slots[slot].id == id {
		return h.slots[slot]
	}
	return nil
}

// drop gives the timer's slot back.
func (h *timerHeap) drop(t *timer) {
	h.free = append(h.free, t.id&(maxSlots-1))
	*t = timer{}
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
	return l.AddTimerOf(after, fn, final)
}

// AddTimerOf is AddTimer where an owner is told.
func (l *Loop) AddTimerOf(after time.Duration, owner TimerOwner, final func(TimerID)) TimerID {
	h := &l.timers
	t := h.add()
	t.when, t.owner, t.final, t.round = nanotime()+int64(max(0, after)), owner, final, h.round
	heap.Push(h, t)
	if t.pos == 0 {
		l.Wake() // who has the loop's place while it sleeps has it sleep for less
	}
	return t.id
}

// RemoveTimer ends a timer and reports whether there was one. A timer may end
// itself from its own callback.
func (l *Loop) RemoveTimer(id TimerID) bool {
	t := l.timers.find(id)
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
	id, final := t.id, t.final
	l.timers.drop(t)
	if final != nil {
		final(id)
	}
}

// TimerLeft returns how long until a timer is due, zero when it is overdue.
func (l *Loop) TimerLeft(id TimerID) (time.Duration, bool) {
	t := l.timers.find(id)
	if t == nil {
		return 0, false
	}
	return time.Duration(max(0, t.when-nanotime())), true
}

// Timers is how many timers there are.
func (l *Loop) Timers() int { return len(l.timers.slots) - len(l.timers.free) }

// TimerOwner is the owner that AddTimerOf was given, nil if the timer is over.
func (l *Loop) TimerOwner(id TimerID) TimerOwner {
	if t := l.timers.find(id); t != nil {
		return t.owner
	}
	return nil
}

// RemoveTimers ends all timers whose owner is one of those.
func (l *Loop) RemoveTimers(those func(TimerOwner) bool) {
	for _, t := range l.timers.slots {
		if t.id != 0 && those(t.owner) {
			l.RemoveTimer(t.id)
		}
	}
}

// runTimers calls what is due.
func (l *Loop) runTimers() int {
	h := &l.timers
	if len(h.heap) == 0 {
		return 0
	}
	h.round++
	n := 0
	var held []TimerID
	now := nanotime()
	for len(h.heap) != 0 && h.heap[0].when <= now {
		t := heap.Pop(h).(*timer)
		if t.round == h.round {
			held = append(held, t.id)
			continue
		}
		n++
		id := t.id
		again := t.owner.Due(id)
		if t.id != id {
			continue // it removed itself, and may be another by now
		}
		if again < 0 {
			l.endTimer(t)
			continue
		}
		t.when = nanotime() + int64(again)
		t.round = h.round
		heap.Push(h, t)
	}
	for _, id := range held {
		if t := h.find(id); t != nil {
			heap.Push(h, t)
		}
	}
	return n
}

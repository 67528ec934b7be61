//go:build linux

package loop

import (
	"testing"
	"time"
)

// owned counts how often it is told.
type owned struct{ due int }

func (o *owned) Due(TimerID) time.Duration { o.due++; return NoMore }

// TestTimerIDs has timers take the places of those that are over: their IDs are
// others, and the old ones nobody's.
func TestTimerIDs(t *testing.T) {
	l := newLoop(t)
	seen := map[TimerID]bool{}
	var before TimerID
	a, b := &owned{}, &owned{}
	for i := range 100 {
		id := l.AddTimerOf(time.Hour, a, nil)
		if id <= before || seen[id] {
			t.Fatalf("ID %d comes after %d", id, before)
		}
		seen[id], before = true, id
		if l.TimerOwner(id) != TimerOwner(a) || l.Timers() != 1+(i+9)/10 {
			t.Fatalf("ID %d: owner %v of %d timers", id, l.TimerOwner(id), l.Timers())
		}
		if i%10 == 0 {
			l.AddTimerOf(time.Hour, b, nil) // it stays
			if i == 90 {
				break
			}
		}
		if !l.RemoveTimer(id) || l.RemoveTimer(id) || l.TimerOwner(id) != nil {
			t.Fatalf("ID %d was not removed once", id)
		}
		if _, ok := l.TimerLeft(id); ok {
			t.Fatalf("ID %d, which is over, has time left", id)
		}
	}
	for _, id := range []TimerID{0, -1, 1, 1 << 62} {
		if l.TimerOwner(id) != nil || l.RemoveTimer(id) {
			t.Errorf("ID %d is a timer", id)
		}
	}
	n := l.Timers()
	l.RemoveTimers(func(o TimerOwner) bool { return o == TimerOwner(b) })
	if l.Timers() != n-10 || l.TimerOwner(before) != TimerOwner(a) {
		t.Errorf("%d timers of %d are left", l.Timers(), n)
	}
}

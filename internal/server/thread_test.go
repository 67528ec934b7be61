package server

import (
	"slices"
	"testing"
	"time"
)

// TestThreadPublishes has a thread that holds the lock while the loop sleeps reply to
// clients. They do not wait for something else to wake the loop.
func TestThreadPublishes(t *testing.T) {
	l := start(t, nil)
	c := l.dial()
	c.expect("subscribe news", "[subscribe news 1]")
	var took []time.Duration
	for range 21 {
		time.Sleep(time.Millisecond) // the loop goes to sleep
		begin := time.Now()
		l.s.HostLock.Lock(7)
		l.s.EnterUnit()
		l.s.Publish([]byte("news"), []byte("now"), false)
		l.s.LeaveUnit()
		l.s.ThreadLeaves()
		l.s.HostLock.Unlock()
		if got := c.next(); got != "[message news now]" {
			t.Fatal(got)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	if took[10] > 80*time.Millisecond { // without being woken the loop sleeps for 100
		t.Errorf("messages took %v", took)
	}
}

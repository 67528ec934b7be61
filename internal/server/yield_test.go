package server

import (
	"testing"
	"time"
)

// TestYieldWithoutClients has a command run the loop without serving clients:
// what they send waits, in order, until the command is over.
func TestYieldWithoutClients(t *testing.T) {
	l := start(t, nil)
	stop, going := make(chan struct{}), make(chan struct{})
	timers := 0
	l.addTo("long", 1, 0, func(c *Client, _ [][]byte) {
		s := c.Server()
		next, ran := int64(0), timers
		close(going)
		for over := false; !over; time.Sleep(time.Millisecond) {
			next = 1 // its time has come
			s.YieldNow(&next, "", false)
			select {
			case <-stop:
				over = true
			default:
			}
		}
		if timers != ran {
			t.Error("a timer ran inside the command")
		}
		c.WriteStatus("done")
	})
	l.on(func(s *Server) { s.OnCron(func(int) { timers++ }) })
	slow, other, gone := l.dial(), l.dial(), l.dial()
	gone.expect("ping", "PONG")
	slow.send("long")
	<-going
	other.send("echo first", "echo second")
	gone.send("ping")
	slow.quiet()
	other.quiet()
	_ = gone.conn.Close()
	time.Sleep(150 * time.Millisecond) // hz is 10
	close(stop)
	if got := slow.next(); got != "done" {
		t.Errorf("the command replies %s", got)
	}
	for _, want := range []string{"first", "second"} {
		if got := other.next(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	l.until("the closed one is gone", func(s *Server) bool { return s.ClientCount() == 2 })
}

// TestYieldNow serves the loop no earlier than busy-reply-threshold, and then as
// often as hz says.
func TestYieldNow(t *testing.T) {
	l := start(t, nil)
	waits := make(chan time.Duration, 2)
	l.addTo("long", 1, 0, func(c *Client, _ [][]byte) {
		s := c.Server()
		next := int64(0)
		began := nanotime()
		s.YieldNow(&next, "", true)
		waits <- time.Duration(next - began)
		next = began
		s.YieldNow(&next, "", true)
		waits <- time.Duration(next - nanotime())
		c.WriteOK()
	})
	l.dial().expect("long", "OK")
	if first := <-waits; first < 4*time.Second || first > 6*time.Second {
		t.Errorf("the first time is in %v", first)
	}
	if second := <-waits; second <= 0 || second > 200*time.Millisecond {
		t.Errorf("the second time is in %v", second)
	}
}

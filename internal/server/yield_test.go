package server

import (
	"strings"
	"sync"
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

// TestYieldHammer has a thread yield in the loop's place, while the loop itself
// sleeps and is woken by the very clients that the thread serves.
func TestYieldHammer(t *testing.T) {
	l := start(t, nil)
	l.addTo("allowed", 1, AllowBusy, func(c *Client, _ [][]byte) { c.WriteInt(c.srv.Dirty); c.srv.Dirty++ })
	stop := make(chan struct{})
	var threads, clients sync.WaitGroup
	for who := range 2 {
		threads.Go(func() {
			for over := false; !over; {
				l.s.HostLock.Lock(int64(who + 100))
				l.s.EnterUnit()
				for range 5 {
					if err := l.s.Yield("thread"); err != nil {
						t.Error(err)
					}
				}
				l.s.LeaveUnit()
				l.s.HostLock.Unlock()
				select {
				case <-stop:
					over = true
				case <-time.After(100 * time.Microsecond):
				}
			}
		})
	}
	posted := 0
	for range 4 {
		clients.Go(func() {
			conn := l.dial()
			for range 300 {
				if got := conn.do("allowed"); strings.ContainsAny(got, " -") {
					t.Errorf("a command that may run replied %s", got)
				}
				if got := conn.do("ping"); got != "PONG" && got != "-BUSY thread" {
					t.Errorf("ping: %s", got)
				}
			}
		})
	}
	for range 200 {
		l.on(func(*Server) { posted++ })
	}
	clients.Wait()
	close(stop)
	threads.Wait()
	l.on(func(s *Server) {
		if posted != 200 || s.Dirty != 1200 {
			t.Errorf("%d functions and %d commands ran", posted, s.Dirty)
		}
	})
}

package server

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// waiter registers commands that block, and notes what happens to them. Its
// notes belong to the loop.
type waiter struct {
	*live
	notes []string
	// handles are given out in the order in which commands blocked.
	handles chan *Blocked
}

// newWaiter adds the command "linger", blocked as the options say. What is nil in
// them stays nil, the others get notes.
func newWaiter(t *testing.T, timeout time.Duration, onTimeout bool) *waiter {
	w := &waiter{live: start(t, nil), handles: make(chan *Blocked, 100)}
	o := BlockOptions{
		Timeout: timeout.Milliseconds(),
		Owner:   "me",
		OnReply: func(c *Client, b *Blocked) {
			w.note("reply")
			c.WriteStatus(fmt.Sprintf("served %d %s", b.Data, b.Argv()[1]))
		},
		OnDisconnect: func(b *Blocked) {
			w.note(fmt.Sprintf("disconnect %v", b.Client() != nil))
		},
		Free: func(b *Blocked, data uintptr) { w.note(fmt.Sprintf("free %d", data)) },
	}
	if onTimeout {
		o.OnTimeout = func(c *Client, b *Blocked) {
			w.note("timeout")
			c.WriteStatus("too late")
		}
	}
	w.add("linger", func(c *Client, argv [][]byte) {
		b, err := c.srv.Block(c, o)
		if err != nil && !errors.Is(err, ErrCannotBlock) {
			t.Error(err)
		}
		w.handles <- b
	})
	return w
}

func (w *waiter) note(what string) { w.notes = append(w.notes, what) }

func (w *waiter) add(name string, h Handler) {
	w.on(func(s *Server) {
		if err := s.AddCommand(&Command{Name: name, Arity: -1, Flags: Module, Handler: h}); err != nil {
			w.t.Error(err)
		}
	})
}

// noted checks what happened, and that nothing is left waiting.
func (w *waiter) noted(want ...string) {
	w.t.Helper()
	w.until(strings.Join(want, ", "), func(*Server) bool { return len(w.notes) >= len(want) })
	w.on(func(s *Server) {
		if !slices.Equal(w.notes, want) {
			w.t.Errorf("%q, want %q", w.notes, want)
		}
		if s.Stats.Blocked != 0 || s.BlockedCount("me") != 0 {
			w.t.Errorf("%d clients blocked, %d handles", s.Stats.Blocked, s.BlockedCount("me"))
		}
	})
}

func (w *waiter) unblock(b *Blocked, data uintptr) {
	w.t.Helper()
	if err := b.Unblock(data); err != nil {
		w.t.Error(err)
	}
}

func TestBlockAndUnblock(t *testing.T) {
	w := newWaiter(t, 0, false)
	c := w.dial()
	c.send("linger a", "echo behind")
	b := <-w.handles
	c.quiet()
	w.on(func(s *Server) {
		if b.Client().Blocked() != b || s.Stats.Blocked != 1 || s.BlockedCount("me") != 1 {
			t.Error("not waiting")
		}
	})
	if line := w.dial().do("client list"); field(line, "flags") != "bU" || field(line, "cmd") != "linger" {
		t.Error(line)
	}
	w.unblock(b, 7)
	if got := c.next() + ", " + c.next(); got != "served 7 a, behind" {
		t.Error(got)
	}
	if err := b.Unblock(8); !errors.Is(err, ErrAlreadyUnblocked) {
		t.Error(err)
	}
	if err := b.Abort(); !errors.Is(err, ErrAlreadyUnblocked) {
		t.Error(err)
	}
	w.noted("reply", "free 7")
}

// TestUnblockBeforeReturn ends the wait inside the command that began it.
func TestUnblockBeforeReturn(t *testing.T) {
	w := newWaiter(t, 0, false)
	w.add("hurry", func(c *Client, argv [][]byte) {
		b, err := c.srv.Block(c, BlockOptions{
			Owner:   "me",
			OnReply: func(c *Client, b *Blocked) { w.note("reply"); c.WriteInt(int64(b.Data)) },
			Free:    func(*Blocked, uintptr) { w.note("free") },
		})
		if err != nil {
			t.Error(err)
			return
		}
		w.unblock(b, 5)
		w.note("returned")
	})
	c := w.dial()
	c.expect("hurry", "5", "ping", "PONG")
	w.noted("returned", "reply", "free")
}

func TestBlockTimeout(t *testing.T) {
	w := newWaiter(t, 20*time.Millisecond, true)
	c := w.dial()
	c.send("linger a", "echo behind")
	b := <-w.handles
	if got := c.next() + ", " + c.next(); got != "too late, behind" {
		t.Error(got)
	}
	w.on(func(s *Server) {
		if b.Client() != nil || s.BlockedCount("me") != 1 {
			t.Error("the handle must outlive the wait")
		}
	})
	w.unblock(b, 9) // the data is still to be freed
	w.noted("timeout", "free 9")
	c.expect("ping", "PONG")
}

func TestBlockedClientGone(t *testing.T) {
	w := newWaiter(t, time.Hour, true)
	c := w.dial()
	c.send("linger a")
	b := <-w.handles
	_ = c.conn.Close()
	w.until("it is gone", func(s *Server) bool { return s.ClientCount() == 0 })
	w.unblock(b, 3)
	w.noted("disconnect true", "free 3")
}

func TestBlockedClientKilled(t *testing.T) {
	w := newWaiter(t, 0, false)
	c, killer := w.dial(), w.dial()
	id := c.do("client id")
	c.send("linger a")
	b := <-w.handles
	killer.expect("client kill id "+id, "1")
	c.closed()
	w.unblock(b, 3)
	w.noted("disconnect true", "free 3")
}

// A client that goes after Unblock, and before the loop has got to it, takes
// OnDisconnect to the data that Unblock brought.
func TestBlockedClientKilledUnblocked(t *testing.T) {
	w := newWaiter(t, 0, false)
	c := w.dial()
	c.send("linger a")
	b := <-w.handles
	w.on(func(s *Server) {
		b.Data = 1
		b.SetDisconnect(func(b *Blocked) { w.note(fmt.Sprintf("disconnect %d", b.Data)) })
		if err := b.Unblock(2); err != nil {
			t.Error(err)
		}
		s.freeClient(b.Client())
	})
	c.closed()
	w.noted("disconnect 2", "free 2")
	// Who is to be closed soon is served before.
	c = w.dial()
	c.send("linger a")
	b = <-w.handles
	w.on(func(s *Server) {
		w.notes = nil
		w.unblock(b, 3)
		s.FreeClient(b.Client())
	})
	w.noted("reply", "free 3")
}

func TestAbort(t *testing.T) {
	w := newWaiter(t, 0, false)
	c := w.dial()
	c.send("linger a", "ping")
	b := <-w.handles
	b.ReplyClient().WriteStatus("from a thread")
	if err := b.Abort(); err != nil {
		t.Error(err)
	}
	if got := c.next() + ", " + c.next(); got != "from a thread, PONG" {
		t.Error(got)
	}
	w.noted("free 0")
}

func TestClientUnblock(t *testing.T) {
	w := newWaiter(t, 0, true)
	c, other := w.dial(), w.dial()
	id := c.do("client id")
	c.send("linger a")
	b := <-w.handles
	other.expect("client unblock "+id, "1")
	if got := c.next(); got != "too late" {
		t.Error(got)
	}
	w.unblock(b, 1)
	w.noted("timeout", "free 1")

	w.on(func(*Server) { w.notes = nil })
	c.send("linger a")
	b = <-w.handles
	other.expect("client unblock "+id+" error", "1", "client unblock "+id+" error", "0")
	if got := c.next(); got != "-UNBLOCKED client unblocked via CLIENT UNBLOCK" {
		t.Error(got)
	}
	w.unblock(b, 2)
	w.noted("disconnect true", "free 2")
}

// TestClientUnblockUntouchable: without a timeout function the module does not
// expect to be interrupted.
func TestClientUnblockUntouchable(t *testing.T) {
	w := newWaiter(t, 0, false)
	c := w.dial()
	id := c.do("client id")
	c.send("linger a")
	b := <-w.handles
	w.dial().expect("client unblock "+id+" error", "0", "client unblock "+id, "0")
	w.unblock(b, 1)
	if got := c.next(); got != "served 1 a" {
		t.Error(got)
	}
}

func TestBlockRefused(t *testing.T) {
	w := newWaiter(t, 0, true)
	c := w.dial()
	c.expect("multi", "OK", "linger a", "QUEUED", "ping", "QUEUED",
		"exec", "[-ERR Blocking module command called from transaction PONG]")
	b := <-w.handles
	if b.Client() != nil {
		t.Error("a refused wait has a client")
	}
	w.unblock(b, 4)
	w.noted("free 4")

	w.on(func(s *Server) {
		w.notes = nil
		fake := s.NewFakeClient(FakeOptions{Flags: FlagModule})
		if err := s.Execute(fake, [][]byte{[]byte("linger"), []byte("a")}, &ExecuteOptions{}); err != nil {
			t.Error(err)
		}
		if out := string(fake.Output()); !strings.HasPrefix(out, "-ERR ") {
			t.Error(out)
		}
	})
	w.unblock(<-w.handles, 5)
	w.noted("free 5")
}

func TestBlockFromReply(t *testing.T) {
	w := newWaiter(t, 0, false)
	w.add("again", func(c *Client, _ [][]byte) {
		b, err := c.srv.Block(c, BlockOptions{OnReply: func(c *Client, b *Blocked) {
			if _, err := c.srv.Block(c, BlockOptions{}); !errors.Is(err, ErrCannotBlock) {
				t.Error(err)
			}
		}})
		if err != nil {
			t.Error(err)
		}
		w.unblock(b, 0)
	})
	w.dial().expect("again", "-ERR Blocking module command called from a Reply callback context")
}

// TestReplyClient writes replies from a goroutine that does not hold the host
// lock.
func TestReplyClient(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		err := s.AddCommand(&Command{Name: "linger", Arity: 1, Flags: Module, Handler: func(c *Client, _ [][]byte) {
			b, err := s.Block(c, BlockOptions{})
			if err != nil {
				t.Error(err)
				return
			}
			go func() {
				r := b.ReplyClient()
				r.WriteArray(3)
				r.WriteInt(1)
				r.WriteNull()
				r.WriteError("MYCODE of a thread")
				if err := b.Unblock(0); err != nil {
					t.Error(err)
				}
			}()
		}})
		if err != nil {
			t.Error(err)
		}
	})
	c := l.dial()
	for range 20 {
		c.expect("linger", "[1 nil -MYCODE of a thread]")
	}
	l.on(func(s *Server) {
		cmd := s.Lookup([]byte("linger"))
		if s.Stats.Errors["MYCODE"] != 20 || cmd.Stats.Failed != 20 || cmd.Stats.Calls != 20 {
			t.Errorf("%v, %+v", s.Stats.Errors, cmd.Stats)
		}
	})
}

func TestMeasureTime(t *testing.T) {
	w := newWaiter(t, 0, false)
	c, d := w.dial(), w.dial()
	d.expect("config set slowlog-log-slower-than 15000", "OK", "slowlog reset", "OK", "config resetstat", "OK")
	began := time.Now()
	c.send("linger a")
	b := <-w.handles
	if b.MeasureEnd() {
		t.Error("an end without a start")
	}
	const measured, other = 20 * time.Millisecond, 50 * time.Millisecond
	b.MeasureStart()
	time.Sleep(measured)
	if !b.MeasureEnd() {
		t.Error("no end")
	}
	time.Sleep(other)
	w.unblock(b, 0)
	c.next()
	most := time.Since(began) - other
	w.on(func(s *Server) {
		st := s.Lookup([]byte("linger")).Stats
		if took := time.Duration(st.Nanos); st.Calls != 1 || took < measured || took > most {
			t.Errorf("%d calls, %v, at most %v", st.Calls, took, most)
		}
		if h := st.Latency; h == nil || h.Percentile(50) < int64(measured) {
			t.Errorf("%+v", h)
		}
	})
	d.expect("slowlog len", "1")
}

// TestHammerBlocked unblocks from many goroutines while clients come, go, time
// out and are killed. Whatever the order, each handle's data is freed once and
// nothing is left.
func TestHammerBlocked(t *testing.T) {
	l := start(t, nil)
	var blocked, freed atomic.Int64
	rest := make(chan *Blocked, 10_000)
	l.on(func(s *Server) {
		err := s.AddCommand(&Command{Name: "linger", Arity: 1, Flags: Module, Handler: func(c *Client, _ [][]byte) {
			n := blocked.Add(1)
			b, err := s.Block(c, BlockOptions{
				Owner:        "hammer",
				Timeout:      int64(rand.Intn(3)),
				OnReply:      func(c *Client, b *Blocked) { c.WriteInt(int64(b.Data)) },
				OnTimeout:    func(c *Client, b *Blocked) { c.WriteInt(-1) },
				OnDisconnect: func(*Blocked) {},
				Free: func(_ *Blocked, data uintptr) {
					if data != uintptr(n) {
						t.Errorf("data %d of %d", data, n)
					}
					freed.Add(1)
				},
			})
			if err != nil {
				t.Error(err)
				return
			}
			switch rand.Intn(3) {
			case 0: // before the command returns
				if err := b.Unblock(uintptr(n)); err != nil {
					t.Error(err)
				}
			case 1:
				go func() {
					time.Sleep(time.Duration(rand.Intn(2000)) * time.Microsecond)
					b.MeasureStart()
					b.ReplyClient().WriteRaw(nil)
					b.MeasureEnd()
					if err := b.Unblock(uintptr(n)); err != nil {
						t.Error(err)
					}
				}()
			default: // long after
				b.Data = uintptr(n)
				rest <- b
			}
		}})
		if err != nil {
			t.Error(err)
		}
	})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rnd := rand.New(rand.NewSource(int64(i)))
			for range 60 {
				conn := l.connect()
				// It may be gone already: another goroutine's CLIENT KILL takes all.
				_, _ = conn.Write([]byte(strings.Repeat("linger\r\n", 1+rnd.Intn(4))))
				time.Sleep(time.Duration(rnd.Intn(2000)) * time.Microsecond)
				if rnd.Intn(4) == 0 {
					_, _ = conn.Write([]byte("client kill type normal skipme yes\r\n")) // it may be gone
				}
				_ = conn.Close()
			}
		}()
	}
	wg.Wait()
	l.until("all clients are gone", func(s *Server) bool { return s.ClientCount() == 0 })
	close(rest)
	for b := range rest {
		if err := b.Unblock(b.Data); err != nil {
			t.Error(err)
		}
	}
	l.until("all data is freed", func(s *Server) bool { return s.BlockedCount("hammer") == 0 })
	l.on(func(s *Server) {
		if s.Stats.Blocked != 0 || blocked.Load() != freed.Load() || freed.Load() == 0 {
			t.Errorf("%d blocked, %d blocks, %d freed", s.Stats.Blocked, blocked.Load(), freed.Load())
		}
	})
}

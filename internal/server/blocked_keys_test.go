package server

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// keyWaiter adds the command "await key value [ms]", which waits until the string
// under the key is the value.
func keyWaiter(t *testing.T, deleted, onTimeout bool) *waiter {
	w := &waiter{live: start(t, nil), handles: make(chan *Blocked, 100)}
	o := BlockOptions{
		Owner:   "me",
		Deleted: deleted,
		OnReady: func(c *Client, b *Blocked, key []byte) bool {
			e := c.srv.LookupKey(c.DB, key)
			if e == nil {
				w.note("gone " + string(key))
				c.WriteError("GONE it is")
				return true
			}
			if string(e.Bytes(nil)) != string(b.Argv()[2]) {
				w.note("not yet " + string(key))
				return false
			}
			w.note("ready " + string(key))
			c.WriteStatus("ready")
			return true
		},
		OnDisconnect: func(*Blocked) { w.note("disconnect") },
		Free:         func(b *Blocked, data uintptr) { w.note(fmt.Sprintf("free %d", data)) },
	}
	if onTimeout {
		o.OnTimeout = func(c *Client, b *Blocked) {
			w.note("timeout")
			c.WriteStatus("too late")
		}
	}
	n := uintptr(0)
	w.add("await", func(c *Client, argv [][]byte) {
		o := o
		n++
		o.Data, o.Keys = n, argv[1:2]
		if len(argv) > 3 {
			o.Timeout, _ = ParseInt(argv[3])
		}
		b, err := c.srv.Block(c, o)
		if err != nil && !errors.Is(err, ErrCannotBlock) {
			t.Error(err)
		}
		w.handles <- b
	})
	w.add("signal", func(c *Client, argv [][]byte) {
		c.srv.SignalKey(c.DB, argv[1], false)
		c.WriteOK()
	})
	return w
}

func TestBlockForKeys(t *testing.T) {
	w := keyWaiter(t, false, true)
	c, d := w.dial(), w.dial()
	c.send("await k 2", "ping")
	b := <-w.handles
	d.expect("signal k", "OK", "set k 1", "OK", "signal other", "OK", "signal k", "OK")
	c.quiet()
	d.expect("set k 2", "OK", "del k", "1") // not told of
	c.quiet()
	d.expect("set k 2", "OK", "signal k", "OK")
	if got := c.next() + ", " + c.next(); got != "ready, PONG" {
		t.Error(got)
	}
	if !b.ForKeys() {
		t.Error("not for keys")
	}
	w.noted("not yet k", "ready k", "free 1")
	w.on(func(s *Server) {
		if len(s.waits.queues) != 0 || s.waits.count != 0 || s.waits.timed != 0 {
			t.Errorf("%+v", s.waits)
		}
		if st := s.Lookup([]byte("await")).Stats; st.Calls != 1 || st.Failed != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestBlockForKeysLeaves: who has been served is in nobody's way, although the wait
// ends when the loop comes to it.
func TestBlockForKeysLeaves(t *testing.T) {
	w := keyWaiter(t, false, true)
	c, d := w.dial(), w.dial()
	c.send("await k v")
	<-w.handles
	w.on(func(s *Server) {
		s.SetString(0, []byte("k"), []byte("v"))
		s.SignalKey(0, []byte("k"), false)
		s.serveReady()
		if len(s.waits.queues) != 0 || s.waits.count != 0 || s.Stats.Blocked != 1 {
			t.Errorf("%d queues, %d waiting, %d blocked", len(s.waits.queues), s.waits.count, s.Stats.Blocked)
		}
	})
	if got := c.next(); got != "ready" {
		t.Error(got)
	}
	d.expect("ping", "PONG")
	w.noted("ready k", "free 1")
}

// TestBlockForKeysEnds has waits for keys end in all other ways: the private data
// is freed without anybody's asking.
func TestBlockForKeysEnds(t *testing.T) {
	w := keyWaiter(t, true, true)
	d := w.dial()
	ended := func(notes ...string) {
		t.Helper()
		w.noted(notes...)
		w.on(func(s *Server) {
			w.notes = nil
			if len(s.waits.queues) != 0 || s.waits.timed != 0 {
				t.Errorf("%+v", s.waits)
			}
		})
	}
	wait := func(line string) (*wire, *Blocked, string) {
		c := w.dial()
		id := c.do("client id")
		c.send(line)
		return c, <-w.handles, id
	}

	c, b, _ := wait("await k x 10")
	if got := c.next(); got != "too late" {
		t.Error(got)
	}
	ended("timeout", "free 1")
	if err := b.UnblockKeys(false); err != nil {
		t.Error(err)
	}

	c, _, id := wait("await k x 100000")
	d.expect("client unblock "+id, "1")
	if got := c.next(); got != "too late" {
		t.Error(got)
	}
	ended("timeout", "free 2")

	c, _, id = wait("await k x")
	d.expect("client unblock "+id+" error", "1")
	if got := c.next(); got != "-UNBLOCKED client unblocked via CLIENT UNBLOCK" {
		t.Error(got)
	}
	ended("disconnect", "free 3")

	c, _, id = wait("await k x 100000")
	d.expect("client kill id "+id, "1")
	c.closed()
	ended("disconnect", "free 4")

	c, b, _ = wait("await k x")
	if err := b.UnblockKeys(false); err != nil { // from a thread, without the lock
		t.Error(err)
	}
	if got := c.next(); got != "too late" {
		t.Error(got)
	}
	ended("timeout", "free 5")

	c, b, _ = wait("await k x")
	w.on(func(*Server) {
		if err := b.UnblockKeys(true); err != nil {
			t.Error(err)
		}
		w.note("unblocked")
	})
	if got := c.next(); got != "too late" {
		t.Error(got)
	}
	ended("timeout", "unblocked", "free 6")

	d.expect("set k 1", "OK")
	c, _, _ = wait("await k x")
	d.expect("del k", "1") // nobody is told of strings
	c.quiet()
	d.expect("signal k", "OK")
	if got := c.next(); got != "-GONE it is" {
		t.Error(got)
	}
	ended("gone k", "free 7")

	d.expect("multi", "OK", "await k x", "QUEUED", "exec", "[-ERR Blocking module command called from transaction]")
	<-w.handles
	ended("free 8")

	c, b, _ = wait("await k x")
	w.on(func(s *Server) { s.UnblockOwned("me") })
	d.expect("ping", "PONG")
	if err := b.UnblockKeys(true); err != nil {
		t.Error(err)
	}
	ended("free 9")
	c.send("ping")
	if got := c.next(); got != "PONG" {
		t.Error(got)
	}
}

// TestBlockForKeysUntouchable: a module without a timeout function does not expect
// that its client is disturbed, not even by itself.
func TestBlockForKeysUntouchable(t *testing.T) {
	w := keyWaiter(t, false, false)
	c, d := w.dial(), w.dial()
	id := c.do("client id")
	c.send("await k v")
	b := <-w.handles
	d.expect("client unblock "+id, "0", "client unblock "+id+" error", "0")
	if err := b.UnblockKeys(false); !errors.Is(err, ErrNoTimeout) {
		t.Error(err)
	}
	d.expect("set k v", "OK", "signal k", "OK")
	if got := c.next(); got != "ready" {
		t.Error(got)
	}
	w.noted("ready k", "free 1")

	// If its time is over all the same, its client is not left without an answer.
	c.send("await other v 5")
	<-w.handles
	if got := c.next(); got != "nil" {
		t.Error(got)
	}
}

// TestBlockTimeoutRange: limits below zero are over at once, those that no clock
// reaches are refused.
func TestBlockTimeoutRange(t *testing.T) {
	w := keyWaiter(t, false, true)
	w.dial().expect("await k v -5", "too late", "await k v 9223372036854775807", "-ERR timeout is out of range")
	c := w.dial()
	c.send("await k v 9000000000000000000") // some hundred million years
	for range 3 {
		<-w.handles
	}
	c.quiet()
}

// TestWaitOutputLimit: who gets too much at the end of a wait is closed.
func TestWaitOutputLimit(t *testing.T) {
	l := start(t, func(set *Settings) { set.OutputLimits[ClassNormal].Hard = 100_000 })
	handles := make(chan *Blocked, 1)
	l.on(func(s *Server) {
		err := s.AddCommand(&Command{Name: "linger", Arity: 1, Flags: Module, Handler: func(c *Client, _ [][]byte) {
			b, err := s.Block(c, BlockOptions{OnReply: func(c *Client, _ *Blocked) { c.WriteBulkString(strings.Repeat("x", 200_000)) }})
			if err != nil {
				t.Error(err)
			}
			handles <- b
		}})
		if err != nil {
			t.Error(err)
		}
	})
	c, d := l.dial(), l.dial()
	c.send("linger")
	if err := (<-handles).Unblock(0); err != nil {
		t.Error(err)
	}
	l.until("it is closed", func(s *Server) bool { return s.ClientCount() == 1 })

	c = l.dial()
	c.send("blmpop 0 1 l left count 3")
	l.until("it waits", func(s *Server) bool { return s.Stats.Blocked == 1 })
	big := strings.Repeat("y", 50_000)
	d.expect("rpush l "+big+" "+big+" "+big, "3")
	l.until("it is closed", func(s *Server) bool { return s.ClientCount() == 1 && s.Stats.OutputBufferDisconnections == 2 })
}

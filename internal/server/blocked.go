package server

import (
	"sync"
	"time"

	"berth/loop"
)

// BlockOptions say how a client waits. All functions run on the loop.
type BlockOptions struct {
	// Timeout ends the wait by itself; 0 never.
	Timeout time.Duration
	// OnReply writes the reply once Unblock was called; it may be nil when
	// the reply was written to ReplyClient.
	OnReply func(c *Client, b *Blocked)
	// OnTimeout writes the reply when the time is up or CLIENT UNBLOCK ends
	// the wait. Without it CLIENT UNBLOCK does not touch the client.
	OnTimeout func(c *Client, b *Blocked)
	// OnDisconnect runs when the client goes away while it waits.
	OnDisconnect func(b *Blocked)
	// Free releases the private data, exactly once, after Unblock or Abort.
	Free func(b *Blocked, data uintptr)
	// Owner is an opaque label, by which BlockedCount counts.
	Owner any
}

// Blocked is one wait of one client. It stays valid until Free has run, which
// only Unblock or Abort bring about, whatever happens to the client meanwhile:
// a thread may hold it without knowing whether the client still waits.
type Blocked struct {
	// Owner is the label given to Block.
	Owner any
	// Data is the private data. Unblock replaces it.
	Data uintptr
	// Handle is for the owner, who may hang its own record here.
	Handle any

	srv    *Server
	client *Client
	reply  *Client
	opts   BlockOptions
	argv   [][]byte
	db     int
	timer  loop.TimerID

	// mu guards what other threads change.
	mu        sync.Mutex
	unblocked bool
	aborted   bool
	measuring int64
	// background is what MeasureStart and MeasureEnd added up, in
	// nanoseconds.
	background int64
	// result is the private data that Unblock brought; it becomes Data on
	// the loop.
	result uintptr
}

// blockedState is what the server knows of waiting clients.
type blockedState struct {
	// byOwner counts handles whose Free has not run yet.
	byOwner map[any]int
	// inReply is whom OnReply is writing to: that one must not block again.
	inReply *Client

	// mu guards queue, which any thread appends to.
	mu    sync.Mutex
	queue []*Blocked

	pause pauseState
}

// Block makes the client wait: its further requests stay unread until Unblock,
// the timeout or CLIENT UNBLOCK. Call it from the client's own command; argv is
// kept for OnReply.
//
// Where a client must not be blocked an error is replied to it and
// ErrCannotBlock returned together with a handle that has no client: whoever
// wants to free data through Unblock still can.
func (s *Server) Block(c *Client, o BlockOptions) (*Blocked, error) {
	b := &Blocked{Owner: o.Owner, srv: s, opts: o, db: c.DB}
	b.reply = s.NewFakeClient(FakeOptions{DB: c.DB, RESP: c.RESP, Flags: FlagModule, User: c.User, Owner: o.Owner})
	if s.blocked.byOwner == nil {
		s.blocked.byOwner = make(map[any]int)
	}
	s.blocked.byOwner[o.Owner]++
	if refusal := s.refuseBlock(c); refusal != "" {
		c.WriteError(refusal)
		return b, ErrCannotBlock
	}
	b.client = c
	b.argv = copyArgs(c.argv)
	c.argv = b.argv // what it was lies in the loop's buffer
	if o.Timeout > 0 {
		b.timer = s.Loop.AddTimer(o.Timeout, func(loop.TimerID) time.Duration {
			b.timer = 0
			s.timeOut(b)
			return loop.NoMore
		}, nil)
	}
	c.blocked = b
	c.Flags |= FlagBlocked
	s.Stats.Blocked++
	return b, nil
}

// refuseBlock says why the client cannot wait, "" when it can.
func (s *Server) refuseBlock(c *Client) string {
	switch {
	case c.Flags&FlagScript != 0:
		return "ERR Blocking module command called from Lua script"
	case s.exec.inExec:
		return "ERR Blocking module command called from transaction"
	case s.blocked.inReply == c:
		return "ERR Blocking module command called from a Reply callback context"
	case c.Flags&FlagFake != 0:
		return "ERR Blocking module command called from a call that cannot wait"
	case c.Flags&FlagBlocked != 0:
		return "ERR Blocking module command called for a client that is blocked already"
	}
	return ""
}

// Client is the client that waits, nil once it does not any more. Loop or
// host lock.
func (b *Blocked) Client() *Client { return b.client }

// ReplyClient is a fake client whose output is sent when the wait ends by
// Unblock. One thread at a time, with or without the host lock.
func (b *Blocked) ReplyClient() *Client { return b.reply }

// Argv are the arguments of the command that blocked; nil when it was refused.
// They live as long as b.
func (b *Blocked) Argv() [][]byte { return b.argv }

// DB is the database that was selected when the wait began.
func (b *Blocked) DB() int { return b.db }

// SetDisconnect replaces OnDisconnect. Loop or host lock.
func (b *Blocked) SetDisconnect(fn func(b *Blocked)) { b.opts.OnDisconnect = fn }

// Unblock ends the wait: soon, on the loop, OnReply and Free run. Any thread,
// at any moment, also before the command returned or after the client is gone;
// but once: afterwards b must not be used, and a second call, if b still
// lives, gives ErrAlreadyUnblocked.
func (b *Blocked) Unblock(data uintptr) error {
	b.mu.Lock()
	if b.unblocked {
		b.mu.Unlock()
		return ErrAlreadyUnblocked
	}
	b.unblocked = true
	b.result = data
	b.mu.Unlock()
	b.enqueue()
	return nil
}

// enqueue hands b to the loop. Of many that wait, only the first wakes it.
func (b *Blocked) enqueue() {
	s := b.srv
	s.blocked.mu.Lock()
	s.blocked.queue = append(s.blocked.queue, b)
	first := len(s.blocked.queue) == 1
	s.blocked.mu.Unlock()
	if first {
		s.Loop.Post(s.serveUnblocked)
	}
}

// Abort ends the wait without OnReply and OnDisconnect. Free runs with no data,
// as in Redis: who aborts keeps what it set before. Any thread.
func (b *Blocked) Abort() error {
	b.mu.Lock()
	if b.unblocked {
		b.mu.Unlock()
		return ErrAlreadyUnblocked
	}
	b.unblocked, b.aborted = true, true
	b.mu.Unlock()
	b.enqueue()
	return nil
}

// MeasureStart begins a stretch of work that counts as time of the command.
// Any thread.
func (b *Blocked) MeasureStart() {
	b.mu.Lock()
	b.measuring = nanotime()
	b.mu.Unlock()
}

// MeasureEnd adds the time since MeasureStart to the command's, and reports
// false when there was no MeasureStart. Any thread.
func (b *Blocked) MeasureEnd() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.measuring == 0 {
		return false
	}
	b.background += nanotime() - b.measuring
	return true
}

// BlockedCount is how many waits of an owner have not been freed yet.
func (s *Server) BlockedCount(owner any) int { return s.blocked.byOwner[owner] }

// UnblockOwned ends all waits of an owner, with no data, as Unblock would. Loop.
func (s *Server) UnblockOwned(owner any) {
	for c := s.clients.first; c != nil; c = c.next {
		if b := c.blocked; b != nil && b.Owner == owner {
			_ = b.Unblock(0) // that it was unblocked already is as good
		}
	}
}

// serveUnblocked ends the waits for which Unblock was called. Loop.
func (s *Server) serveUnblocked() {
	s.blocked.mu.Lock()
	queue := s.blocked.queue
	s.blocked.queue = nil
	s.blocked.mu.Unlock()
	for i, b := range queue {
		if c := b.client; c != nil && c == s.exec.current {
			// The loop runs inside this very client's command: it must
			// return first.
			s.blocked.mu.Lock()
			s.blocked.queue = append(s.blocked.queue, b)
			s.blocked.mu.Unlock()
			s.AfterUnit(func() { s.Loop.Post(s.serveUnblocked) })
			continue
		}
		queue[i] = nil
		s.finishBlocked(b)
	}
}

// finishBlocked replies, frees the private data and lets the client go on, in
// this order: the reply may need the data, and nothing may need b afterwards.
func (s *Server) finishBlocked(b *Blocked) {
	c := b.client
	b.Data = b.result
	errors := s.Stats.ErrorReplies
	var spent int64
	s.EnterUnit()
	if c != nil && !b.aborted && b.opts.OnReply != nil {
		start := nanotime()
		s.blocked.inReply = c
		b.opts.OnReply(c, b)
		s.blocked.inReply = nil
		spent = nanotime() - start
	}
	b.free()
	if c = b.client; c != nil { // OnReply may have closed it
		c.Append(b.reply)
		c.countUnblocked(b.backgroundNanos()+spent, s.Stats.ErrorReplies != errors)
		b.opts.OnDisconnect = nil
		s.release(c)
	}
	s.LeaveUnit()
}

// free runs Free for the private data. It is reached once, from finishBlocked,
// since only one Unblock succeeds.
func (b *Blocked) free() {
	s := b.srv
	if fn := b.opts.Free; fn != nil {
		b.opts.Free = nil
		fn(b, b.Data)
	}
	if n := s.blocked.byOwner[b.Owner] - 1; n > 0 {
		s.blocked.byOwner[b.Owner] = n
	} else {
		delete(s.blocked.byOwner, b.Owner)
	}
}

// countUnblocked adds the time of a module's finished wait to the command's
// statistics.
func (c *Client) countUnblocked(nanos int64, failed bool) {
	c.countWaited(c.blocked.argv, nanos, failed)
}

// countWaited adds the time of a finished wait to the statistics of the command,
// which argv is. A command that is tried again in the end counts itself.
func (c *Client) countWaited(argv [][]byte, nanos int64, failed bool) {
	if cmd := c.cmd; cmd != nil {
		cmd.Stats.Calls++
		cmd.Stats.Nanos += c.duration + nanos
		c.srv.observe(cmd, c.duration+nanos)
		if total := c.duration + nanos; total >= c.srv.slow.threshold {
			c.srv.noteSlow(c, cmd, argv, total)
		}
		if failed {
			cmd.Stats.Failed++
		}
		c.srv.noteLatency("command-unblocking", nanos)
	}
	c.duration = 0
	c.srv.Stats.Commands++
}

// timeOut ends a wait whose time is up. If Unblock was faster, it wins.
func (s *Server) timeOut(b *Blocked) {
	c := b.client
	if c == nil || b.isUnblocked() {
		return
	}
	errors := s.Stats.ErrorReplies
	if b.opts.OnTimeout != nil {
		s.EnterUnit()
		b.opts.OnTimeout(c, b)
		s.TellWaiting()
		s.exec.depth--
	}
	if b.client == nil {
		return
	}
	c.countUnblocked(b.backgroundNanos(), s.Stats.ErrorReplies != errors)
	b.opts.OnDisconnect = nil
	s.release(c)
	if s.exec.depth == 0 && s.exec.unitWork {
		s.finishUnit()
	}
}

// errTextUnblocked is what CLIENT UNBLOCK ERROR has a client replied.
const errTextUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK"

// UnblockClient is CLIENT UNBLOCK: it ends the wait as a timeout, or with an
// error. It reports false for a client that does not wait or must not be
// disturbed.
func (s *Server) UnblockClient(c *Client, withError bool) bool {
	if w := c.waits; w != nil && w.parked {
		if withError {
			s.refuseWait(w, errTextUnblocked)
		} else {
			s.waitOver(w)
		}
		return true
	}
	b := c.blocked
	if b == nil || b.opts.OnTimeout == nil {
		return false
	}
	if b.isUnblocked() {
		return true
	}
	if !withError {
		s.timeOut(b)
		return true
	}
	c.WriteError(errTextUnblocked)
	c.countUnblocked(0, true)
	s.disconnected(c)
	s.release(c)
	return true
}

func (b *Blocked) isUnblocked() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unblocked
}

func (b *Blocked) backgroundNanos() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.background
}

// disconnected runs OnDisconnect for a client that is taken away from its
// wait.
func (s *Server) disconnected(c *Client) {
	b := c.blocked
	if b == nil || b.opts.OnDisconnect == nil {
		return
	}
	fn := b.opts.OnDisconnect
	b.opts.OnDisconnect = nil
	b.mu.Lock()
	aborted := b.aborted
	b.mu.Unlock()
	if !aborted {
		fn(b)
	}
}

// release takes the client out of its wait and has its further input
// processed.
func (s *Server) release(c *Client) {
	b := c.blocked
	c.blocked = nil
	b.client = nil
	if b.timer != 0 {
		s.Loop.RemoveTimer(b.timer)
		b.timer = 0
	}
	s.Stats.Blocked--
	c.Flags &^= FlagBlocked | FlagExecuting
	c.finishCommand()
	s.resumeClient(c)
}

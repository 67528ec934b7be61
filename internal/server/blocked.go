package server

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"berth/loop"
)

// BlockOptions say how a client waits. All functions run on the loop.
type BlockOptions struct {
	// Timeout ends the wait after so many milliseconds: 0 never, below zero at
	// once.
	Timeout int64
	// Keys are what the client waits for; nil if only Unblock and the timeout
	// end the wait.
	Keys [][]byte
	// Deleted has OnReady asked also when one of Keys goes.
	Deleted bool
	// OnReady is asked when one of Keys is ready, and reports whether it has
	// replied. Until it has, the client goes on waiting.
	OnReady func(c *Client, b *Blocked, key []byte) bool
	// Data is the private data until Unblock brings other: not to a wait for keys.
	Data uintptr
	// OnReply writes the reply once Unblock was called; it may be nil when
	// the reply was written to ReplyClient. When the client waits for keys it
	// runs only if UnblockOwned ends the wait.
	OnReply func(c *Client, b *Blocked)
	// OnTimeout writes the reply when the time is up or CLIENT UNBLOCK ends
	// the wait, and also when Unblock does if the client waits for keys.
	// Without it CLIENT UNBLOCK does not touch the client, and Unblock not one
	// that waits for keys.
	OnTimeout func(c *Client, b *Blocked)
	// OnDisconnect runs when the client goes away while it waits.
	OnDisconnect func(b *Blocked)
	// Free releases the private data, exactly once, after Unblock or Abort, or
	// at the end of a wait for keys.
	Free func(b *Blocked, data uintptr)
	// Owner is an opaque label, by which BlockedCount counts.
	Owner any
	// Into is memory for the wait, nil to have it made. OnOver runs when it may be
	// used again.
	Into   *Blocked
	OnOver func(b *Blocked)
}

// Blocked is one wait of one client. It stays valid until Free has run, which
// only Unblock or Abort bring about, whatever happens to the client meanwhile:
// a thread may hold it without knowing whether the client still waits. A wait
// for keys is different: it is the server's to end, and Free runs when the client
// has its reply or is gone.
type Blocked struct {
	// Owner is the label given to Block.
	Owner any
	// Data is the private data. Unblock replaces it.
	Data uintptr
	// Handle is for the owner, who may hang its own record here.
	Handle any

	srv    *Server
	client *Client
	opts   BlockOptions
	argv   [][]byte
	db     int
	resp   int
	user   string
	timer  loop.TimerID
	// keys is the client's place among those who wait for keys, nil if it
	// waits for none.
	keys *keyWait
	// told is set when UnblockOwned ended a wait for keys.
	told bool
	// answer is whether the client has the last word on its wait.
	answer answerState

	// ending is what other threads change, until over is set.
	ending *Ending
	over   atomic.Bool
	// late says that OnTimeout has yet to reply. It belongs to who has claimed the end.
	late bool
	// mu guards reply, which is made when somebody asks for it: most reply when they
	// are called.
	mu    sync.Mutex
	reply *Client
	// earlier is the reply client of an earlier wait in this memory.
	earlier *Client
}

// answerState says whether a client that waits is told that the wait is over. Who
// does that may run code of modules, which may do anything but to tell it again.
type answerState uint8

const (
	unanswered answerState = iota
	// serving: OnReady is asked, which may say no.
	serving
	answering
	answered
)

// blockedState is what the server knows of waiting clients.
type blockedState struct {
	// byOwner counts handles whose Free has not run yet.
	byOwner map[any]int
	// fakes are the clients without a connection that wait for a module.
	fakes map[*Client]bool
	// inReply is whom OnReply is writing to: that one must not block again.
	inReply *Client

	endings endings

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
	b := o.Into
	if b == nil {
		b = new(Blocked)
	}
	*b = Blocked{Owner: o.Owner, Data: o.Data, srv: s, opts: o, db: c.DB, resp: c.RESP, user: c.User, earlier: b.earlier}
	if o.Keys != nil {
		b.keys = &keyWait{client: c, kind: waitModule, gone: o.Deleted, module: b}
	}
	b.ending = s.newEnding(b)
	if s.blocked.byOwner == nil {
		s.blocked.byOwner, s.blocked.fakes = make(map[any]int), make(map[*Client]bool)
	}
	s.blocked.byOwner[o.Owner]++
	if refusal := s.refuseBlock(c, o.Timeout); refusal != "" {
		c.WriteError(refusal)
		b.endKeys() // nobody else ends a wait for keys that did not begin
		return b, ErrCannotBlock
	}
	b.client = c
	b.argv = copyArgs(c.argv)
	c.argv = b.argv // what it was lies in the loop's buffer
	if o.Timeout != 0 {
		s.waits.timed++
		b.timer = s.Loop.AddTimer(time.Duration(min(o.Timeout, longestWait))*time.Millisecond, func(loop.TimerID) time.Duration {
			s.waits.timed--
			b.timer = 0
			s.timeOut(b)
			return loop.NoMore
		}, nil)
	}
	if b.keys != nil {
		s.park(b.keys, o.Keys)
		b.opts.Keys = nil // the caller's
	}
	c.blocked = b
	c.Flags |= FlagBlocked
	if c.Flags&FlagFake == 0 {
		s.Stats.Blocked++
	} else {
		s.blocked.fakes[c] = true
	}
	return b, nil
}

// refuseBlock says why the client cannot wait for so many milliseconds, "" when
// it can.
func (s *Server) refuseBlock(c *Client, timeout int64) string {
	switch {
	case timeout > math.MaxInt64-s.Mstime():
		return "ERR timeout is out of range"
	case s.scripts.run != nil:
		return "ERR Blocking module command called from Lua script"
	case s.exec.inExec:
		return "ERR Blocking module command called from transaction"
	case s.blocked.inReply == c:
		return "ERR Blocking module command called from a Reply callback context"
	case c.Flags&FlagFake != 0 && c.whenDone == nil:
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
func (b *Blocked) ReplyClient() *Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reply == nil {
		o := FakeOptions{DB: b.db, RESP: b.resp, Flags: FlagModule, User: b.user, Owner: b.Owner}
		if c := b.earlier; c != nil && c.Reuse(&o) {
			b.reply = c
		} else {
			b.reply = b.srv.NewFakeClient(o)
		}
	}
	return b.reply
}

// Replied reports whether ReplyClient has been replied something. Loop.
func (b *Blocked) Replied() bool {
	c := b.gathered()
	return c != nil && len(c.out) != 0
}

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
// lives, gives ErrAlreadyUnblocked. For waits for keys see UnblockKeys.
func (b *Blocked) Unblock(data uintptr) error {
	if !b.claimAs(endingClaimed) {
		return ErrAlreadyUnblocked
	}
	b.ending.result.Store(data)
	b.ending.state.Store(endingUnblocked)
	b.enqueue()
	return nil
}

// Ending is what threads may use in place of b.
func (b *Blocked) Ending() *Ending { return b.ending }

// claimAs takes the right to end the wait; false when somebody has it.
func (b *Blocked) claimAs(state uint32) bool {
	if b.over.Load() {
		return false
	}
	from := endingOpen
	if b.keys != nil {
		from = endingOfKeys
	}
	return b.ending.state.CompareAndSwap(from, state)
}

// enqueue hands b to the loop.
func (b *Blocked) enqueue() { b.srv.enqueueEnding(b.ending) }

// Abort ends the wait without OnReply and OnDisconnect. Free runs with no data,
// as in Redis: who aborts keeps what it set before. Any thread.
func (b *Blocked) Abort() error {
	if !b.claimAs(endingAborted) {
		return ErrAlreadyUnblocked
	}
	b.enqueue()
	return nil
}

// MeasureStart begins a stretch of work that counts as time of the command.
// Any thread.
func (b *Blocked) MeasureStart() { b.ending.Start() }

// MeasureEnd adds the time since MeasureStart to the command's, and reports
// false when there was no MeasureStart. Any thread.
func (b *Blocked) MeasureEnd() bool { return b.ending.Stop() }

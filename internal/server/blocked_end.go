package server

// BlockedCount is how many waits of an owner have not been freed yet.
func (s *Server) BlockedCount(owner any) int { return s.blocked.byOwner[owner] }

// UnblockOwned ends all waits of an owner, with no data, as Unblock would. Loop.
func (s *Server) UnblockOwned(owner any) {
	for c := s.clients.first; c != nil; c = c.next {
		c.unblockOwned(owner)
	}
	for c := range s.blocked.fakes {
		c.unblockOwned(owner)
	}
}

func (c *Client) unblockOwned(owner any) {
	if b := c.blocked; b != nil && b.Owner == owner {
		// That it was unblocked already is as good.
		if b.Unblock(0) == nil {
			b.told = b.keys != nil
		}
	}
}

// serveUnblocked ends the waits for which Unblock was called. Loop.
func (s *Server) serveUnblocked() {
	if fn := s.Hooks.Rung; fn != nil {
		fn()
	}
	for i := s.takeEndings(); i != 0; {
		b, next := s.blocked.endings.owners[i-1], s.ending(i).next
		i = next
		if c := b.client; c != nil && (c == s.exec.current || b.answer == serving || b.answer == answering) {
			// The loop runs inside this very client's command, or inside of what
			// may end its wait: that must return first.
			s.AfterUnit(b.enqueue)
			continue
		}
		s.finishBlocked(b)
	}
}

// keptReply is how large the buffer of a reply client may be that is used again.
const keptReply = 16 << 10

// finishBlocked replies, frees the private data and lets the client go on, in
// this order: the reply may need the data, and nothing may need b afterwards.
func (s *Server) finishBlocked(b *Blocked) {
	c := b.client
	errors := s.Stats.ErrorReplies
	var spent int64
	s.EnterUnit()
	if b.keys == nil {
		b.Data = b.ending.result.Load()
	} else if c != nil && b.late && b.answer == unanswered {
		s.replyTimeout(b)
	}
	// Who waited for keys has its reply, unless the owner gave up.
	counted := b.keys != nil && !b.told
	if c != nil && !b.aborted() && !counted && b.answer == unanswered && b.opts.OnReply != nil {
		start := nanotime()
		outer := s.blocked.inReply // one that yields
		s.blocked.inReply = c
		b.opts.OnReply(c, b)
		s.blocked.inReply = outer
		spent = nanotime() - start
	}
	b.free()
	if c = b.client; c != nil { // OnReply may have closed it
		if from := b.gathered(); from != nil {
			c.Append(from)
		}
		if !counted {
			c.countUnblocked(b.backgroundNanos()+spent, s.Stats.ErrorReplies != errors)
		}
		b.opts.OnDisconnect = nil
		s.release(c)
	}
	s.forgetEnding(b)
	s.LeaveUnit()
	if c != nil {
		s.done(c)
	}
	if fn := b.opts.OnOver; fn != nil {
		b.earlier = b.reply
		if b.earlier != nil && cap(b.earlier.out) > keptReply {
			b.earlier = nil
		}
		fn(b)
	}
}

// gathered is the client that was replied to before the wait was over, nil for none.
func (b *Blocked) gathered() *Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reply
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
	if c == nil || b.answer != unanswered || b.isUnblocked() {
		return
	}
	claimed := b.keys != nil && b.claim()
	s.EnterUnit()
	s.replyTimeout(b)
	if b.client != nil {
		s.release(c)
	}
	if claimed {
		b.enqueue()
	}
	s.LeaveUnit()
	s.done(c)
}

// replyTimeout replies that the time is over. A module that has nothing to say
// then should not have set a limit: its client still gets an answer.
func (s *Server) replyTimeout(b *Blocked) {
	c, errors := b.client, s.Stats.ErrorReplies
	b.answer = answering
	b.opts.OnDisconnect = nil
	if b.opts.OnTimeout != nil {
		b.opts.OnTimeout(c, b)
	} else {
		c.WriteNullArray()
	}
	if b.client != nil {
		c.countUnblocked(b.backgroundNanos(), s.Stats.ErrorReplies != errors)
	}
	b.answer = answered
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
	if b.answer == serving {
		return false // by code of the module's that yields
	}
	if b.answer != unanswered || b.isUnblocked() {
		return true
	}
	if !withError {
		s.timeOut(b)
		return true
	}
	b.answer = answering
	c.WriteError(errTextUnblocked)
	c.countUnblocked(0, true)
	s.disconnected(c)
	if c.blocked == b { // OnDisconnect may have ended the wait
		s.release(c)
	}
	return true
}

func (b *Blocked) isUnblocked() bool {
	state := b.ending.state.Load()
	return state != endingOpen && state != endingOfKeys || b.over.Load()
}

func (b *Blocked) aborted() bool { return b.ending.state.Load() == endingAborted }

func (b *Blocked) backgroundNanos() int64 { return b.ending.background.Load() }

// disconnected runs OnDisconnect for a client that is taken away from its
// wait.
func (s *Server) disconnected(c *Client) {
	b := c.blocked
	if b == nil || b.opts.OnDisconnect == nil {
		return
	}
	fn := b.opts.OnDisconnect
	b.opts.OnDisconnect = nil
	state := b.ending.state.Load()
	if state == endingUnblocked && b.keys == nil {
		b.Data = b.ending.result.Load() // who unblocked it before must not find what was then freed
	}
	if state != endingAborted {
		b.answer = answering
		fn(b)
		b.answer = answered
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
		s.waits.timed--
	}
	if b.keys != nil {
		s.unpark(b.keys)
		b.endKeys()
	}
	s.unblocked(c)
	delete(s.blocked.fakes, c)
	s.endCommand(c)
}

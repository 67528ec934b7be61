package server

// ForKeys reports whether the client waits for keys, or tried to.
func (b *Blocked) ForKeys() bool { return b.keys != nil }

// UnblockKeys ends a wait for keys as if its time were over: OnTimeout replies, at
// once if the caller holds the host lock, else soon. A wait that is over already
// is left alone. Without OnTimeout it returns ErrNoTimeout.
func (b *Blocked) UnblockKeys(locked bool) error {
	if b.opts.OnTimeout == nil {
		return ErrNoTimeout
	}
	if !b.claim() {
		return nil
	}
	b.late = !locked
	if locked && b.client != nil && b.answer <= serving {
		b.srv.unpark(b.keys)
		b.srv.EnterUnit()
		b.srv.replyTimeout(b)
		b.srv.LeaveUnit()
	}
	b.enqueue()
	return nil
}

// endKeys has a wait for keys freed that nobody has ended yet.
func (b *Blocked) endKeys() {
	if b.keys != nil && b.claim() {
		b.enqueue()
	}
}

// claim takes the right to end the wait; false when somebody has it.
func (b *Blocked) claim() bool { return b.claimAs(endingUnblocked) }

// keyReady asks a module whether its client can be served now that a key is ready.
// A client that cannot keeps its place.
func (b *Blocked) keyReady(key []byte) {
	if b.answer != unanswered || b.isUnblocked() {
		return
	}
	s, c, start := b.srv, b.client, nanotime()
	errors := s.Stats.ErrorReplies
	outer, outerReply := s.exec.current, s.blocked.inReply
	s.exec.current, s.blocked.inReply = c, c
	s.EnterUnit()
	b.answer = serving
	served := b.opts.OnReady(c, b, key)
	if b.answer == serving {
		b.answer = unanswered
	}
	s.exec.current, s.blocked.inReply = outer, outerReply
	// The module may have unblocked the client itself, which is a reply too, or
	// have crashed, and its clients been unblocked.
	if served && b.client != nil {
		mine := b.claim()
		if mine {
			s.unpark(b.keys) // the next signal need not pass it
			b.enqueue()
		}
		if mine || b.told {
			b.told = false
			c.countUnblocked(nanotime()-start, s.Stats.ErrorReplies != errors)
		}
	}
	s.LeaveUnit()
}

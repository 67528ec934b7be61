package server

// keyReady notes that a key is there, or has news, for those who wait for its
// kind. They are served when the running command is over.
func (s *Server) keyReady(db int, key []byte, kind waitKind) { s.signal(db, key, kind, false) }

// keyGone notes that a key with a value of a kind is about to go.
func (s *Server) keyGone(db int, key []byte, kind waitKind) { s.signal(db, key, kind, true) }

func (s *Server) signal(db int, key []byte, kind waitKind, gone bool) {
	ws := &s.waits
	// Modules' clients wait for keys of all kinds, of those that can be waited
	// for.
	if kind == waitNothing || ws.kinds[kind] == 0 && ws.kinds[waitModule] == 0 {
		return
	}
	if q := ws.queues[dbKey{db, string(key)}]; q != nil && q.n != 0 && (!gone || q.gone != 0) {
		s.signalQueue(q)
	}
}

func (s *Server) signalQueue(q *waitQueue) {
	if q.ready {
		return
	}
	q.ready = true
	s.waits.ready = append(s.waits.ready, q)
	if len(s.waits.ready) == 1 {
		s.nudge()
	}
}

// nudge has the loop look at what a module's thread, which runs in its place, left
// for it to do.
func (s *Server) nudge() {
	if s.HostLock.Holder() != LoopHolder {
		s.Loop.Wake()
	}
}

// ThreadLeaves is to be called before a module's thread gives the host lock back: what
// it left for the loop to do is not to wait until something else wakes that.
func (s *Server) ThreadLeaves() {
	if len(s.net.pending)|len(s.clients.resume)|len(s.clients.toClose) != 0 {
		s.Loop.Wake()
	}
}

// SignalKey tells clients that wait for a key that it has news: those of modules,
// or those that wait for a stream.
func (s *Server) SignalKey(db int, key []byte, stream bool) {
	if s.waits.count == 0 {
		return
	}
	if stream {
		s.keyReady(db, key, waitStream)
	} else {
		s.keyReady(db, key, waitModule)
	}
}

// signalFlushed notes which keys are about to go with a database, or with all when
// db is below zero.
func (s *Server) signalFlushed(db int) {
	if s.waits.gone == 0 {
		return
	}
	for at, q := range s.waits.queues {
		if (db < 0 || at.db == db) && q.gone != 0 {
			s.signalLost(q, -1)
		}
	}
}

// signalLost notes that the key of a queue goes, or that the key of another
// database takes its place which has no value or one of another type.
func (s *Server) signalLost(q *waitQueue, heir int) {
	e := s.DBAt(q.at.db).Find([]byte(q.at.key))
	if e == nil || kindOf(e.Type()) == waitNothing {
		return
	}
	if heir >= 0 {
		if o := s.DBAt(heir).Find([]byte(q.at.key)); o != nil && o.Type() == e.Type() {
			return
		}
	}
	s.signalQueue(q)
}

// signalSwapped notes what swapping two databases is about to change; the function
// it returns notes what it has changed.
func (s *Server) signalSwapped(a, b int) (after func()) {
	if s.waits.count == 0 {
		return func() {}
	}
	of := func(fn func(*waitQueue)) {
		for at, q := range s.waits.queues {
			if (at.db == a || at.db == b) && q.n != 0 {
				fn(q)
			}
		}
	}
	of(func(q *waitQueue) {
		if q.gone != 0 {
			s.signalLost(q, a+b-q.at.db)
		}
	})
	return func() {
		of(func(q *waitQueue) {
			key := []byte(q.at.key)
			if e := s.DBAt(q.at.db).Find(key); e != nil {
				s.keyReady(q.at.db, key, kindOf(e.Type()))
			}
		})
	}
}

// serveReady serves those who wait for the keys that are ready. What that makes
// ready is served in the same run, so that it is not called within itself.
func (s *Server) serveReady() {
	ws := &s.waits
	if ws.serving {
		return
	}
	ws.serving = true
	for len(ws.ready) != 0 {
		list := ws.ready
		ws.ready = nil
		for _, q := range list {
			q.ready, q.serving = false, true
			s.serveQueue(q)
			q.serving = false
			q.dropEmpty(ws)
		}
		if ws.ready == nil {
			clear(list)
			ws.ready = list[:0]
		}
	}
	ws.serving = false
}

// serveQueue serves those who wait for one key, first come first served. Those
// whose command waits again are at the end of the queue then, for the next time.
func (s *Server) serveQueue(q *waitQueue) {
	end := s.waits.seq
	key := []byte(q.at.key)
	for n := q.first; n != nil && n.seq <= end; {
		e := s.DBAt(q.at.db).Find(key)
		if e != nil && e.Over(s.Mstime()) {
			e = nil
		}
		if e == nil && q.gone == 0 {
			return // nobody behind can be served either
		}
		w, seq, next := n.wait, n.seq, n.next
		nextSeq := uint64(0)
		if next != nil {
			nextSeq = next.seq
		}
		if w.client.Flags&FlagCloseASAP == 0 && (w.gone || e != nil && (w.kind == waitModule || w.kind == kindOf(e.Type()))) {
			if w.module != nil {
				w.module.keyReady(key)
			} else {
				s.retry(w)
			}
		}
		// Code of modules may have run and made others leave the queue.
		if next != nil && (next.queue != q || next.seq != nextSeq) {
			next = q.after(seq)
		}
		n = next
	}
}

// retry runs the command of a waiting client again.
func (s *Server) retry(w *keyWait) {
	c := w.client
	s.unpark(w)
	s.unblocked(c)
	outer := s.exec.current
	s.exec.current = c
	s.EnterUnit()
	s.tryAgain(c, w)
	s.LeaveUnit()
	s.exec.current = outer
}

// tryAgain runs the command of a client that has waited, and ends the wait unless
// it must go on.
func (s *Server) tryAgain(c *Client, w *keyWait) {
	c.argv = w.argv
	c.Flags |= FlagReprocessing
	s.dispatch(c, c.cmd, w.argv)
	c.Flags &^= FlagReprocessing
	if c.Flags&FlagBlocked == 0 {
		s.endWait(w)
	}
}

// unblocked takes the mark of waiting off.
func (s *Server) unblocked(c *Client) {
	c.Flags &^= FlagBlocked
	if c.Flags&FlagFake == 0 {
		s.Stats.Blocked--
	}
}

// endWait ends a wait whose client has its reply.
func (s *Server) endWait(w *keyWait) {
	c := w.client
	s.stopTimer(w)
	c.waits = nil
	s.endCommand(c)
	s.done(c)
}

// endCommand ends the command of a client that has waited. What else it sent is
// processed.
func (s *Server) endCommand(c *Client) {
	c.Flags &^= FlagExecuting
	if c.Flags&FlagCloseAfterCommand != 0 {
		c.Flags = c.Flags&^FlagCloseAfterCommand | FlagCloseAfterReply
	}
	c.finishCommand()
	if c.Flags&FlagFake == 0 {
		c.checkLimit()
		s.resumeClient(c)
	}
}

// waitOver ends a wait whose time is over. A command that is being postponed has
// its own turn, and finds that there is no time left.
func (s *Server) waitOver(w *keyWait) {
	if !w.parked {
		return
	}
	c := w.client
	if w.timeout != nil {
		w.timeout(c)
	} else {
		c.WriteNullArray()
	}
	c.countWaited(w.argv, 0, false)
	s.unpark(w)
	s.unblocked(c)
	s.endWait(w)
}

// refuseWait ends a wait with an error.
func (s *Server) refuseWait(w *keyWait, text string) {
	c := w.client
	c.WriteError(text)
	c.countWaited(w.argv, 0, true)
	s.unpark(w)
	s.unblocked(c)
	s.endWait(w)
}

// forgetWait ends the wait of a client that goes.
func (s *Server) forgetWait(c *Client) {
	w := c.waits
	s.stopTimer(w)
	if w.parked {
		s.unpark(w)
		s.unblocked(c)
	}
	c.waits = nil
}

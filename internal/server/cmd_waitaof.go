package server

func init() { handle(map[string]Handler{"waitaof": cmdWaitaof}) }

// errTextNoAOF is what those are told who wait for a file that there is not.
const errTextNoAOF = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."

// cmdWaitaof is WAITAOF numlocal numreplicas timeout.
func cmdWaitaof(c *Client, argv [][]byte) {
	local, ok := ParseInt(argv[1])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	if local < 0 || local > 1 {
		c.WriteError("ERR value is out of range, value must between 0 and 1")
		return
	}
	n, ok := ParseInt(argv[2])
	if !ok || n < 0 {
		c.WriteError("ERR value is out of range, must be positive")
		return
	}
	limit, ok := c.waitMillis(argv[3])
	if !ok {
		return
	}
	y := &c.srv.aof.sync
	switch {
	case local != 0 && !c.srv.Config.Values.AppendOnly:
		c.WriteError(errTextNoAOF)
	case n == 0 && (local == 0 || c.lasts()) || !c.mayWait():
		writeSyncs(c)
	case local == 0:
		c.waitForReplicas(limit, writeSyncs)
	default:
		y.waiting = append(y.waiting, c.waitForReplicas(limit, writeSyncs))
	}
}

// lasts reports whether the disk has all that the client wrote.
func (c *Client) lasts() bool {
	a := &c.srv.aof
	return a.mode == aofOn && a.sync.reached >= c.fed
}

// writeSyncs replies how many append-only files, the own and those of replicas, hold
// what the client wrote.
func writeSyncs(c *Client) {
	own := int64(0)
	if c.lasts() {
		own = 1
	}
	c.WriteArray(2)
	c.WriteInt(own)
	c.WriteInt(0)
}

// covers is how much of what was propagated is written: what the disk has after the
// next sync.
func (a *aofState) covers() int64 { return a.fed - int64(len(a.buf)) }

// synced takes note that the disk has all that was propagated up to a place. While an
// older file is being synced that is not so yet.
func (s *Server) synced(upTo int64) {
	y := &s.aof.sync
	y.known = max(y.known, upTo)
	if y.closing == 0 && y.reached < y.known {
		y.reached = y.known
		s.serveSynced()
	}
}

// serveSynced has those try again who wait for the disk, in the next iteration of the
// loop: what they sent behind it is looked at then.
func (s *Server) serveSynced() {
	y := &s.aof.sync
	list := y.waiting
	if len(list) == 0 {
		return
	}
	y.waiting = nil
	try := func() {
		for _, w := range list {
			if w.parked && w.client.waits == w {
				s.retry(w)
			}
		}
	}
	s.Loop.Post(func() { s.AfterUnit(try) })
}

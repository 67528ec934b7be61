package server

import "bytes"

// Sizes from which a command that would change a value waits until a snapshot has
// written it in steps. What is smaller is written on the spot.
const (
	hugeEffort = 4096
	hugeBytes  = 1 << 20
)

// waitsForSnapshot keeps a command that would change a huge value which a snapshot
// has yet to write. It reports whether it did. Commands that modules or scripts call
// do not wait: for them the value is written at once.
func (s *Server) waitsForSnapshot(c *Client, cmd *Command, argv [][]byte) bool {
	sn := s.persist.running
	if sn.walked || c.Flags&(FlagFake|FlagReplica|FlagDenyBlocking) != 0 {
		return false
	}
	found := false
	if cmd.Name == "exec" && c.multi != nil {
		for _, q := range c.multi.queue {
			if q.cmd.Flags&Write != 0 && sn.hurry(c.DB, q.cmd, q.argv) {
				found = true
			}
		}
	} else if cmd.Flags&Write != 0 {
		found = sn.hurry(c.DB, cmd, argv)
	}
	if !found {
		return false
	}
	c.Flags |= flagPostponed | FlagBlocked
	c.cmd = cmd
	c.later = copyArgs(argv)
	c.argv = c.later // what it was lies in the loop's buffer
	s.Stats.Blocked++
	sn.waiting = append(sn.waiting, c)
	return true
}

// hurry has the walk write the huge values among a command's keys next, and reports
// whether there are any.
func (sn *Snapshot) hurry(db int, cmd *Command, argv [][]byte) (found bool) {
	d := sn.s.DBAt(db)
	if !d.Guarding() {
		return false
	}
	keys, _ := cmd.FindKeys(argv)
	for _, k := range keys {
		e := d.Find(argv[k.Pos])
		if e == nil || !d.Due(e) || !e.Larger(hugeEffort, hugeBytes) {
			continue
		}
		found = true
		if sn.enc.Entry() != e {
			sn.next = append([]nextValue{{part: sn.part(d), key: bytes.Clone(e.Key())}}, sn.next...)
		}
	}
	return found
}

// resumeWaiting has the commands that waited run, or wait again.
func (sn *Snapshot) resumeWaiting() {
	list := sn.waiting
	sn.waiting = nil
	for _, c := range list {
		if c.Flags&flagPostponed != 0 {
			c.Flags &^= FlagBlocked
			sn.s.Stats.Blocked--
			sn.s.resumeClient(c)
		}
	}
}

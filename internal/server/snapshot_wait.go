package server

import "bytes"

// Sizes from which a command that would change a value waits until a snapshot has
// written it in steps. What is smaller is written on the spot.
const (
	hugeEffort = 4096
	hugeBytes  = 1 << 20
)

// maxExtra is how much memory a snapshot may take besides the data set, in bytes,
// before commands wait that would make it take more.
const maxExtra = 64 << 20

// taken is how much memory the snapshot takes besides the data set.
func (sn *Snapshot) taken() int64 {
	return sn.out.behind() + int64(len(sn.main.B)+len(sn.early.B)) + sn.held
}

// pressed reports whether the snapshot takes as much memory as it may.
func (sn *Snapshot) pressed() bool { return !sn.walked && sn.taken() > sn.most }

// snapshotPressed reports whether there is a snapshot that takes as much memory as
// it may: then no key goes for its age, or to make room.
func (s *Server) snapshotPressed() bool {
	return s.persist.running != nil && s.persist.running.pressed()
}

// waitsForSnapshot keeps a command that would change a huge value which a snapshot
// has yet to write, or that would have it keep old values when it has too many. It
// reports whether it did. Commands that modules or scripts call do not wait: for them
// the value is written at once.
func (s *Server) waitsForSnapshot(c *Client, cmd *Command, argv [][]byte) bool {
	sn := s.persist.running
	if sn.walked || c.Flags&(FlagFake|FlagReplica|FlagDenyBlocking) != 0 {
		return false
	}
	pressed := sn.pressed()
	found := false
	if cmd.Name == "exec" && c.multi != nil {
		for _, q := range c.multi.queue {
			if q.cmd.Flags&Write != 0 && sn.hurry(c.DB, q.cmd, q.argv, pressed) {
				found = true
			}
		}
	} else if cmd.Flags&Write != 0 {
		found = sn.hurry(c.DB, cmd, argv, pressed)
	}
	// With no memory left keys would have to go first.
	if found || pressed && cmd.Flags&DenyOOM != 0 && s.overMemory() != 0 {
		sn.keep(c, cmd, argv, pressed)
		return true
	}
	return false
}

// keep has a command wait, for a value or for memory.
func (sn *Snapshot) keep(c *Client, cmd *Command, argv [][]byte, pressed bool) {
	c.Flags |= flagPostponed | FlagBlocked
	c.cmd = cmd
	c.later = copyArgs(argv)
	c.argv = c.later // what it was lies in the loop's buffer
	sn.s.Stats.Blocked++
	if pressed {
		sn.crowd = append(sn.crowd, c)
	} else {
		sn.waiting = append(sn.waiting, c)
	}
}

// hurry has the walk write the huge values among a command's keys next, and reports
// whether there are any. With pressed set every value counts that is yet to be
// written.
func (sn *Snapshot) hurry(db int, cmd *Command, argv [][]byte, pressed bool) (found bool) {
	d := sn.s.DBAt(db)
	if !d.Guarding() {
		return false
	}
	keys, _ := cmd.FindKeys(argv)
	for _, k := range keys {
		e := d.Find(argv[k.Pos])
		if e == nil || !d.Due(e) {
			continue
		}
		found = found || pressed
		if !e.Larger(hugeEffort, hugeBytes) {
			continue
		}
		found = true
		if sn.enc.Entry() != e {
			sn.next = append([]nextValue{{part: sn.part(d), key: bytes.Clone(e.Key())}}, sn.next...)
		}
	}
	return found
}

// resumeWaiting has the commands that waited for a value run, or wait again.
func (sn *Snapshot) resumeWaiting() { sn.resume(&sn.waiting) }

// resumeCrowd does so with those that waited for memory, when there is some.
func (sn *Snapshot) resumeCrowd() {
	if len(sn.crowd) != 0 && !sn.pressed() {
		sn.resume(&sn.crowd)
	}
}

func (sn *Snapshot) resume(list *[]*Client) {
	clients := *list
	*list = nil
	for _, c := range clients {
		if c.Flags&flagPostponed != 0 {
			c.Flags &^= FlagBlocked
			sn.s.Stats.Blocked--
			sn.s.resumeClient(c)
		}
	}
}

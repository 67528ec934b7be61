package server

import (
	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// What is about to change, or goes, while a snapshot has yet to write it.

// part finds the database that is written as a part.
func (sn *Snapshot) part(db *store.DB) *snapshotPart {
	for _, p := range sn.parts {
		if p.db == db {
			return p
		}
	}
	panic("BUG: server: a snapshot guards a database that it does not have")
}

// Keep implements store.Guard.
func (sn *Snapshot) Keep(db *store.DB, e *store.Entry) {
	if sn.enc.Entry() == e || large(e) {
		defer sn.hold(holdLoop())
	}
	if sn.enc.Entry() == e {
		// Nobody could wait for it: a transaction or a module changes it.
		sn.enc.All(&sn.main)
		sn.handMain()
		return
	}
	var x snapshot.Encoder
	if err := sn.head(&sn.early, &sn.earlyDB, &x, sn.part(db), e); err != nil {
		sn.fail(err)
		return
	}
	x.All(&sn.early)
	if len(sn.early.B) >= chunkBytes {
		sn.handEarly()
	}
	sn.noteExtra()
}

// Take implements store.Guard.
func (sn *Snapshot) Take(db *store.DB, e *store.Entry) bool {
	switch {
	case sn.enc.Entry() == e:
		sn.loose = e
		sn.take(sn.encPart, e)
		return true
	case e.Type() == store.Module || !large(e):
		sn.Keep(db, e)
		return false
	}
	p := sn.part(db)
	sn.next = append(sn.next, nextValue{part: p, loose: e})
	sn.take(p, e)
	return true
}

// take counts the memory of a value that the snapshot takes over.
func (sn *Snapshot) take(p *snapshotPart, e *store.Entry) {
	n := int64(e.MemoryUsage())
	p.held += n
	sn.held += n
}

// drop gives such a value back, a large one step by step.
func (sn *Snapshot) drop(p *snapshotPart, e *store.Entry) {
	if p.release == nil { // else it is counted with the rest of the database
		n := int64(e.MemoryUsage())
		p.held -= n
		sn.held -= n
	}
	before := p.db.Pending()
	p.db.DiscardLater(e)
	if p.release == nil && before == 0 && p.db.Pending() == 1 {
		sn.s.reclaimLater(p.db)
	}
}

// heldMemory is how much memory have values that are gone for clients, and that a
// snapshot has yet to write.
func (s *Server) heldMemory() int64 {
	if s.persist.running == nil {
		return 0
	}
	return s.persist.running.held
}

// Sizes from which a value is written in steps.
const (
	largeEffort = 512
	largeBytes  = 64 << 10
)

// large reports whether to write the value takes too long to do it at once.
func large(e *store.Entry) bool {
	if e.Type() == store.Module {
		v := e.Module()
		o, ok := v.Of().(snapshot.Opaque)
		return ok && len(o.Body(v.Value)) > largeBytes
	}
	return e.Larger(largeEffort, largeBytes)
}

// handMain gives what the walk wrote to the goroutine.
func (sn *Snapshot) handMain() {
	sn.out.put(&sn.main)
	// The other writer's bytes may come in between.
	sn.mainDB = -1
}

// handEarly gives what was written early to the goroutine, unless a value is half
// written.
func (sn *Snapshot) handEarly() {
	if sn.enc.Entry() == nil {
		sn.out.put(&sn.early)
		sn.earlyDB = -1
	}
}

// fail notes why the snapshot cannot be completed.
func (sn *Snapshot) fail(err error) {
	if sn.err == nil && err != nil {
		sn.err = err
	}
}

// keepOld is called before the value of an entry is changed through a handle. It
// returns the entry, nil if a module whose value had to be saved took it away.
func (s *Server) keepOld(db int, key []byte, e *store.Entry) *store.Entry {
	d := s.DBAt(db)
	if !d.Due(e) {
		return e
	}
	module := e.Type() == store.Module
	d.Keep(e)
	if module {
		e = d.Find(key)
	}
	return e
}

var _ store.Guard = (*Snapshot)(nil)

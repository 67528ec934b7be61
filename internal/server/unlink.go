package server

import "berth/internal/store"

// unlinking is told of every value that is about to lose its key, RENAME and
// MOVE included. It reports whether code of a module may have run, which may
// have changed anything: then the entry is looked up again.
func (s *Server) unlinking(db int, key []byte, e *store.Entry, why LeaveReason) bool {
	if s.waits.gone != 0 {
		s.keyGone(db, key, kindOf(e.Type()))
	}
	if s.keyspace.onLeave == nil && e.Type() != store.Module {
		return false
	}
	s.freeze()
	defer s.thaw()
	s.leaving(db, key, why)
	if e = s.DBAt(db).Find(key); e == nil || e.Type() != store.Module {
		return true
	}
	v := e.Module()
	v.Of().Unlinked(store.ModuleKey{DB: db, Key: key}, v.Value)
	return true
}

// remove takes the key of e out of a database. With later set a large value is
// freed off the way. The key must not alias the entry.
func (s *Server) remove(db int, key []byte, e *store.Entry, later bool, why LeaveReason) bool {
	d := s.DBAt(db)
	if s.unlinking(db, key, e, why) && later {
		if e = d.Find(key); e != nil && e.Type() == store.Module {
			s.freeAside(db, key, d, e)
		}
	}
	if !later {
		return d.Delete(key)
	}
	before := d.Pending()
	if !d.Unlink(key) {
		return false
	}
	if before == 0 && d.Pending() == 1 {
		s.reclaimLater(d)
	}
	return true
}

// freeAside hands a module's value to the goroutine that frees them, if that is
// much work. The entry stays, with a number for a value.
func (s *Server) freeAside(db int, key []byte, d *store.DB, e *store.Entry) {
	v := e.Module()
	effort := v.Of().Effort(store.ModuleKey{DB: db, Key: key}, v.Value)
	if effort != 0 && effort <= store.LazyEffort {
		return
	}
	if e = d.Find(key); e != nil && e.Type() == store.Module && e.Module() == v {
		s.lazy.freeValue(d.TakeModule(e))
	}
}

// overwriting gets a key, whose entry is e or nil, ready for another value. It
// returns the entry, or nil when the key is fresh.
func (s *Server) overwriting(db int, key []byte, e *store.Entry) *store.Entry {
	if e == nil || !s.unlinking(db, key, e, LeaveOverwritten) {
		return e
	}
	d := s.DBAt(db)
	if e = d.Find(key); e != nil && e.Type() == store.Module && s.lazy.serverDel {
		s.freeAside(db, key, d, e)
		e = d.Find(key)
	}
	if e != nil && e.Type() == store.Module {
		d.TakeModule(e).Free()
		e = d.Find(key)
	}
	return e
}

// DropKey takes a key out for a module, which says itself, or by closing the key,
// that it changed. A large value is freed later if the module wants that, or
// lazyfree-lazy-server-del does.
func (s *Server) DropKey(db int, key []byte, later bool) bool {
	e := s.live(db, key)
	return e != nil && s.remove(db, key, e, later || s.lazy.serverDel, LeaveDeleted)
}

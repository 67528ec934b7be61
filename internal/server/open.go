package server

import "berth/internal/store"

// OpenFlag says what opening a key for a module leaves out, in the order of the
// interface's bits.
type OpenFlag uint8

const (
	// OpenNoTouch leaves the time of the last use as it is.
	OpenNoTouch OpenFlag = 1 << iota
	// OpenNoNotify sends no event when the key is not there.
	OpenNoNotify
	// OpenNoStats counts neither a hit nor a miss.
	OpenNoStats
	// OpenNoExpire leaves a key whose time is over where it is; it counts as
	// gone.
	OpenNoExpire
	// OpenNoEffects is all of the above.
	OpenNoEffects
	// OpenWrite is for a change: misses are none of those who listen.
	OpenWrite
)

// OpenKey finds a key for a module as a command would; nil when there is none.
// Modules may be told of what follows from it before it returns.
func (s *Server) OpenKey(db int, key []byte, flags OpenFlag) *store.Entry {
	if flags&OpenNoEffects != 0 {
		flags |= OpenNoTouch | OpenNoNotify | OpenNoStats | OpenNoExpire
	}
	e := s.openEntry(db, key, flags)
	if e == nil {
		if flags&(OpenNoNotify|OpenWrite) == 0 {
			s.notifyLater(NotifyKeyMiss, "keymiss", key, db)
		}
		if flags&(OpenNoStats|OpenWrite) == 0 {
			s.Stats.Misses++
		}
		s.TellWaiting()
		return nil
	}
	if flags&OpenNoTouch == 0 && s.touches() {
		s.DBAt(db).Access(e, s.Mstime())
	}
	if flags&(OpenNoStats|OpenWrite) == 0 {
		s.Stats.Hits++
	}
	return e
}

// OpenQuietly is OpenKey where all that follows is that uses are counted: ok is
// false, and nothing done, where more may, or where there is a handle to be made
// and handle is false. It neither allocates nor locks.
func (s *Server) OpenQuietly(db int, key []byte, flags OpenFlag, handle bool) (e *store.Entry, ok bool) {
	if flags&^OpenWrite != 0 || db >= len(s.keyspace.dbs) || s.keyspace.settings.LFU || s.notify.frozen != 0 || len(s.notify.waiting) != 0 {
		return nil, false
	}
	d := s.DBNow(db)
	e = d.Peek(key)
	if !handle && (e != nil || flags&OpenWrite != 0) {
		return nil, false
	}
	if e == nil {
		if flags&OpenWrite == 0 {
			if s.Hears(NotifyKeyMiss) {
				return nil, false
			}
			s.Stats.Misses++
		}
		return nil, true
	}
	if e.Expire() != 0 || flags&OpenWrite != 0 && s.persist.running != nil {
		return nil, false
	}
	if s.touches() {
		e.SetIdle(s.Mstime(), 0)
	}
	if flags&OpenWrite == 0 {
		s.Stats.Hits++
	}
	return e, true
}

func (s *Server) openEntry(db int, key []byte, flags OpenFlag) *store.Entry {
	switch {
	case flags&OpenNoExpire != 0:
		e := s.DBAt(db).Find(key)
		if e != nil && e.Over(s.Mstime()) && s.notify.noExpiry == 0 {
			return nil
		}
		if flags&OpenWrite != 0 {
			return s.FindForWrite(db, key)
		}
		return e
	case flags&OpenWrite != 0:
		return s.liveForWrite(db, key)
	}
	return s.live(db, key)
}

// ReplaceString puts a string under a key for a module, in the place of what was
// there, if anything. The module says itself, or by closing the key, that it
// changed. To those who look the old value is deleted, and the key is new.
func (s *Server) ReplaceString(db int, key, val []byte) *store.Entry {
	if s.keyspace.onLeave != nil || s.Hears(NotifyNew) {
		s.DropKey(db, key, false)
	}
	e := s.overwriting(db, key, s.liveForWrite(db, key))
	fresh := e == nil
	e = s.DBAt(db).PutPlain(e, key, val, false)
	s.placed(db, e, key, fresh)
	return e
}

// LookupKeyForWrite is LookupKey for who will put something in the place of a
// key that is not there.
func (s *Server) LookupKeyForWrite(db int, key []byte) *store.Entry { return s.liveForWrite(db, key) }

// FindForWrite finds a key that is open for writing, whether or not its time is over.
func (s *Server) FindForWrite(db int, key []byte) *store.Entry {
	e := s.DBAt(db).Find(key)
	if e != nil && s.persist.running != nil {
		e = s.keepOld(db, key, e)
	}
	return e
}

// RandomKey appends a key of a database, drawn at random among those whose time
// is not over, to buf. ok is false when there is none.
func (s *Server) RandomKey(db int, buf []byte) (key []byte, ok bool) {
	for range randomTries {
		e := s.DBAt(db).Random()
		for e != nil && e.Over(s.Mstime()) && s.Paused() == PauseNone && s.notify.noExpiry == 0 {
			s.expireKey(db, e.Key())
			e = s.DBAt(db).Random()
		}
		if e == nil {
			break
		}
		if !e.Over(s.Mstime()) || s.notify.noExpiry != 0 {
			return append(buf, e.Key()...), true
		}
	}
	return nil, false
}

// CountsUses reports whether keys keep how often they are used, not when, as
// the eviction policy wants it.
func (s *Server) CountsUses() bool { return s.keyspace.settings.LFU }

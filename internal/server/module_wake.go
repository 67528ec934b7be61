package server

import (
	"slices"
	"time"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// Unknown reports whether anything is kept for a type whose code mine accepts.
func (s *Server) Unknown(mine func(code uint64) bool) bool {
	u := &s.persist.unknown
	for _, a := range u.aux {
		if mine(a.code) {
			return true
		}
	}
	if u.kind == nil {
		return false
	}
	u.kind.mu.Lock()
	defer u.kind.mu.Unlock()
	for code := range u.kind.kept {
		if mine(code) {
			return true
		}
	}
	return false
}

// Wake has a module that was loaded make values of what was kept for the types whose
// codes mine accepts, in the order of a file. What it cannot load stays as it is.
func (s *Server) Wake(mine func(code uint64) bool) {
	start := time.Now()
	s.wakeAux(mine, true)
	woken, failed := 0, 0
	for i, d := range s.keyspace.dbs {
		for _, key := range unknownKeys(d, mine) {
			switch s.wakeValue(store.ModuleKey{DB: i, Key: key}, mine) {
			case wakeDone:
				woken++
			case wakeFailed:
				failed++
			}
		}
	}
	s.wakeAux(mine, false)
	s.Log(LogNotice, "Values that were kept for the module: %d loaded, %d could not be loaded, %.3f seconds", woken, failed, time.Since(start).Seconds())
}

// unknownKeys are the keys whose values are of unknown types that mine accepts.
func unknownKeys(d *store.DB, mine func(code uint64) bool) (keys [][]byte) {
	if d.Modules() == 0 {
		return nil
	}
	d.Each(func(e *store.Entry) bool {
		if e.Type() == store.Module {
			if code, ok := unknown(e.Module()); ok && mine(code) {
				keys = append(keys, slices.Clone(e.Key()))
			}
		}
		return true
	})
	return keys
}

// What became of a value.
const (
	wakeDone = iota
	wakeFailed
	wakeGone
)

// wakeValue has the value of a key loaded. The module may do anything meanwhile, with
// the key as well.
func (s *Server) wakeValue(key store.ModuleKey, mine func(code uint64) bool) int {
	d := s.DBAt(key.DB)
	e := d.Find(key.Key)
	if e == nil || e.Type() != store.Module {
		return wakeGone
	}
	old := e.Module()
	code, ok := unknown(old)
	if !ok || !mine(code) {
		return wakeGone
	}
	v, err := s.persist.modules.LoadValue(code, slices.Clone(s.persist.unknown.kind.Body(old.Value)), key)
	if err != nil {
		s.Log(LogWarning, "The value of key %q in DB %d stays unknown: %v", cut(key.Key, maxShown), key.DB, err)
		return wakeFailed
	}
	if e = d.Find(key.Key); e == nil || e.Type() != store.Module || e.Module() != old {
		v.Free()
		return wakeGone
	}
	d.Keep(e)
	e.PutModule(v)
	old.Free()
	return wakeDone
}

// wakeAux has what a module has besides values loaded, and keeps it no longer.
func (s *Server) wakeAux(mine func(code uint64) bool, before bool) {
	list := &s.persist.unknown.aux
	var load []unknownAux
	*list = slices.DeleteFunc(*list, func(a unknownAux) bool {
		is := a.before == before && mine(a.code)
		if is {
			load = append(load, a)
		}
		return is
	})
	for _, a := range load {
		if err := s.persist.modules.LoadAux(a.code, before, a.body); err != nil {
			s.Log(LogWarning, "The data of the type '%s' stay unknown: %v", snapshot.TypeName(a.code), err)
			*list = append(*list, a)
		}
	}
}

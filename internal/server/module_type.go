package server

import (
	"slices"
	"time"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// typeName is what TYPE replies for an entry.
func typeName(e *store.Entry) string {
	if e.Type() == store.Module {
		v := e.Module()
		if code, ok := unknown(v); ok {
			return snapshot.TypeName(code)
		}
		return v.Of().TypeName()
	}
	return e.Type().Name()
}

// copyModule puts a copy of the module's value of e under another key, replying
// the error itself when the module makes none.
func (c *Client) copyModule(e *store.Entry, from []byte, db int, to []byte) bool {
	s, v, expire := c.srv, e.Module(), e.Expire()
	n, can := v.Of().CopyValue(store.ModuleKey{DB: c.DB, Key: from}, store.ModuleKey{DB: db, Key: to}, v.Value)
	if !can {
		c.WriteError("ERR not supported for this module key")
		return false
	}
	if n == 0 {
		c.WriteError("ERR module key failed to copy")
		return false
	}
	v.Value = n
	d := s.DBAt(db)
	if old := d.Find(to); old != nil {
		s.remove(db, to, old, s.lazy.serverDel, LeaveDeleted)
	}
	if d.Find(to) != nil {
		// The module's code put something there again.
		v.Free()
		c.WriteError("ERR module key failed to copy")
		return false
	}
	e = d.AddModule(to, v)
	if expire != 0 {
		e = d.SetExpire(e, expire)
	}
	s.placed(db, e, to, true)
	return true
}

// SetModule stores a module's value under a key in place of whatever is there,
// for the module that owns the value. As in Redis those who watch the key are
// not told: the module closes the key, or says so itself.
func (s *Server) SetModule(db int, key []byte, v store.ModuleValue) {
	s.DropKey(db, key, false)
	if e := s.liveForWrite(db, key); e != nil {
		// Code that heard of the deletion put something there.
		s.remove(db, key, e, false, LeaveOverwritten)
	}
	s.placed(db, s.DBAt(db).AddModule(key, v), key, true)
}

// dropPatience bounds the wait for values that are being freed when their
// module fails to load.
const dropPatience = 5 * time.Second

// DropModuleTypes deletes all keys whose values are of the given types, because
// their module goes although it has them: its OnLoad failed.
func (s *Server) DropModuleTypes(types []store.ModuleTypeID) {
	if len(types) == 0 {
		return
	}
	for i, d := range s.keyspace.dbs {
		var keys [][]byte
		if d.Modules() > 0 {
			d.Each(func(e *store.Entry) bool {
				if e.Type() == store.Module && slices.Contains(types, e.Module().Type) {
					keys = append(keys, slices.Clone(e.Key()))
				}
				return true
			})
		}
		for _, key := range keys {
			if e := d.Find(key); e != nil && s.remove(i, key, e, false, LeaveDeleted) {
				s.Touch(i, key)
			}
		}
	}
	if !s.lazy.wait(dropPatience) {
		s.Log(LogWarning, "Values of a module that failed to load are still being freed.")
	}
}

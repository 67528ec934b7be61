package server

import (
	"strconv"

	"berth/internal/store"
)

// keyspaceState is the databases.
type keyspaceState struct {
	dbs []*store.DB
	// activeExpire is off when DEBUG SET-ACTIVE-EXPIRE turned it off.
	passive bool
	nextDB  int
}

// initKeyspace makes the databases and has keys expire in the background.
func (s *Server) initKeyspace() {
	s.resizeKeyspace()
	s.startExpireCron()
}

// resizeKeyspace makes as many databases as the settings ask for.
func (s *Server) resizeKeyspace() {
	for len(s.keyspace.dbs) < s.Settings.Databases {
		s.keyspace.dbs = append(s.keyspace.dbs, store.New())
	}
}

// DBCount is the number of databases.
func (s *Server) DBCount() int { return s.Settings.Databases }

// DBAt is database number i, which must exist.
func (s *Server) DBAt(i int) *store.DB {
	if i >= len(s.keyspace.dbs) {
		s.resizeKeyspace()
	}
	return s.keyspace.dbs[i]
}

// DBStore is the client's selected database.
func (c *Client) DBStore() *store.DB { return c.srv.DBAt(c.DB) }

// live returns the entry of a key unless its time is over, in which case the
// key goes. While clients are paused nothing changes, so it only seems gone.
func (s *Server) live(db int, key []byte) *store.Entry {
	e := s.DBAt(db).Find(key)
	if e != nil && store.Over(e, s.Mstime()) {
		if s.Paused() == PauseNone {
			s.expireKey(db, key)
		}
		return nil
	}
	return e
}

// Lookup finds a key of a database for a module or another part of the server,
// without counting a hit or a miss.
func (s *Server) LookupKey(db int, key []byte) *store.Entry { return s.live(db, key) }

// LookupRead finds a key for a command that reads it; nil when there is none.
func (c *Client) LookupRead(key []byte) *store.Entry {
	s := c.srv
	e := s.live(c.DB, key)
	if e == nil {
		s.Stats.Misses++
		s.Notify(notifyKeyMiss, "keymiss", key, c.DB)
		return nil
	}
	s.Stats.Hits++
	if c.Flags&FlagNoTouch == 0 {
		store.Access(e, s.Mstime())
	}
	return e
}

// LookupWrite finds a key for a command that changes it; nil when there is none.
func (c *Client) LookupWrite(key []byte) *store.Entry {
	e := c.srv.live(c.DB, key)
	if e != nil && c.Flags&FlagNoTouch == 0 {
		store.Access(e, c.srv.Mstime())
	}
	return e
}

// readTyped is LookupRead for a value of one type. ok is false when an error
// was replied.
func (c *Client) readTyped(key []byte, t store.Type) (e *store.Entry, ok bool) {
	if e = c.LookupRead(key); e != nil && e.Value.Type != t {
		c.WrongType()
		return nil, false
	}
	return e, true
}

// writeTyped is LookupWrite for a value of one type.
func (c *Client) writeTyped(key []byte, t store.Type) (e *store.Entry, ok bool) {
	if e = c.LookupWrite(key); e != nil && e.Value.Type != t {
		c.WrongType()
		return nil, false
	}
	return e, true
}

// keyExpired reports whether the key is there and over its time.
func (s *Server) keyExpired(db int, key []byte) bool {
	e := s.DBAt(db).Find(key)
	return e != nil && store.Over(e, s.Mstime())
}

// keyExists reports whether the key is there, over its time or not.
func (s *Server) keyExists(db int, key []byte) bool { return s.DBAt(db).Find(key) != nil }

// changed is what every command does that changed a key: those who watch it
// learn of it, an event goes out, and the change counts.
func (s *Server) changed(class int, event string, key []byte, db int) {
	s.Touch(db, key)
	s.Notify(class, event, key, db)
	s.Dirty++
}

// SetKey stores a value under a key and takes its time of expiry off.
func (s *Server) SetKey(db int, key []byte, v store.Value) *store.Entry {
	d := s.DBAt(db)
	fresh := d.Find(key) == nil
	e := d.Set(key, v)
	d.Persist(e)
	store.Access(e, s.Mstime())
	s.Touch(db, key)
	if fresh {
		s.Notify(notifyNew, "new", key, db)
	}
	return e
}

// addKey adds an empty value of a type under a key that is not there.
func (c *Client) addKey(key []byte, v store.Value) *store.Entry {
	e := c.DBStore().Set(key, v)
	store.Access(e, c.srv.Mstime())
	c.srv.Notify(notifyNew, "new", key, c.DB)
	return e
}

// DeleteKey takes a key out and tells those who watch it; false when there was
// none.
func (s *Server) DeleteKey(db int, key []byte) bool {
	if s.live(db, key) == nil {
		return false
	}
	s.DBAt(db).Delete(key)
	s.Touch(db, key)
	return true
}

// dropIfEmpty deletes a collection that a command emptied.
func (c *Client) dropIfEmpty(e *store.Entry, key []byte) {
	if e.Value.Len() == 0 {
		c.DBStore().Delete(key)
		c.srv.Notify(notifyGeneric, "del", key, c.DB)
	}
}

// FlushDB empties one database, or all when db is below zero, and says how many
// keys that were.
func (s *Server) FlushDB(db int) int {
	s.TouchFlushed(db)
	n := 0
	for i, d := range s.keyspace.dbs {
		if db < 0 || db == i {
			n += d.Len()
			d.Clear()
		}
	}
	return n
}

// The classes of keyspace events, with the bits of notify-keyspace-events.
const (
	notifyGeneric = 1 << 2
	notifyString  = 1 << 3
	notifyList    = 1 << 4
	notifyExpired = 1 << 8
	notifyKeyMiss = 1 << 11
	notifyNew     = 1 << 14

	notifyKeyspace = 1 << 0
	notifyKeyevent = 1 << 1
)

// Notify publishes a keyspace event if the configuration asks for its class.
func (s *Server) Notify(class int, event string, key []byte, db int) {
	flags := s.Config.Values.NotifyFlags
	if flags&class == 0 {
		return
	}
	n := strconv.Itoa(db)
	if flags&notifyKeyspace != 0 {
		s.Publish(append([]byte("__keyspace@"+n+"__:"), key...), []byte(event), false)
	}
	if flags&notifyKeyevent != 0 {
		s.Publish([]byte("__keyevent@"+n+"__:"+event), key, false)
	}
}

package server

import (
	"strings"
	"sync/atomic"
	"time"

	"berth/internal/ds"
	"berth/internal/store"
	"berth/loop"
)

// keyspaceState is the databases.
type keyspaceState struct {
	dbs []*store.DB
	// settings are what all databases follow.
	settings store.Settings
	// activeExpire is off when DEBUG SET-ACTIVE-EXPIRE turned it off.
	passive bool
	nextDB  int
	// onLeave is told of keys that go.
	onLeave func(db int, key []byte, why LeaveReason)
	// purging is set while the collector runs for MEMORY PURGE.
	purging atomic.Bool
}

// initKeyspace makes the databases and has keys expire in the background.
func (s *Server) initKeyspace() {
	_ = s.applyStoreSettings()
	s.resizeKeyspace()
	_ = s.configureNotify()
	s.AddMemory(func() uint64 { return uint64(s.keyspaceMemory()) })
	s.startExpireCron()
	_ = s.startDefragCron()
}

// keyspaceMemory is what all keys and values take, in bytes.
func (s *Server) keyspaceMemory() (used int64) {
	for _, d := range s.keyspace.dbs {
		used += d.Used()
	}
	return used
}

// applyStoreSettings hands the parameters that concern values to the databases.
func (s *Server) applyStoreSettings() error {
	n := func(name string) int { return int(s.Config.Int(name)) }
	policy := s.Config.String("maxmemory-policy")
	s.keyspace.settings = store.Settings{
		ListMaxListpackSize:    ds.Limit(n("list-max-listpack-size")),
		HashMaxListpackEntries: n("hash-max-listpack-entries"),
		HashMaxListpackValue:   n("hash-max-listpack-value"),
		SetMaxIntsetEntries:    n("set-max-intset-entries"),
		SetMaxListpackEntries:  n("set-max-listpack-entries"),
		SetMaxListpackValue:    n("set-max-listpack-value"),
		ZSetMaxListpackEntries: n("zset-max-listpack-entries"),
		ZSetMaxListpackValue:   n("zset-max-listpack-value"),
		StreamNodeMaxBytes:     n("stream-node-max-bytes"),
		StreamNodeMaxEntries:   n("stream-node-max-entries"),
		LFU:                    strings.HasSuffix(policy, "lfu"),
		LFULogFactor:           n("lfu-log-factor"),
		LFUDecayTime:           n("lfu-decay-time"),
	}
	return nil
}

// resizeKeyspace makes as many databases as the settings ask for.
func (s *Server) resizeKeyspace() {
	for len(s.keyspace.dbs) < s.Settings.Databases {
		s.keyspace.dbs = append(s.keyspace.dbs, store.New(&s.keyspace.settings))
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

// DBNow is DBAt for a database that has been in use.
func (s *Server) DBNow(i int) *store.DB { return s.keyspace.dbs[i] }

// DBStore is the client's selected database.
func (c *Client) DBStore() *store.DB { return c.srv.DBAt(c.DB) }

// live returns the entry of a key unless its time is over, in which case the
// key goes. While clients are paused nothing changes, so it only seems gone.
// While a module hears of an event its time does not count.
func (s *Server) live(db int, key []byte) *store.Entry {
	e := s.DBAt(db).Find(key)
	if e != nil && e.Over(s.Mstime()) && s.outlived(db, key) {
		return nil
	}
	return e
}

// outlived has a key go whose time is over, and reports whether it seems gone.
func (s *Server) outlived(db int, key []byte) bool {
	if s.notify.noExpiry != 0 {
		return false
	}
	if s.Paused() == PauseNone && !s.snapshotPressed() {
		s.expireKey(db, key)
	}
	return true
}

// liveForWrite is live for those who will put something in the key's place: a
// key whose time is over goes in any case.
func (s *Server) liveForWrite(db int, key []byte) *store.Entry {
	e := s.DBAt(db).Find(key)
	if e != nil && e.Over(s.Mstime()) && s.notify.noExpiry == 0 {
		s.expireKey(db, key)
		return nil
	}
	if s.persist.running != nil && e != nil {
		return s.keepOld(db, key, e)
	}
	return e
}

// LookupKey finds a key of a database for a module or another part of the
// server, without counting a hit or a miss.
func (s *Server) LookupKey(db int, key []byte) *store.Entry { return s.live(db, key) }

// lookupFlag says what a lookup leaves out.
type lookupFlag uint8

const (
	// lookupNoTouch leaves the time of the last use as it is.
	lookupNoTouch lookupFlag = 1 << iota
	// lookupSilent sends no event when the key is not there.
	lookupSilent
)

// LookupRead finds a key for a command that reads it; nil when there is none.
func (c *Client) LookupRead(key []byte) *store.Entry {
	flags := lookupFlag(0)
	if c.Flags&FlagNoTouch != 0 {
		flags = lookupNoTouch
	}
	return c.lookup(key, flags)
}

// lookup finds a key for a command that reads it or asks about it, and counts
// the hit or miss.
func (c *Client) lookup(key []byte, flags lookupFlag) *store.Entry {
	s := c.srv
	e := s.DBAt(c.DB).Find(key)
	if e == nil || e.Over(s.Mstime()) && s.outlived(c.DB, key) { // as live, whose frame is saved
		s.Stats.Misses++
		if flags&lookupSilent == 0 {
			s.notifyLater(NotifyKeyMiss, "keymiss", key, c.DB)
		}
		return nil
	}
	s.Stats.Hits++
	if flags&lookupNoTouch == 0 {
		c.DBStore().Access(e, s.Mstime())
	}
	return e
}

// LookupWrite finds a key for a command that changes it; nil when there is none.
func (c *Client) LookupWrite(key []byte) *store.Entry {
	e := c.srv.liveForWrite(c.DB, key)
	if e != nil && c.Flags&FlagNoTouch == 0 {
		c.DBStore().Access(e, c.srv.Mstime())
	}
	return e
}

// keep has a snapshot that is under way save what a key holds: it was looked up as
// one that is read, and is about to change. The entry stays where it is.
func (c *Client) keep(key []byte) {
	if c.srv.persist.running != nil {
		if e := c.DBStore().Find(key); e != nil {
			c.srv.keepOld(c.DB, key, e)
		}
	}
}

// readTyped is LookupRead for a value of one type. ok is false when an error
// was replied.
func (c *Client) readTyped(key []byte, t store.Type) (e *store.Entry, ok bool) {
	if e = c.LookupRead(key); e != nil && e.Type() != t {
		c.wrongType(e)
		return nil, false
	}
	return e, true
}

// writeTyped is LookupWrite for a value of one type.
func (c *Client) writeTyped(key []byte, t store.Type) (e *store.Entry, ok bool) {
	if e = c.LookupWrite(key); e != nil && e.Type() != t {
		c.wrongType(e)
		return nil, false
	}
	return e, true
}

// keyExpired reports whether the key is there and over its time.
func (s *Server) keyExpired(db int, key []byte) bool {
	e := s.DBAt(db).Find(key)
	return e != nil && e.Over(s.Mstime())
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

// SetString stores a string under a key, as it is spelled, and takes the key's
// time of expiry off.
func (s *Server) SetString(db int, key, val []byte) *store.Entry {
	d := s.DBAt(db)
	e := s.overwriting(db, key, d.Find(key))
	fresh := e == nil
	e = d.PutPlain(e, key, val, false)
	s.placed(db, e, key, fresh)
	s.Touch(db, key)
	return e
}

// AddList adds an empty list under a key that is not there.
func (s *Server) AddList(db int, key []byte) *store.Entry {
	e := s.DBAt(db).AddList(key)
	s.placed(db, e, key, true)
	return e
}

// placed does what follows from a value's coming to a key: the time of its use
// is noted, and an event goes out if the key is fresh.
func (s *Server) placed(db int, e *store.Entry, key []byte, fresh bool) {
	d := s.DBAt(db)
	if !fresh {
		d.Access(e, s.Mstime())
		return
	}
	d.Fresh(e, s.Mstime())
	if s.waits.count != 0 {
		s.keyReady(db, key, kindOf(e.Type()))
	}
	s.notifyLater(NotifyNew, "new", key, db)
}

// DeleteKey takes a key out and tells those who watch it; false when there was
// none.
func (s *Server) DeleteKey(db int, key []byte) bool {
	e := s.live(db, key)
	if e == nil || !s.remove(db, key, e, false, LeaveDeleted) {
		return false
	}
	s.Touch(db, key)
	return true
}

// UnlinkKey is DeleteKey, except that a large value is freed step by step.
func (s *Server) UnlinkKey(db int, key []byte) bool {
	e := s.live(db, key)
	if e == nil || !s.remove(db, key, e, true, LeaveDeleted) {
		return false
	}
	s.Touch(db, key)
	return true
}

// reclaimBlocks is how many memory blocks one step of freeing gives back: a
// fraction of a millisecond.
const reclaimBlocks = 2000

// reclaimLater frees what was unlinked from a database, a step an iteration.
func (s *Server) reclaimLater(d *store.DB) {
	s.Loop.AddTimer(0, func(loop.TimerID) time.Duration {
		before := d.Pending()
		more := d.Reclaim(reclaimBlocks)
		s.lazy.freed.Add(int64(before - d.Pending()))
		if more {
			return time.Millisecond
		}
		return loop.NoMore
	}, nil)
}

// shrunk is changed for the commands that delete an emptied key before they tell
// of anything: HDEL, SREM, ZREM and the like.
func (c *Client) shrunk(class int, event string, key []byte) {
	db := c.DBStore()
	e := db.Find(key)
	gone := e != nil && db.Emptied(e) && c.srv.remove(c.DB, key, e, c.srv.lazy.serverDel, LeaveDeleted)
	c.srv.changed(class, event, key, c.DB)
	if gone {
		c.srv.Notify(NotifyGeneric, "del", key, c.DB)
	}
}

// dropEmptied deletes the value under a key after a command took its elements
// out and events went out. It looks again: whoever heard of them may have changed
// the key.
func (c *Client) dropEmptied(key []byte) {
	db := c.DBStore()
	if e := db.Find(key); e != nil && db.Emptied(e) {
		c.srv.remove(c.DB, key, e, c.srv.lazy.serverDel, LeaveDeleted)
		c.srv.Notify(NotifyGeneric, "del", key, c.DB)
	}
}

// FlushDB empties one database, or all when db is below zero, and says how many
// keys that were. Their memory is given back aside, off the loop, if aside is
// set.
func (s *Server) FlushDB(db int, aside bool) int {
	s.Hooks.flush(db, aside, false)
	s.TouchFlushed(db)
	s.signalFlushed(db)
	n := 0
	for i, d := range s.keyspace.dbs {
		if db < 0 || db == i {
			n += d.Len()
			old := d.Detach()
			if sn := s.persist.running; sn != nil && sn.detached(d, old, func(old *store.DB) { s.lazy.freeDB(old) }) {
				continue
			}
			if aside && old.Len() > 0 {
				s.lazy.freeDB(old)
				continue
			}
			old.TakeModules(store.ModuleValue.Free)
			old.Close()
		}
	}
	s.Hooks.flush(db, aside, true)
	return n
}

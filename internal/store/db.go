package store

import (
	"math/rand/v2"

	"berth/internal/ds"
)

// Entry is a key with its value. It stays valid until the key is deleted or
// renamed.
type Entry = ds.Entry[Item]

// Item is what a database knows of a key.
type Item struct {
	Value
	// expire is when the key ends, in milliseconds since 1970; 0 never.
	expire int64
	// access is when the key was last used, in milliseconds since 1970.
	access int64
}

// DB is one database.
type DB struct {
	keys *ds.Table[Item]
	// expires holds the keys that end some day.
	expires *ds.Table[*Entry]
	cursor  uint64
}

// New makes an empty database.
func New() *DB {
	return &DB{keys: ds.NewTable[Item](), expires: ds.NewTable[*Entry]()}
}

// Len is the number of keys, those over their time included.
func (db *DB) Len() int { return db.keys.Len() }

// Expiring is the number of keys that end some day.
func (db *DB) Expiring() int { return db.expires.Len() }

// Find returns the entry of a key, nil when there is none, whether or not it is
// over its time.
func (db *DB) Find(key []byte) *Entry { return db.keys.Find(key) }

// Set stores a value under a key, in place of what was there; the time of
// expiry stays unless the caller changes it.
func (db *DB) Set(key []byte, v Value) *Entry {
	if e := db.keys.Find(key); e != nil {
		e.Value.Value = v
		return e
	}
	return db.keys.Insert(key, Item{Value: v})
}

// Delete takes a key out.
func (db *DB) Delete(key []byte) bool {
	e := db.keys.Delete(key)
	if e == nil {
		return false
	}
	if e.Value.expire != 0 {
		db.expires.Delete(key)
	}
	return true
}

// Expire is when the entry ends, in milliseconds since 1970; 0 never.
func Expire(e *Entry) int64 { return e.Value.expire }

// SetExpire sets when the entry ends.
func (db *DB) SetExpire(e *Entry, at int64) {
	if e.Value.expire == 0 {
		db.expires.Insert([]byte(e.Key()), e)
	}
	e.Value.expire = at
}

// Persist takes the time of expiry off and says whether there was one.
func (db *DB) Persist(e *Entry) bool {
	if e.Value.expire == 0 {
		return false
	}
	e.Value.expire = 0
	db.expires.Delete([]byte(e.Key()))
	return true
}

// Over says whether the entry's time is over at now.
func Over(e *Entry, now int64) bool { return e.Value.expire != 0 && now >= e.Value.expire }

// Access notes that the entry was used.
func Access(e *Entry, now int64) { e.Value.access = now }

// Accessed is when the entry was last used.
func Accessed(e *Entry) int64 { return e.Value.access }

// Scan calls fn for some entries; see ds.Table.Scan.
func (db *DB) Scan(cursor uint64, fn func(*Entry)) uint64 { return db.keys.Scan(cursor, fn) }

// Each calls fn for every entry until it returns false.
func (db *DB) Each(fn func(*Entry) bool) { db.keys.Each(fn) }

// Random returns a random entry, nil when there is none.
func (db *DB) Random() *Entry { return db.keys.Random(rand.Uint64) }

// Clear empties the database. What it held is the collector's to free, which
// it does off the loop.
func (db *DB) Clear() { *db = *New() }

// ExpireCycle calls fn for keys whose time is over, of a few more buckets of
// those that end some day, and says how many it looked at.
func (db *DB) ExpireCycle(now int64, fn func(*Entry)) (seen, over int) {
	var dead []*Entry
	db.cursor = db.expires.Scan(db.cursor, func(e *ds.Entry[*Entry]) {
		seen++
		if Over(e.Value, now) {
			dead = append(dead, e.Value)
		}
	})
	for _, e := range dead {
		fn(e)
	}
	return seen, len(dead)
}

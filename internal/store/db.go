package store

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// DB is one database.
type DB struct {
	heap    *mem.Heap
	moves   uint64 // see Moves
	set     *Settings
	keys    ds.Table
	expires ds.Table // the entries that have a time of expiry
	cursor  uint64   // where ExpireCycle goes on
	pending []value  // values to be freed step by step
	modules int      // entries of type Module
	scratch []byte   // the keys that ExpireCycle found
	ttl     int64    // what AverageTTL tells
	snap    epochState
}

// New makes an empty database. Nil settings are Redis's defaults.
func New(set *Settings) *DB {
	if set == nil {
		set = DefaultSettings()
	}
	return &DB{heap: mem.New(), set: set}
}

// Close gives all memory back, modules' values excepted. The database is empty
// then.
func (db *DB) Close() {
	db.heap.Close()
	*db = DB{heap: mem.New(), set: db.set, moves: db.moves + 1}
}

// Moves counts how often keys came and went, entries moved or values of another
// type took their place: as long as the count is the same, what Find returned is
// still good. Who swaps databases counts that with Moved.
func (db *DB) Moves() *uint64 { return &db.moves }

// Moved says that all that Find returned is out of date.
func (db *DB) Moved() { db.moves++ }

// Len is the number of keys, those over their time included.
func (db *DB) Len() int { return db.keys.Len() }

// Expiring is the number of keys that have a time of expiry.
func (db *DB) Expiring() int { return db.expires.Len() }

// Used is the memory that keys and values take, in bytes.
func (db *DB) Used() int64 { return db.heap.Used() }

// Mapped is the memory that the database has taken from the system, in bytes.
func (db *DB) Mapped() int64 { return db.heap.Mapped() }

// Overhead is the memory of the hash tables alone, in bytes: of the keys and of
// the times of expiry.
func (db *DB) Overhead() (keys, expires int) { return db.keys.Bytes(), db.expires.Bytes() }

// Purge gives unused pages back to the system and returns their number of
// bytes.
func (db *DB) Purge() int { return db.heap.Purge() }

// Find returns the entry of a key, nil when there is none, whether or not it is
// over its time.
func (db *DB) Find(key []byte) *Entry {
	if db.keys.Resizing() {
		db.keys.Step(db.heap)
	}
	return (*Entry)(db.keys.Find(ds.Hash(key), key)) // as Peek, whose frame is saved
}

// Peek is Find that changes nothing: a table that is being resized takes no step.
func (db *DB) Peek(key []byte) *Entry { return (*Entry)(db.keys.Find(ds.Hash(key), key)) }

// insert puts a new entry in the table.
func (db *DB) insert(e *Entry) {
	db.moves++
	db.keys.Insert(db.heap, ds.Hash(e.Key()), unsafe.Pointer(e))
}

// Delete takes the key out and frees its value, and reports whether it was
// there.
func (db *DB) Delete(key []byte) bool { return db.remove(key, false) }

// Unlink is Delete, except that a large value is freed later, by Reclaim.
func (db *DB) Unlink(key []byte) bool { return db.remove(key, true) }

func (db *DB) remove(key []byte, later bool) bool {
	hash := ds.Hash(key)
	e := (*Entry)(db.keys.Delete(db.heap, hash, key))
	if e == nil {
		return false
	}
	db.bury(e, hash, later)
	return true
}

// bury frees an entry that is out of the table of keys.
func (db *DB) bury(e *Entry, hash uint64, later bool) {
	db.moves++
	if e.Expire() != 0 {
		db.expires.Remove(db.heap, hash, unsafe.Pointer(e))
	}
	if db.Due(e) && db.snap.guard.Take(db, e) {
		return
	}
	if e.hasWord() {
		v := valueOf(e)
		if v.typ == Module {
			db.modules--
		}
		if later && v.effort() > LazyEffort {
			db.pending = append(db.pending, v)
		} else {
			v.free(db.heap)
		}
	}
	db.heap.Free(unsafe.Pointer(e), e.size())
}

// Detach empties the database and returns one that has all it had, for the
// caller to Close, on any goroutine. Modules' values are to be taken out first.
func (db *DB) Detach() *DB {
	old := *db
	*db = DB{heap: mem.New(), set: db.set, moves: db.moves + 1}
	return &old
}

// Scan calls fn for some entries and returns the cursor for the next call; 0
// begins, and is returned at the end. Every entry that is there from the first
// call to the last is given at least once. fn may delete the entry that it is
// given, and change nothing else.
func (db *DB) Scan(cursor uint64, fn func(*Entry)) uint64 {
	return db.keys.Scan(cursor, func(p unsafe.Pointer) { fn((*Entry)(p)) })
}

// Gather is Scan for who wants all entries quickly: it appends some to into, and has
// the processor fetch them and what their values begin with.
func (db *DB) Gather(cursor uint64, into []*Entry) ([]*Entry, uint64) {
	from := len(into)
	pointers, cursor := db.keys.Gather(cursor, *(*[]unsafe.Pointer)(unsafe.Pointer(&into)))
	into = *(*[]*Entry)(unsafe.Pointer(&pointers))
	touchValues(into[from:])
	return into, cursor
}

// touchValues reads something of the values. The sum only keeps the compiler from
// leaving that out.
//
//go:noinline
func touchValues(entries []*Entry) (sum uint8) {
	for _, e := range entries {
		switch {
		case !e.hasWord():
			sum += *(*uint8)(e.at(e.size() - 1))
		case e.Encoding() != Int && e.Type() != Module:
			sum += *(*uint8)(mem.Ptr(e.addr()))
		}
	}
	return sum
}

// Each calls fn for every entry until it returns false. fn may delete the entry
// that it is given, and change nothing else.
func (db *DB) Each(fn func(*Entry) bool) {
	db.keys.Each(func(p unsafe.Pointer) bool { return fn((*Entry)(p)) })
}

// Random returns an entry drawn with the same chance for each, nil when there
// is none.
func (db *DB) Random() *Entry { return (*Entry)(db.keys.Random()) }

// RandomExpiring is Random among the entries that have a time of expiry.
func (db *DB) RandomExpiring() *Entry { return (*Entry)(db.expires.Random()) }

// Reserve makes room for n keys, expiring of which have a time of expiry, as
// loading a snapshot does.
func (db *DB) Reserve(n, expiring int) {
	db.keys.Reserve(db.heap, n)
	db.expires.Reserve(db.heap, expiring)
}

// Resizing reports whether a hash table is being resized.
func (db *DB) Resizing() bool { return db.keys.Resizing() || db.expires.Resizing() }

// Step goes on with resizing the hash tables, by some buckets, as a timer does
// for a database that is only read.
func (db *DB) Step(buckets int) {
	for range buckets {
		db.keys.Step(db.heap)
		db.expires.Step(db.heap)
	}
}

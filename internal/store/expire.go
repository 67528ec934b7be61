package store

import (
	"unsafe"

	"berth/internal/ds"
)

// SetExpire sets when the entry's time is over, in milliseconds since 1970; 0
// for never. It returns the entry, which may have moved.
func (db *DB) SetExpire(e *Entry, at int64) *Entry {
	if at == 0 {
		db.Persist(e)
		return e
	}
	db.Keep(e)
	if e.flags&ds.FlagExpire == 0 {
		var word uint64
		if e.hasWord() {
			word = *e.word()
		}
		e = db.reshape(e, e.flags|ds.FlagExpire, int(e.vlen))
		if e.hasWord() {
			*e.word() = word
		}
	}
	w := e.expireWord()
	if *w == 0 {
		db.expires.Insert(db.heap, ds.Hash(e.Key()), unsafe.Pointer(e))
	}
	*w = at
	return e
}

// Persist takes the time of expiry off and reports whether there was one. The
// entry does not move: it keeps the word until its value changes.
func (db *DB) Persist(e *Entry) bool {
	if e.Expire() == 0 {
		return false
	}
	db.Keep(e)
	db.expires.Remove(db.heap, ds.Hash(e.Key()), unsafe.Pointer(e))
	*e.expireWord() = 0
	return true
}

// AverageTTL is about how long the entries with a time of expiry have left, in
// milliseconds, as far as ExpireCycle has seen of late.
func (db *DB) AverageTTL() int64 { return db.ttl }

// noteTTL takes a sample into the average.
func (db *DB) noteTTL(sum, count int64) {
	const weight = 50 // that of one sample, as in Redis
	switch {
	case count == 0:
	case db.ttl == 0:
		db.ttl = sum / count
	default:
		db.ttl = db.ttl/weight*(weight-1) + sum/count/weight
	}
}

// ExpireCycle looks at the next few entries that have a time of expiry, in the
// order of Scan, and calls fn with the key of each whose time is over at now. fn
// may do what it likes to the database; that it deletes the key is expected. The
// caller repeats it within the time that it allows.
func (db *DB) ExpireCycle(now int64, fn func(key []byte)) (seen, over int) {
	if db.expires.Len() == 0 {
		return 0, 0
	}
	if db.expires.Resizing() {
		db.expires.Step(db.heap)
	}
	// fn may run a module that changes anything, so the keys are copied first.
	keys := db.scratch[:0]
	var ends [64]int
	n := 0
	var sum, left int64
	db.cursor = db.expires.Scan(db.cursor, func(p unsafe.Pointer) {
		seen++
		e := (*Entry)(p)
		switch {
		case !e.Over(now):
			sum += e.Expire() - now
			left++
		case n < len(ends):
			keys = append(keys, e.Key()...)
			ends[n] = len(keys)
			n++
		}
	})
	db.noteTTL(sum, left)
	db.scratch = keys
	from := 0
	for _, end := range ends[:n] {
		key := keys[from:end]
		from = end
		if e := db.Find(key); e != nil && e.Over(now) {
			over++
			fn(key)
		}
	}
	return seen, over
}

package store

import (
	"unsafe"

	"berth/internal/ds"
)

// A loose entry is in no table yet: what a command computes before it is known
// whether, and in place of what, it is stored. It ends with Place, Adopt or
// Discard.

// Place puts a loose entry in the database, in place of what its key held, time
// of expiry included.
func (db *DB) Place(loose *Entry) *Entry {
	db.Delete(loose.Key())
	db.MarkSaved(loose) // a snapshot may have begun since it was made
	db.insert(loose)
	return loose
}

// Discard frees a loose entry.
func (db *DB) Discard(loose *Entry) {
	if loose.Type() == Module {
		db.modules--
	}
	if loose.hasWord() {
		valueOf(loose).free(db.heap)
	}
	db.heap.Free(unsafe.Pointer(loose), loose.size())
}

// DiscardLater is Discard, except that a large value is freed later, by Reclaim.
func (db *DB) DiscardLater(loose *Entry) {
	if loose.hasWord() && loose.Type() != Module {
		if v := valueOf(loose); v.effort() > LazyEffort {
			db.pending = append(db.pending, v)
			db.heap.Free(unsafe.Pointer(loose), loose.size())
			return
		}
	}
	db.Discard(loose)
}

// Adopt gives the value of a loose entry to e, which keeps its key and its time of
// expiry. Both must have a value of their own, apart from the entry.
func (db *DB) Adopt(e, loose *Entry) {
	if !e.hasWord() || !loose.hasWord() {
		panic("BUG: adopting an embedded value")
	}
	db.Keep(e)
	db.moves++
	valueOf(e).free(db.heap)
	e.setValue(valueOf(loose))
	db.heap.Free(unsafe.Pointer(loose), loose.size())
}

// loose makes a loose entry for a value with a word.
func (db *DB) loose(key []byte, t Type, enc Encoding, addr uintptr) *Entry {
	e := db.alloc(key, ds.FlagWord, 0)
	e.setType(t, enc)
	e.setAddr(addr)
	return e
}

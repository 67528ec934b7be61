package store

import "berth/internal/ds"

// A Guard lets a snapshot see the database as it was at one moment, though it goes
// on changing. Every entry has a number of the last snapshot that has it, or under
// which it was made; the entry is due as long as that is not the present one's.
//
// The functions of a DB that change or remove an entry call the guard themselves.
// Values are changed through handles, however, which know no database: who is about
// to do that calls Guarding and Keep first.
type Guard interface {
	// Keep is called with an entry that is due and about to change. It saves the
	// entry as it is.
	Keep(db *DB, e *Entry)
	// Take is called with an entry that is due and was taken out of the database.
	// With true the entry is the guard's, to be given back with Discard; with false
	// it was saved.
	Take(db *DB, e *Entry) bool
}

// The number of a snapshot is in the bits of an entry's flags that ds has no use
// for.
const (
	epochShift = 3
	epochMask  = 0xff << epochShift & 0xff
	epochs     = 32
)

// epochState is what a DB knows of snapshots.
type epochState struct {
	guard Guard
	// epoch is the number of the last snapshot that began, shifted. oldest is that
	// of the last one that came to its end: no entry has an older one.
	epoch, oldest uint8
}

// SetGuard begins a snapshot: all entries are due. Who remembers an entry, to change
// it, asks for it again: that counts as a move.
func (db *DB) SetGuard(g Guard) {
	s := &db.snap
	next := (s.epoch>>epochShift + 1) % epochs << epochShift
	if next == s.oldest {
		// One snapshot after the other was given up.
		db.Each(func(e *Entry) bool { db.MarkSaved(e); return true })
		s.oldest = s.epoch
	}
	s.epoch, s.guard = next, g
	db.moves++
}

// EndGuard ends a snapshot. complete says that no entry is due any more.
func (db *DB) EndGuard(complete bool) {
	db.snap.guard = nil
	if complete {
		db.snap.oldest = db.snap.epoch
	}
}

// Guarding reports whether a snapshot is under way.
func (db *DB) Guarding() bool { return db.snap.guard != nil }

// Due reports whether a snapshot is under way that has yet to save the entry.
func (db *DB) Due(e *Entry) bool { return db.snap.guard != nil && e.flags&epochMask != db.snap.epoch }

// MarkSaved says that the snapshot has the entry.
func (db *DB) MarkSaved(e *Entry) { e.flags = e.flags&^epochMask | db.snap.epoch }

// Keep has a snapshot save the entry, if it is due: it is about to change.
func (db *DB) Keep(e *Entry) {
	if db.snap.guard != nil && e.flags&epochMask != db.snap.epoch {
		db.snap.guard.Keep(db, e)
		db.MarkSaved(e)
	}
}

// keptFlags are the flags that stay when an entry gets other words.
const keptFlags = ds.FlagLong | epochMask

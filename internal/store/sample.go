package store

import (
	"math"
	"unsafe"
)

// Score says how good it is to give an entry up at now, the higher the better:
// the time since its last use, the rarity of its uses, or how near its end is.
type Score uint8

// The scores.
const (
	ByIdle Score = iota
	ByFreq
	ByExpire
)

// Of computes the score of an entry.
func (s Score) Of(db *DB, e *Entry, now int64) uint64 {
	switch s {
	case ByFreq:
		return uint64(math.MaxUint8 - db.Freq(e, now))
	case ByExpire:
		return math.MaxUint64 - uint64(e.Expire())
	}
	return uint64(e.Idle(now))
}

// Sample fills into with entries from a random place on, of all or of those that
// have a time of expiry, and returns their number.
func (db *DB) Sample(into []Sampled, expiring bool) int {
	t := &db.keys
	if expiring {
		t = &db.expires
	}
	// Sampled is an address and nothing else, so the table can fill it in.
	return t.Sample(unsafe.Slice((*unsafe.Pointer)(unsafe.Pointer(unsafe.SliceData(into))), len(into)))
}

// Sampled is one entry of a sample.
type Sampled struct{ p unsafe.Pointer }

// Entry is the entry itself.
func (s Sampled) Entry() *Entry { return (*Entry)(s.p) }

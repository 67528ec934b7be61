package store

import "math/rand/v2"

// The upper 24 bits of an entry's first word are the time of its last use, in
// seconds and wrapped around, or, under LFU, sixteen bits of minutes and a
// logarithmic count of uses in eight.

const (
	accessShift = 8
	accessMask  = 1<<24 - 1
	// lfuInit is the count of a new entry: it must not be the first to go.
	lfuInit = 5
)

// AccessBits are the word's 24 bits.
func (e *Entry) AccessBits() uint32 { return e.meta >> accessShift }

func (e *Entry) setAccess(v uint32) { e.meta = e.meta&(1<<accessShift-1) | v<<accessShift }

func clock(now int64) uint32 { return uint32(now/1000) & accessMask }

func minutes(now int64) uint32 { return uint32(now/60_000) & 0xffff }

// Access notes at now that the entry is used.
func (db *DB) Access(e *Entry, now int64) {
	if !db.set.LFU {
		e.setAccess(clock(now))
		return
	}
	n := db.Freq(e, now)
	if n < 255 {
		base := max(0, n-lfuInit)
		if rand.Float64() < 1/float64(base*db.set.LFULogFactor+1) {
			n++
		}
	}
	e.setAccess(minutes(now)<<8 | uint32(n))
}

// Fresh notes at now that the entry is new.
func (db *DB) Fresh(e *Entry, now int64) {
	if db.set.LFU {
		e.setAccess(minutes(now)<<8 | lfuInit)
	} else {
		e.setAccess(clock(now))
	}
}

// Idle is how long the entry has not been used at now, in milliseconds and
// rounded to a second. It says nothing under LFU.
func (e *Entry) Idle(now int64) int64 {
	return int64((clock(now)-e.AccessBits())&accessMask) * 1000
}

// SetIdle sets the time of the last use to idle milliseconds before now.
func (e *Entry) SetIdle(now, idle int64) { e.setAccess(clock(max(0, now-idle))) }

// Freq is the count of uses at now, less what time took away. It says nothing
// unless LFU is set.
func (db *DB) Freq(e *Entry, now int64) int {
	n := int(e.AccessBits() & 0xff)
	if db.set.LFUDecayTime <= 0 {
		return n
	}
	passed := int((minutes(now) - e.AccessBits()>>8) & 0xffff)
	return max(0, n-passed/db.set.LFUDecayTime)
}

// SetFreq sets the count of uses, 0 to 255, as of now.
func (e *Entry) SetFreq(now int64, n int) { e.setAccess(minutes(now)<<8 | uint32(n&0xff)) }

package abi

import (
	"math"

	"berth/internal/server"
	"berth/internal/store"
)

// The flags of ZsetAdd and ZsetIncrby: the first two and the last two are the
// caller's, the others the answer.
const (
	zaddXX      = 1 << 0
	zaddNX      = 1 << 1
	zaddAdded   = 1 << 2
	zaddUpdated = 1 << 3
	zaddNop     = 1 << 4
	zaddGT      = 1 << 5
	zaddLT      = 1 << 6
)

// keyRange is the range of a sorted set that a key iterates over, by ranks: from
// lo up to, but not including, hi.
type keyRange struct {
	lo, hi, at int
	on         bool // an element is current
	within     bool // the end was not reached
}

// addScore is ZsetAdd and ZsetIncrby.
func (f *frame) addScore(mode server.ScoreMode, newScore uintptr) {
	f.setOK(false)
	k := f.key(0)
	if k == nil {
		return
	}
	member, score, flags := f.string(1), f.float(0), f.uptr(2)
	if member == nil {
		return
	}
	e := k.entry()
	if k.mode&modeWrite == 0 || e != nil && e.Type() != store.ZSet {
		return
	}
	if flags != 0 {
		in := *(*int32)(at(flags))
		for _, m := range []struct {
			bit  int32
			mode server.ScoreMode
		}{{zaddXX, server.ScoreXX}, {zaddNX, server.ScoreNX}, {zaddGT, server.ScoreGT}, {zaddLT, server.ScoreLT}} {
			if in&m.bit != 0 {
				mode |= m.mode
			}
		}
	}
	if math.IsNaN(score) {
		put(flags, int32(0))
		if e != nil {
			k.dropEmpty(e)
		}
		return
	}
	if e == nil {
		e = host.srv.AddZSet(k.db, k.name, 0, 0)
	}
	now, result := server.AddScore(k.data().ZSet(e), member.bytes(), score, mode)
	out := int32(0)
	switch result {
	case server.ScoreNaN:
		put(flags, int32(0))
		k.dropEmpty(e)
		return
	case server.ScoreAdded:
		out = zaddAdded
	case server.ScoreUpdated:
		out = zaddUpdated
	case server.ScoreNothing:
		out = zaddNop
	}
	put(flags, out)
	if result != server.ScoreNothing {
		put(newScore, now)
	}
	f.setOK(true)
}

func apiZsetAdd(f *frame)    { f.addScore(0, 0) }
func apiZsetIncrby(f *frame) { f.addScore(server.ScoreIncr, f.uptr(3)) }

func apiZsetRem(f *frame) {
	f.setOK(false)
	k := f.key(0)
	if k == nil {
		return
	}
	member := f.string(1)
	e := k.entry()
	if member == nil || k.mode&modeWrite == 0 || e != nil && e.Type() != store.ZSet {
		return
	}
	deleted := int32(0)
	if e != nil && k.data().ZSet(e).Remove(member.bytes()) {
		deleted = 1
		k.dropEmpty(e)
	}
	put(f.uptr(2), deleted)
	f.setOK(true)
}

func apiZsetScore(f *frame) {
	f.setOK(false)
	k := f.key(0)
	if k == nil {
		return
	}
	member := f.string(1)
	if e := k.entry(); member != nil && e != nil && e.Type() == store.ZSet {
		if score, ok := k.data().ZSet(e).Score(member.bytes()); ok {
			put(f.uptr(2), score)
			f.setOK(true)
		}
	}
}

// sorted returns the key in argument 0 and its sorted set; ok is false if it holds
// none.
func (f *frame) sorted() (k *key, z store.ZSetValue, ok bool) {
	if k = f.key(0); k == nil {
		return nil, z, false
	}
	e := k.entry()
	if e == nil || e.Type() != store.ZSet {
		return k, z, false
	}
	return k, k.data().ZSet(e), true
}

// begin starts an iteration at one end of a range.
func (k *key) begin(lo, hi int, first bool) {
	k.zrange = keyRange{lo: lo, hi: hi, at: lo, on: lo < hi, within: lo < hi}
	if !first {
		k.zrange.at = hi - 1
	}
}

func (f *frame) scoreRange(first bool) {
	f.setOK(false)
	k, z, ok := f.sorted()
	if !ok {
		return
	}
	r := server.ScoreRange{Min: f.float(0), Max: f.float(1), MinEx: f.i32(1) != 0, MaxEx: f.i32(2) != 0}
	lo, hi := r.Ranks(z)
	k.begin(lo, hi, first)
	f.setOK(true)
}

func apiZsetFirstInScoreRange(f *frame) { f.scoreRange(true) }
func apiZsetLastInScoreRange(f *frame)  { f.scoreRange(false) }

func (f *frame) lexRange(first bool) {
	f.setOK(false)
	k, z, ok := f.sorted()
	if !ok {
		return
	}
	low, high := f.string(1), f.string(2)
	if low == nil || high == nil {
		return
	}
	k.zrange = keyRange{within: true}
	var r server.LexRange
	var ok1, ok2 bool
	r.Min, ok1 = server.ParseLexEnd(low.bytes())
	r.Max, ok2 = server.ParseLexEnd(high.bytes())
	if !ok1 || !ok2 {
		return
	}
	lo, hi := r.Ranks(z)
	k.begin(lo, hi, first)
	f.setOK(true)
}

func apiZsetFirstInLexRange(f *frame) { f.lexRange(true) }
func apiZsetLastInLexRange(f *frame)  { f.lexRange(false) }

func apiZsetRangeStop(f *frame) {
	if k, _, ok := f.sorted(); ok {
		k.zrange = keyRange{}
	}
}

func apiZsetRangeEndReached(f *frame) {
	f.setInt(1)
	if k, _, ok := f.sorted(); ok {
		f.setBool(!k.zrange.within)
	}
}

func apiZsetRangeCurrentElement(f *frame) {
	k, z, ok := f.sorted()
	if !ok || !k.zrange.on {
		return
	}
	it := z.Iter(k.zrange.at, false)
	member, score, ok := it.Next()
	if !ok {
		return // the set has lost members since
	}
	put(f.uptr(1), score)
	k.giveElem(f, member)
}

// step goes on to a neighbour, and answers whether there is one in the range.
func (f *frame) step(by int) {
	k, z, ok := f.sorted()
	if !ok || !k.zrange.on {
		return
	}
	r := &k.zrange
	if next := r.at + by; next >= r.lo && next < min(r.hi, z.Len()) {
		r.at = next
		f.setInt(1)
		return
	}
	r.within = false
}

func apiZsetRangeNext(f *frame) { f.step(1) }
func apiZsetRangePrev(f *frame) { f.step(-1) }

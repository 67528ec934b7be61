package abi

import (
	"bytes"
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

func (f *frame) scoreRange(first bool) {
	f.setOK(false)
	k, z, ok := f.sorted()
	if !ok {
		return
	}
	r := server.ScoreRange{Min: f.float(0), Max: f.float(1), MinEx: f.i32(1) != 0, MaxEx: f.i32(2) != 0}
	k.used()
	k.cursor.Begin(z, r.Ranks, first)
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
	k.used()
	k.cursor.BeginNowhere()
	var r server.LexRange
	var ok1, ok2 bool
	r.Min, ok1 = server.ParseLexEnd(bytes.Clone(low.bytes()))
	r.Max, ok2 = server.ParseLexEnd(bytes.Clone(high.bytes()))
	if !ok1 || !ok2 {
		return
	}
	k.used()
	k.cursor.Begin(z, r.Ranks, first)
	f.setOK(true)
}

func apiZsetFirstInLexRange(f *frame) { f.lexRange(true) }
func apiZsetLastInLexRange(f *frame)  { f.lexRange(false) }

func apiZsetRangeStop(f *frame) {
	if k, _, ok := f.sorted(); ok {
		k.cursor.Stop()
	}
}

func apiZsetRangeEndReached(f *frame) {
	f.setInt(1)
	if k, _, ok := f.sorted(); ok {
		f.setBool(k.cursor.AtEnd())
	}
}

func apiZsetRangeCurrentElement(f *frame) {
	k, z, ok := f.sorted()
	if !ok {
		return
	}
	if member, score, ok := k.cursor.Current(z); ok {
		put(f.uptr(1), score)
		k.giveElem(f, member)
	}
}

// step goes on to a neighbour, and answers whether there is one in the range.
func (f *frame) step(back bool) {
	if k, z, ok := f.sorted(); ok {
		f.setBool(k.cursor.Step(z, back))
	}
}

func apiZsetRangeNext(f *frame) { f.step(false) }
func apiZsetRangePrev(f *frame) { f.step(true) }

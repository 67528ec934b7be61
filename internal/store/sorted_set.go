package store

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// ZSetValue is a handle for the sorted set of an entry. It is used until the
// entry moves or goes. A command that leaves the set empty deletes the key. What
// it returns aliases the set and is good until that changes.
//
// Members are in order of their score, and of their bytes where scores are equal;
// the rank of a member is the number of those before it.
type ZSetValue struct {
	e   *Entry
	h   *mem.Heap
	set *Settings
}

// scored is a sorted set with a table and a tree of the same entries.
type scored struct {
	box
	tree ds.Tree
}

const scoredBytes = int(unsafe.Sizeof(scored{}))

func newScored(h *mem.Heap, room int) *scored {
	s := (*scored)(h.AllocZero(scoredBytes))
	s.table.Kind = ds.KindScored
	if room > 0 {
		s.table.Reserve(h, room)
	}
	return s
}

func scoredAt(addr uintptr) *scored { return (*scored)(mem.Ptr(addr)) }

func (s *scored) addr() uintptr { return mem.Addr(unsafe.Pointer(s)) }

// drop gives back all but the entries.
func (s *scored) drop(h *mem.Heap) {
	s.tree.Free(h)
	s.table.Free(h)
	h.Free(unsafe.Pointer(s), scoredBytes)
}

var scoredKind = kind{
	len:    func(v value) int { return scoredAt(uintptr(v.word)).tree.Len() },
	effort: func(v value) int { return scoredAt(uintptr(v.word)).tree.Len() },
	bytes: func(v value) int {
		s := scoredAt(uintptr(v.word))
		return s.box.bytes() + s.tree.Bytes()
	},
	free: func(v value, h *mem.Heap) {
		s := scoredAt(uintptr(v.word))
		s.table.Each(func(p unsafe.Pointer) bool {
			freeEntry(ds.KindScored, h, p)
			return true
		})
		s.drop(h)
	},
	part: func(v value, h *mem.Heap, n int) bool {
		s := scoredAt(uintptr(v.word))
		// The tree refers to entries: it goes before the first of them does.
		s.tree.Free(h)
		if !s.freeEntries(h, n) {
			return false
		}
		s.drop(h)
		return true
	},
	clone: func(v value, to *mem.Heap) value {
		s := scoredAt(uintptr(v.word))
		c := newScored(to, s.table.Len())
		it := s.tree.Iter(0, false)
		for p := it.Next(); p != nil; p = it.Next() {
			q := cloneEntry(ds.KindScored, to, p)
			c.table.Insert(to, ds.Hash(ds.KindScored.Key(q)), q)
			c.tree.Insert(to, q)
		}
		v.word = uint64(c.addr())
		return v
	},
}

// AddZSet adds a key, which must not be there, with an empty sorted set that is to
// have about size members, the first of them of width bytes.
func (db *DB) AddZSet(key []byte, size, width int) *Entry {
	enc := ListPack
	if size > db.set.ZSetMaxListpackEntries || width > db.set.ZSetMaxListpackValue {
		enc = SkipList
	}
	e := db.LooseZSet(key, enc)
	if enc == SkipList {
		db.ZSet(e).scored().table.Reserve(db.heap, size)
	}
	db.insert(e)
	return e
}

// LooseZSet makes a loose entry with an empty sorted set of an encoding.
func (db *DB) LooseZSet(key []byte, enc Encoding) *Entry {
	if enc == ListPack {
		return db.loose(key, ZSet, enc, ds.NewPack(db.heap).Addr())
	}
	return db.loose(key, ZSet, SkipList, newScored(db.heap, 0).addr())
}

// ZSet is the sorted set of an entry of that type.
func (db *DB) ZSet(e *Entry) ZSetValue { return ZSetValue{e, db.heap, db.set} }

// Is reports whether two handles are for the same set.
func (v ZSetValue) Is(o ZSetValue) bool { return v.e == o.e }

func (v ZSetValue) packed() bool { return v.e.Encoding() == ListPack }

func (v ZSetValue) pack() ds.Pack { return ds.PackAt(v.e.addr()) }

func (v ZSetValue) setPack(k ds.Pack) { v.e.setAddr(k.Addr()) }

func (v ZSetValue) scored() *scored { return scoredAt(v.e.addr()) }

// Len is the number of members.
func (v ZSetValue) Len() int {
	if v.packed() {
		return v.pack().Len() / 2
	}
	return v.scored().tree.Len()
}

// scoreElem is how a listpack keeps a score: as a number if it is a whole one.
func scoreElem(score float64, tmp []byte) ds.Elem {
	const bound = math.MaxInt64 / 2
	if score >= -bound && score <= bound {
		if n := int64(score); float64(n) == score {
			return ds.Int(n)
		}
	}
	switch {
	case math.IsInf(score, 1):
		return ds.Raw(append(tmp[:0], "inf"...))
	case math.IsInf(score, -1):
		return ds.Raw(append(tmp[:0], "-inf"...))
	}
	return ds.Raw(strconv.AppendFloat(tmp[:0], score, 'g', -1, 64))
}

// scoreOf reads a score of a listpack.
func scoreOf(e ds.Elem) float64 {
	f, _ := scoreFrom(e)
	return f
}

// scoreFrom is scoreOf for what may be no score.
func scoreFrom(e ds.Elem) (score float64, ok bool) {
	if n, ok := e.Int(); ok {
		return float64(n), true
	}
	b := e.Bytes(nil)
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	return f, (err == nil || errors.Is(err, strconv.ErrRange)) && f == f
}

// Score is the score of a member.
func (v ZSetValue) Score(member []byte) (float64, bool) {
	if score, have, ok := v.TableScore(member); ok {
		return score, have
	}
	k := v.pack()
	x := ds.NeedleOf(member)
	pos := k.Find(k.First(), &x, 1)
	if pos < 0 {
		return 0, false
	}
	e, _ := k.Get(k.Next(pos))
	return scoreOf(e), true
}

// TableScore is Score for a set that is no listpack; for one that is, ok is false.
// It does not allocate.
func (v ZSetValue) TableScore(member []byte) (score float64, have, ok bool) {
	if v.packed() {
		return 0, false, false
	}
	p := v.scored().find(member)
	if p == nil {
		return 0, false, true
	}
	return *ds.Score(p), true, true
}

// Rescore gives a member that is there another score, where that needs no memory: in a
// set that is no listpack, if the member stays about where it is. Otherwise ok is false.
func (v ZSetValue) Rescore(member []byte, score float64) (old float64, ok bool) {
	if v.packed() {
		return 0, false
	}
	s := v.scored()
	p := s.find(member)
	if p == nil {
		return 0, false
	}
	old = *ds.Score(p)
	return old, old == score || s.tree.Rescore(p, score)
}

// Reserve converts the set, if need be, as it is done before n members are added
// in one go.
func (v ZSetValue) Reserve(n int) {
	if v.packed() && n > v.set.ZSetMaxListpackEntries {
		v.toTree(n)
	}
}

// Add adds a member that is not there.
func (v ZSetValue) Add(member []byte, score float64) {
	if v.packed() {
		if k := v.pack(); k.Len()/2+1 <= v.set.ZSetMaxListpackEntries && len(member) <= v.set.ZSetMaxListpackValue && safePack(k, len(member)) {
			v.insert(member, score)
			return
		}
		v.toTree(1)
	}
	s := v.scored()
	p := ds.NewScored(v.h, score, member)
	s.table.Insert(v.h, ds.Hash(member), p)
	s.tree.Insert(v.h, p)
}

// insert puts a member in its place in a listpack.
func (v ZSetValue) insert(member []byte, score float64) {
	k := v.pack()
	pos := k.End()
	// Members often come in order.
	if last := k.Last(); last >= 0 {
		if e, _ := k.Get(last); scoreOf(e) >= score {
			pos = v.place(member, score)
		}
	}
	var tmp [32]byte
	k = k.Insert(v.h, pos, ds.Of(member))
	v.setPack(k.Insert(v.h, k.Next(pos), scoreElem(score, tmp[:])))
}

// place is the position before which a member belongs.
func (v ZSetValue) place(member []byte, score float64) int {
	k := v.pack()
	var tmp [20]byte
	for pos := k.First(); pos < k.End(); {
		name, next := k.Get(pos)
		e, after := k.Get(next)
		if s := scoreOf(e); s > score || s == score && bytes.Compare(name.Bytes(tmp[:]), member) > 0 {
			return pos
		}
		pos = after
	}
	return k.End()
}

// Update gives another score to a member that is there.
func (v ZSetValue) Update(member []byte, score float64) {
	if v.packed() {
		v.Remove(member)
		v.insert(member, score)
		return
	}
	s := v.scored()
	p := s.find(member)
	if s.tree.Rescore(p, score) {
		return
	}
	s.tree.Delete(v.h, *ds.Score(p), member)
	*ds.Score(p) = score
	s.tree.Insert(v.h, p)
}

// Put adds a member or gives it another score.
func (v ZSetValue) Put(member []byte, score float64) {
	old, ok := v.Score(member)
	switch {
	case !ok:
		v.Add(member, score)
	case old != score:
		v.Update(member, score)
	}
}

// Remove takes a member out and reports whether it was there.
func (v ZSetValue) Remove(member []byte) bool {
	if v.packed() {
		k := v.pack()
		x := ds.NeedleOf(member)
		pos := k.Find(k.First(), &x, 1)
		if pos < 0 {
			return false
		}
		v.setPack(k.Delete(v.h, pos, 2))
		return true
	}
	s := v.scored()
	p := s.table.Delete(v.h, ds.Hash(member), member)
	if p == nil {
		return false
	}
	s.tree.Delete(v.h, *ds.Score(p), member)
	freeEntry(ds.KindScored, v.h, p)
	return true
}

// RemoveRange takes out n members from a rank on; all must exist.
func (v ZSetValue) RemoveRange(rank, n int) {
	if n <= 0 {
		return
	}
	if v.packed() {
		k := v.pack()
		v.setPack(k.Delete(v.h, k.Seek(2*rank, k.Len()), 2*n))
		return
	}
	s := v.scored()
	for range n {
		p := s.tree.At(rank)
		name := ds.KindScored.Key(p)
		s.tree.Delete(v.h, *ds.Score(p), name)
		s.table.Remove(v.h, ds.Hash(name), p)
		freeEntry(ds.KindScored, v.h, p)
	}
}

// ToTree makes a tree of the set whatever its size, as SORT does.
func (v ZSetValue) ToTree() {
	if v.packed() {
		v.toTree(0)
	}
}

// toTree makes a tree of the listpack, with room for some more members.
func (v ZSetValue) toTree(more int) {
	k := v.pack()
	s := newScored(v.h, max(k.Len()/2+1, more))
	var tmp [20]byte
	for pos := k.First(); pos < k.End(); {
		name, next := k.Get(pos)
		e, after := k.Get(next)
		pos = after
		member := name.Bytes(tmp[:])
		p := ds.NewScored(v.h, scoreOf(e), member)
		s.table.Insert(v.h, ds.Hash(member), p)
		s.tree.Insert(v.h, p)
	}
	k.Free(v.h)
	v.e.setAddr(s.addr())
	v.e.setEncoding(SkipList)
}

// Shrink makes a listpack of a set that was built as a tree and came out small.
func (v ZSetValue) Shrink() {
	if v.packed() || v.Len() > v.set.ZSetMaxListpackEntries {
		return
	}
	s, total := v.scored(), 0
	it := s.tree.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		n := len(ds.KindScored.Key(p))
		if total += n; n > v.set.ZSetMaxListpackValue || total > maxSafePack {
			return
		}
	}
	k := ds.NewPack(v.h)
	var tmp [32]byte
	it = s.tree.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		k = k.Append(v.h, ds.Of(ds.KindScored.Key(p))).Append(v.h, scoreElem(*ds.Score(p), tmp[:]))
	}
	valueOf(v.e).free(v.h)
	v.setPack(k)
	v.e.setEncoding(ListPack)
}

// Rank is the rank of a member, and its score.
func (v ZSetValue) Rank(member []byte) (rank int, score float64, ok bool) {
	if !v.packed() {
		s := v.scored()
		p := s.find(member)
		if p == nil {
			return 0, 0, false
		}
		rank, ok = s.tree.Rank(*ds.Score(p), member)
		return rank, *ds.Score(p), ok
	}
	k := v.pack()
	for pos := k.First(); pos < k.End(); rank++ {
		name, next := k.Get(pos)
		e, after := k.Get(next)
		if name.EqualBytes(member) {
			return rank, scoreOf(e), true
		}
		pos = after
	}
	return 0, 0, false
}

// Partition is the number of members for which before is true. It must be true
// for the members up to some rank, and false from there on.
func (v ZSetValue) Partition(before func(member ds.Elem, score float64) bool) int {
	if !v.packed() {
		return v.scored().tree.Partition(func(score float64, p unsafe.Pointer) bool {
			return before(ds.Raw(ds.KindScored.Key(p)), score)
		})
	}
	n := 0
	it := v.Iter(0, false)
	for member, score, ok := it.Next(); ok && before(member, score); member, score, ok = it.Next() {
		n++
	}
	return n
}

// Scan calls fn for some members and returns the cursor for the next call; see
// DB.Scan. A listpack is given at once.
func (v ZSetValue) Scan(cursor uint64, fn func(member ds.Elem, score float64)) uint64 {
	if v.packed() {
		it := v.Iter(0, false)
		for member, score, ok := it.Next(); ok; member, score, ok = it.Next() {
			fn(member, score)
		}
		return 0
	}
	return v.scored().table.Scan(cursor, func(p unsafe.Pointer) {
		fn(ds.Raw(ds.KindScored.Key(p)), *ds.Score(p))
	})
}

// Random is a member drawn with the same chance for each, of a set that is not
// empty.
func (v ZSetValue) Random() (member ds.Elem, score float64) {
	it := v.Iter(rand.IntN(v.Len()), false)
	member, score, _ = it.Next()
	return member, score
}

// Pick calls fn for n different members, drawn at random, 0 < n < Len.
func (v ZSetValue) Pick(n int, fn func(member ds.Elem, score float64)) {
	if size := v.Len(); !v.packed() && n <= size/3 {
		v.scored().pick(n, func(p unsafe.Pointer) { fn(ds.Raw(ds.KindScored.Key(p)), *ds.Score(p)) })
		return
	}
	picked := pickIndexes(v.Len(), n)
	it := v.Iter(0, false)
	i := 0
	for member, score, ok := it.Next(); ok; member, score, ok = it.Next() {
		if picked.has(i) {
			fn(member, score)
		}
		i++
	}
}

// ZSetIter walks over a sorted set that does not change meanwhile.
type ZSetIter struct {
	tree   ds.TreeIter
	k      ds.Pack
	pos    int
	back   bool
	packed bool
}

// Iter walks from a rank to the end, or to the beginning when back is set.
func (v ZSetValue) Iter(rank int, back bool) ZSetIter {
	if !v.packed() {
		return ZSetIter{tree: v.scored().tree.Iter(rank, back)}
	}
	k := v.pack()
	n := k.Len()
	it := ZSetIter{k: k, pos: -1, back: back, packed: true}
	if rank >= 0 && 2*rank < n {
		it.pos = k.Seek(2*rank, n)
	}
	return it
}

// Next is the next member with its score, or false at the end.
func (it *ZSetIter) Next() (member ds.Elem, score float64, ok bool) {
	if !it.packed {
		p := it.tree.Next()
		if p == nil {
			return member, 0, false
		}
		return ds.Raw(ds.KindScored.Key(p)), *ds.Score(p), true
	}
	member, at, ok := it.nextPacked()
	if ok {
		e, _ := it.k.Get(at)
		score = scoreOf(e)
	}
	return member, score, ok
}

// Member is Next without the score, which costs something to read in a listpack.
func (it *ZSetIter) Member() (member ds.Elem, ok bool) {
	if !it.packed {
		p := it.tree.Next()
		if p == nil {
			return member, false
		}
		return ds.Raw(ds.KindScored.Key(p)), true
	}
	member, _, ok = it.nextPacked()
	return member, ok
}

// nextPacked is the next member of a listpack, and where its score is.
func (it *ZSetIter) nextPacked() (member ds.Elem, score int, ok bool) {
	if it.pos < 0 || it.pos >= it.k.End() {
		return member, 0, false
	}
	member, score = it.k.Get(it.pos)
	if it.back {
		if it.pos = it.k.Prev(it.pos); it.pos >= 0 {
			it.pos = it.k.Prev(it.pos)
		}
	} else {
		it.pos = it.k.Next(score)
	}
	return member, score, true
}

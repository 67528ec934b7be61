package store

import (
	"math/rand/v2"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// SetValue is a handle for the set of an entry. It is used until the entry moves
// or goes. A command that leaves the set empty deletes the key. What it returns
// aliases the set and is good until that changes.
type SetValue struct {
	e   *Entry
	h   *mem.Heap
	set *Settings
}

// AddSet adds a key, which must not be there, with an empty set that is to have
// about size members, first among them.
func (db *DB) AddSet(key, first []byte, size int) *Entry {
	_, isInt := ds.ParseInt(first)
	enc := HashTable
	switch {
	case isInt && size <= db.set.SetMaxIntsetEntries:
		enc = IntSet
	case size <= db.set.SetMaxListpackEntries:
		enc = ListPack
	}
	e := db.LooseSet(key, enc)
	if enc == HashTable {
		db.Set(e).box().table.Reserve(db.heap, size)
	}
	db.insert(e)
	return e
}

// LooseSet makes a loose entry with an empty set of an encoding.
func (db *DB) LooseSet(key []byte, enc Encoding) *Entry {
	var addr uintptr
	switch enc {
	case IntSet:
		addr = ds.NewIntSet(db.heap).Addr()
	case ListPack:
		addr = ds.NewPack(db.heap).Addr()
	default:
		addr = newBox(db.heap, ds.KindMember, 0).addr()
	}
	return db.loose(key, Set, enc, addr)
}

// Set is the set of an entry of that type.
func (db *DB) Set(e *Entry) SetValue { return SetValue{e, db.heap, db.set} }

// Encoding is how the set is kept.
func (v SetValue) Encoding() Encoding { return v.e.Encoding() }

// Is reports whether two handles are for the same set.
func (v SetValue) Is(o SetValue) bool { return v.e == o.e }

func (v SetValue) ints() ds.IntSet { return ds.IntSetAt(v.e.addr()) }

func (v SetValue) pack() ds.Pack { return ds.PackAt(v.e.addr()) }

func (v SetValue) box() *box { return boxAt(v.e.addr()) }

// Len is the number of members.
func (v SetValue) Len() int {
	switch v.e.Encoding() {
	case IntSet:
		return v.ints().Len()
	case ListPack:
		return v.pack().Len()
	}
	return v.box().table.Len()
}

// Reserve converts the set, if need be, as it is done before n members are added
// in one go.
func (v SetValue) Reserve(n int) {
	switch enc := v.e.Encoding(); {
	case enc == ListPack && n > v.set.SetMaxListpackEntries, enc == IntSet && n > v.set.SetMaxIntsetEntries:
		v.toTable(n)
	}
}

// Add adds a member and reports whether it is new.
func (v SetValue) Add(member []byte) bool {
	switch v.e.Encoding() {
	case HashTable:
		return v.put(member)
	case ListPack:
		return v.append(member)
	}
	n, ok := ds.ParseInt(member)
	if ok {
		return v.AddInt(n)
	}
	// All numbers fit in a listpack as well: the longest has 20 digits.
	if v.ints().Len() < v.set.SetMaxListpackEntries && len(member) <= v.set.SetMaxListpackValue && v.widest() <= v.set.SetMaxListpackValue {
		v.toPack()
		v.e.setAddr(v.pack().Append(v.h, ds.Raw(member)).Addr())
		return true
	}
	v.toTable(1)
	return v.put(member)
}

// AddInt adds a number and reports whether it is new.
func (v SetValue) AddInt(n int64) bool {
	if v.e.Encoding() != IntSet {
		var tmp [20]byte
		return v.Add(ds.Int(n).Bytes(tmp[:]))
	}
	s, added := v.ints().Add(v.h, n)
	v.e.setAddr(s.Addr())
	if added && s.Len() > v.maxInts() {
		v.toTable(0)
	}
	return added
}

// AddElem adds a member of another set.
func (v SetValue) AddElem(e ds.Elem) bool {
	if n, ok := e.Int(); ok {
		return v.AddInt(n)
	}
	return v.Add(e.Bytes(nil))
}

// maxInts is the number of members up to which a set is an intset.
func (v SetValue) maxInts() int { return min(v.set.SetMaxIntsetEntries, 1<<30) }

// widest is the most digits that a number of an intset has.
func (v SetValue) widest() int {
	s := v.ints()
	n := s.Len()
	if n == 0 {
		return 0
	}
	return max(ds.DigitsOf(s.At(0)), ds.DigitsOf(s.At(n-1)))
}

func (v SetValue) append(member []byte) bool {
	k := v.pack()
	x := ds.NeedleOf(member)
	if k.Find(k.First(), &x, 0) >= 0 {
		return false
	}
	if k.Len() < v.set.SetMaxListpackEntries && len(member) <= v.set.SetMaxListpackValue && safePack(k, len(member)) {
		v.e.setAddr(k.Append(v.h, ds.Of(member)).Addr())
		return true
	}
	v.toTable(1)
	return v.put(member)
}

func (v SetValue) put(member []byte) bool {
	t := &v.box().table
	hash := ds.Hash(member)
	if t.Find(hash, member) != nil {
		return false
	}
	t.Insert(v.h, hash, ds.NewMember(v.h, member))
	return true
}

// toPack makes a listpack of an intset.
func (v SetValue) toPack() {
	s, k := v.ints(), ds.NewPack(v.h)
	for i := range s.Len() {
		k = k.Append(v.h, ds.Int(s.At(i)))
	}
	s.Free(v.h)
	v.e.setAddr(k.Addr())
	v.e.setEncoding(ListPack)
}

// toTable makes a table of another encoding, with room for some more members.
func (v SetValue) toTable(more int) {
	b := newBox(v.h, ds.KindMember, max(v.Len(), more))
	var tmp [20]byte
	v.Each(func(e ds.Elem) bool {
		member := e.Bytes(tmp[:])
		b.table.Insert(v.h, ds.Hash(member), ds.NewMember(v.h, member))
		return true
	})
	valueOf(v.e).free(v.h)
	v.e.setAddr(b.addr())
	v.e.setEncoding(HashTable)
}

// ToInts makes an intset of a set that has only numbers, if they are not too
// many.
func (v SetValue) ToInts() {
	if v.e.Encoding() == IntSet || v.Len() > v.maxInts() {
		return
	}
	s := ds.NewIntSet(v.h)
	v.Each(func(e ds.Elem) bool {
		n, ok := e.Int()
		if !ok {
			n, _ = ds.ParseInt(e.Bytes(nil))
		}
		s, _ = s.Add(v.h, n)
		return true
	})
	valueOf(v.e).free(v.h)
	v.e.setAddr(s.Addr())
	v.e.setEncoding(IntSet)
}

// Has reports whether something is a member.
func (v SetValue) Has(member []byte) bool {
	switch v.e.Encoding() {
	case IntSet:
		n, ok := ds.ParseInt(member)
		return ok && v.ints().Has(n)
	case ListPack:
		k := v.pack()
		x := ds.NeedleOf(member)
		return k.Find(k.First(), &x, 0) >= 0
	}
	return v.box().find(member) != nil
}

// HasElem is Has for a member of another set.
func (v SetValue) HasElem(e ds.Elem) bool {
	if n, ok := e.Int(); ok && v.e.Encoding() == IntSet {
		return v.ints().Has(n)
	}
	var tmp [20]byte
	return v.Has(e.Bytes(tmp[:]))
}

// Remove takes a member out and reports whether it was there.
func (v SetValue) Remove(member []byte) bool {
	switch v.e.Encoding() {
	case IntSet:
		n, ok := ds.ParseInt(member)
		if !ok {
			return false
		}
		s, removed := v.ints().Remove(v.h, n)
		v.e.setAddr(s.Addr())
		return removed
	case ListPack:
		k := v.pack()
		x := ds.NeedleOf(member)
		pos := k.Find(k.First(), &x, 0)
		if pos < 0 {
			return false
		}
		v.e.setAddr(k.Delete(v.h, pos, 1).Addr())
		return true
	}
	p := v.box().table.Delete(v.h, ds.Hash(member), member)
	if p == nil {
		return false
	}
	freeEntry(ds.KindMember, v.h, p)
	return true
}

// Each calls fn for every member until it returns false. The set must not change
// meanwhile.
func (v SetValue) Each(fn func(e ds.Elem) bool) {
	switch v.e.Encoding() {
	case IntSet:
		s := v.ints()
		for i := range s.Len() {
			if !fn(ds.Int(s.At(i))) {
				return
			}
		}
	case ListPack:
		k := v.pack()
		for pos := k.First(); pos < k.End(); {
			e, next := k.Get(pos)
			if !fn(e) {
				return
			}
			pos = next
		}
	default:
		v.box().table.Each(func(p unsafe.Pointer) bool { return fn(memberOf(p)) })
	}
}

func memberOf(p unsafe.Pointer) ds.Elem { return ds.Raw(ds.KindMember.Key(p)) }

// Scan calls fn for some members and returns the cursor for the next call; see
// DB.Scan. Encodings other than a table are given at once.
func (v SetValue) Scan(cursor uint64, fn func(e ds.Elem)) uint64 {
	if v.e.Encoding() != HashTable {
		v.Each(func(e ds.Elem) bool { fn(e); return true })
		return 0
	}
	return v.box().table.Scan(cursor, func(p unsafe.Pointer) { fn(memberOf(p)) })
}

// Random is a member drawn with the same chance for each, of a set that is not
// empty.
func (v SetValue) Random() ds.Elem {
	switch v.e.Encoding() {
	case IntSet:
		s := v.ints()
		return ds.Int(s.At(rand.IntN(s.Len())))
	case ListPack:
		k := v.pack()
		n := k.Len()
		e, _ := k.Get(k.Seek(rand.IntN(n), n))
		return e
	}
	return memberOf(v.box().table.Random())
}

// Pick calls fn for n different members, drawn at random, 0 < n < Len.
func (v SetValue) Pick(n int, fn func(e ds.Elem)) {
	if v.e.Encoding() == HashTable {
		v.box().pick(n, func(p unsafe.Pointer) { fn(memberOf(p)) })
		return
	}
	picked := pickIndexes(v.Len(), n)
	i := 0
	v.Each(func(e ds.Elem) bool {
		if picked.has(i) {
			fn(e)
			n--
		}
		i++
		return n > 0
	})
}

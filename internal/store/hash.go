package store

import (
	"math/rand/v2"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// HashValue is a handle for the hash of an entry. It is used until the entry
// moves or goes. A command that leaves the hash empty deletes the key. What it
// returns aliases the hash and is good until that changes.
type HashValue struct {
	e   *Entry
	h   *mem.Heap
	set *Settings
}

// AddHash adds a key, which must not be there, with an empty hash.
func (db *DB) AddHash(key []byte) *Entry {
	e := db.alloc(key, ds.FlagWord, 0)
	e.setType(Hash, ListPack)
	e.setAddr(ds.NewPack(db.heap).Addr())
	db.insert(e)
	return e
}

// Hash is the hash of an entry of that type.
func (db *DB) Hash(e *Entry) HashValue { return HashValue{e, db.heap, db.set} }

func (v HashValue) packed() bool { return v.e.Encoding() == ListPack }

func (v HashValue) pack() ds.Pack { return ds.PackAt(v.e.addr()) }

// Pack is the listpack that holds fields and values in turn. ok is false for a hash
// that is kept otherwise.
func (v HashValue) Pack() (k ds.Pack, ok bool) {
	if !v.packed() {
		return k, false
	}
	return v.pack(), true
}

func (v HashValue) setPack(k ds.Pack) { v.e.setAddr(k.Addr()) }

func (v HashValue) box() *box { return boxAt(v.e.addr()) }

// Len is the number of fields.
func (v HashValue) Len() int {
	if v.packed() {
		return v.pack().Len() / 2
	}
	return v.box().table.Len()
}

// Get is the value of a field.
func (v HashValue) Get(field []byte) (ds.Elem, bool) {
	if !v.packed() {
		p := v.box().find(field)
		if p == nil {
			return ds.Elem{}, false
		}
		return ds.Raw((*ds.Field)(p).Value()), true
	}
	k := v.pack()
	x := ds.NeedleOf(field)
	pos := k.Find(k.First(), &x, 1)
	if pos < 0 {
		return ds.Elem{}, false
	}
	e, _ := k.Get(k.Next(pos))
	return e, true
}

// Has reports whether a field is there.
func (v HashValue) Has(field []byte) bool {
	if !v.packed() {
		return v.box().find(field) != nil
	}
	k := v.pack()
	x := ds.NeedleOf(field)
	return k.Find(k.First(), &x, 1) >= 0
}

// Reserve converts the hash, if need be, as it is done before several fields and
// values are set in one go.
func (v HashValue) Reserve(args ...[]byte) {
	if !v.packed() {
		return
	}
	if n := len(args) / 2; n > v.set.HashMaxListpackEntries {
		v.convert(n)
		return
	}
	sum := 0
	for _, a := range args {
		if len(a) > v.set.HashMaxListpackValue {
			v.convert(0)
			return
		}
		sum += len(a)
	}
	if !safePack(v.pack(), sum) {
		v.convert(0)
	}
}

// maxSafePack is the size beyond which a listpack is left for another encoding,
// whatever the settings say, in bytes.
const maxSafePack = 1 << 30

func safePack(k ds.Pack, more int) bool { return k.Size()+more <= maxSafePack }

// Set stores a value for a field and reports whether the field is new.
func (v HashValue) Set(field, val []byte) bool {
	if v.packed() && max(len(field), len(val)) > v.set.HashMaxListpackValue {
		v.convert(0)
	}
	if !v.packed() {
		return v.put(field, val)
	}
	k := v.pack()
	x := ds.NeedleOf(field)
	if pos := k.Find(k.First(), &x, 1); pos >= 0 {
		v.setPack(k.Replace(v.h, k.Next(pos), ds.Of(val)))
		return false
	}
	k = k.Append(v.h, ds.Of(field)).Append(v.h, ds.Of(val))
	v.setPack(k)
	if k.Len()/2 > v.set.HashMaxListpackEntries {
		v.convert(0)
	}
	return true
}

// Overwrite is Set for a field of a table that is there, and a value that fits where
// the old one is; false if it is not so. It needs no memory.
func (v HashValue) Overwrite(field, val []byte) bool {
	if v.packed() {
		return false
	}
	p := v.box().find(field)
	return p != nil && (*ds.Field)(p).Overwrite(val)
}

// put is Set for a table.
func (v HashValue) put(field, val []byte) bool {
	t := &v.box().table
	hash := ds.Hash(field)
	p := t.Find(hash, field)
	if p == nil {
		t.Insert(v.h, hash, unsafe.Pointer(ds.NewField(v.h, field, val)))
		return true
	}
	if n := unsafe.Pointer((*ds.Field)(p).SetValue(v.h, val)); n != p {
		t.Replace(hash, p, n)
	}
	return false
}

// convert makes a table of the listpack, with room for some more fields.
func (v HashValue) convert(more int) {
	k := v.pack()
	b := newBox(v.h, ds.KindField, k.Len()/2+more)
	var name, val [20]byte
	for pos := k.First(); pos < k.End(); {
		f, next := k.Get(pos)
		x, after := k.Get(next)
		pos = after
		field := f.Bytes(name[:])
		b.table.Insert(v.h, ds.Hash(field), unsafe.Pointer(ds.NewField(v.h, field, x.Bytes(val[:]))))
	}
	k.Free(v.h)
	v.e.setAddr(b.addr())
	v.e.setEncoding(HashTable)
}

// Delete takes a field out and reports whether it was there.
func (v HashValue) Delete(field []byte) bool {
	if !v.packed() {
		p := v.box().table.Delete(v.h, ds.Hash(field), field)
		if p == nil {
			return false
		}
		(*ds.Field)(p).Free(v.h)
		return true
	}
	k := v.pack()
	x := ds.NeedleOf(field)
	pos := k.Find(k.First(), &x, 1)
	if pos < 0 {
		return false
	}
	v.setPack(k.Delete(v.h, pos, 2))
	return true
}

// Each calls fn for every field until it returns false. The hash must not change
// meanwhile.
func (v HashValue) Each(fn func(field, val ds.Elem) bool) {
	if !v.packed() {
		v.box().table.Each(func(p unsafe.Pointer) bool { return fn(fieldOf(p)) })
		return
	}
	k := v.pack()
	for pos := k.First(); pos < k.End(); {
		f, next := k.Get(pos)
		x, after := k.Get(next)
		if !fn(f, x) {
			return
		}
		pos = after
	}
}

func fieldOf(p unsafe.Pointer) (field, val ds.Elem) {
	f := (*ds.Field)(p)
	return ds.Raw(f.Name()), ds.Raw(f.Value())
}

// Scan calls fn for some fields and returns the cursor for the next call; see
// DB.Scan. A listpack is given at once.
func (v HashValue) Scan(cursor uint64, fn func(field, val ds.Elem)) uint64 {
	if v.packed() {
		v.Each(func(field, val ds.Elem) bool { fn(field, val); return true })
		return 0
	}
	return v.box().table.Scan(cursor, func(p unsafe.Pointer) { fn(fieldOf(p)) })
}

// Random is a field drawn with the same chance for each, of a hash that is not
// empty.
func (v HashValue) Random() (field, val ds.Elem) {
	if !v.packed() {
		return fieldOf(v.box().table.Random())
	}
	k := v.pack()
	n := k.Len()
	f, next := k.Get(k.Seek(2*rand.IntN(n/2), n))
	x, _ := k.Get(next)
	return f, x
}

// Pick calls fn for n different fields, drawn at random, 0 < n < Len.
func (v HashValue) Pick(n int, fn func(field, val ds.Elem) bool) {
	if !v.packed() {
		v.box().pick(n, func(p unsafe.Pointer) { fn(fieldOf(p)) })
		return
	}
	picked := pickIndexes(v.Len(), n)
	i := 0
	v.Each(func(field, val ds.Elem) bool {
		if picked.has(i) {
			fn(field, val)
			n--
		}
		i++
		return n > 0
	})
}

// indexes is a set of numbers below some bound.
type indexes []uint64

func (s indexes) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// pickIndexes draws n different numbers below size.
func pickIndexes(size, n int) indexes {
	s := make(indexes, size/64+1)
	// Floyd's algorithm: every set of n numbers has the same chance.
	for j := size - n; j < size; j++ {
		i := rand.IntN(j + 1)
		if s.has(i) {
			i = j
		}
		s[i/64] |= 1 << (i % 64)
	}
	return s
}

package ds

import (
	"math/bits"
	"unsafe"

	"berth/internal/mem"
)

// Table is a hash table of addresses: each is that of an entry, off the Go
// heap, that holds its own key. The table knows nothing of an entry but where
// its key is, by the table's Kind.
//
// A bucket is one cache line: a word with eight bits of each entry's hash, and
// seven slots. A bucket that overflows gives its last slot to a chained bucket.
// So a lookup usually costs two cache misses: the bucket and the entry.
//
// A slot is 64 bits but an address is 48: the rest holds sixteen more bits of
// the hash. They spare comparisons, and with them a table of 4,096 buckets or
// more is resized without looking at the entries at all.
//
// The table grows and shrinks in steps: while it does there are two arrays of
// buckets, and every change moves one bucket from the old to the new.
//
// A Table holds no Go pointers and may lie in off-heap memory. The zero value
// with a Kind is an empty table.
type Table struct {
	arrays [2]array
	// next is the bucket of arrays[0] that is moved next while resizing.
	next int
	// resizing tells that arrays[1] takes over from arrays[0].
	resizing bool
	// Kind is where the entries have their keys. It is set once, first.
	Kind Kind
	// held counts iterations: above zero no entry changes its bucket.
	held int32
}

// array is one array of buckets.
type array struct {
	addr  uintptr
	used  int
	exp   uint8 // two to the power of exp buckets, if addr is not 0
	chain int   // chained buckets
}

// bucket is 64 bytes, aligned to a cache line. The lowest byte of meta has a bit
// per used slot and, on top, one for a chained bucket in the last slot. Byte
// i+1 is the tag of slot i.
type bucket struct {
	meta uint64
	slot [slots]uint64
}

const (
	slots      = 7
	bucketSize = 64
	chained    = 1 << 7
	anySlot    = 1<<slots - 1
	addrBits   = 48
	addrMask   = 1<<addrBits - 1

	// The bits of a hash from extraShift on are those in a slot, sixteen, and
	// then those in the tag, eight.
	extraShift = 12
	knownBits  = 24

	// grow and shrink are loads, in entries per bucket: at growAt the array
	// doubles, under shrinkAt it halves or more, to hold at most shrinkTo.
	growAt   = 6
	shrinkTo = 4

	lowBytes  = 0x0101010101010100
	highBytes = 0x8080808080808000
)

func tagOf(hash uint64) uint8 { return uint8(hash >> (extraShift + 16)) }

// slotOf is the slot for an entry: its address and sixteen bits of its hash.
func slotOf(hash uint64, p unsafe.Pointer) uint64 {
	return uint64(mem.Addr(p)) | hash>>extraShift<<addrBits
}

func entryOf(slot uint64) unsafe.Pointer { return mem.Ptr(uintptr(slot & addrMask)) }

func (a *array) buckets() int {
	if a.addr == 0 {
		return 0
	}
	return 1 << a.exp
}

func (a *array) bucket(i int) *bucket {
	return (*bucket)(mem.Ptr(a.addr + uintptr(i)*bucketSize))
}

func (a *array) alloc(h *mem.Heap, exp uint8) {
	*a = array{addr: mem.Addr(h.AllocZero(bucketSize << exp)), exp: exp}
}

func (a *array) free(h *mem.Heap) {
	if a.addr != 0 {
		h.Free(mem.Ptr(a.addr), bucketSize<<a.exp)
	}
	*a = array{}
}

// chainOf is the bucket that follows b, or nil.
func (b *bucket) chainOf() *bucket {
	if b.meta&chained == 0 {
		return nil
	}
	return (*bucket)(mem.Ptr(uintptr(b.slot[slots-1])))
}

// tagged gives a bit in byte i+1 for every slot whose tag is tag. A bit above a
// true one may be wrong: the caller compares anyway.
func (b *bucket) tagged(tag uint8) uint64 {
	x := b.meta ^ uint64(tag)*lowBytes
	return (x - lowBytes) & ^x & highBytes
}

// room has a bit for every free slot of b.
func (b *bucket) room() uint64 { return ^b.meta & anySlot &^ (b.meta & chained >> 1) }

func (b *bucket) has(i int) bool { return b.meta>>i&1 == 1 }

func (b *bucket) put(i int, slot uint64, tag uint8) {
	shift := 8 * (i + 1)
	b.slot[i] = slot
	b.meta = b.meta&^(0xff<<shift) | uint64(tag)<<shift | 1<<i
}

func (b *bucket) tag(i int) uint8 { return uint8(b.meta >> (8 * (i + 1))) }

// Len is the number of entries.
func (t *Table) Len() int { return t.arrays[0].used + t.arrays[1].used }

// Buckets is the number of buckets, chained ones included.
func (t *Table) Buckets() int {
	return t.arrays[0].buckets() + t.arrays[1].buckets() + t.arrays[0].chain + t.arrays[1].chain
}

// Bytes is the memory of the table without the entries.
func (t *Table) Bytes() int { return t.Buckets() * bucketSize }

// Resizing reports whether entries are being moved to another array.
func (t *Table) Resizing() bool { return t.resizing }

// Find is the entry with the key, whose hash is given, or nil.
func (t *Table) Find(hash uint64, key []byte) unsafe.Pointer {
	tag := tagOf(hash)
	extra := hash >> extraShift & 0xffff
	for i := range t.arrays {
		a := &t.arrays[i]
		if a.used == 0 {
			continue
		}
		for b := a.bucket(int(hash & (1<<a.exp - 1))); b != nil; b = b.chainOf() {
			for m := b.tagged(tag); m != 0; m &= m - 1 {
				i := bits.TrailingZeros64(m)/8 - 1
				if s := b.slot[i]; b.has(i) && s>>addrBits == extra {
					if p := entryOf(s); t.Kind.isKey(p, key) {
						return p
					}
				}
			}
		}
	}
	return nil
}

// place is where an entry is.
type place struct {
	array int
	home  int     // the index of the first bucket of the chain
	b     *bucket // the bucket that holds the entry
	slot  int
}

// locate finds the slot of the entry p with the given hash. A nil p stands for
// the entry with the key.
func (t *Table) locate(hash uint64, p unsafe.Pointer, key []byte) (place, bool) {
	tag := tagOf(hash)
	for n := range t.arrays {
		a := &t.arrays[n]
		if a.used == 0 {
			continue
		}
		home := int(hash & (1<<a.exp - 1))
		for b := a.bucket(home); b != nil; b = b.chainOf() {
			for m := b.tagged(tag); m != 0; m &= m - 1 {
				i := bits.TrailingZeros64(m)/8 - 1
				if !b.has(i) {
					continue
				}
				q := entryOf(b.slot[i])
				if q == p || p == nil && t.Kind.isKey(q, key) {
					return place{n, home, b, i}, true
				}
			}
		}
	}
	return place{}, false
}

// Insert adds the entry p, whose key has the given hash and must not be there
// yet.
func (t *Table) Insert(h *mem.Heap, hash uint64, p unsafe.Pointer) {
	t.Step(h)
	t.growIfFull(h)
	a := &t.arrays[0]
	if t.resizing {
		a = &t.arrays[1]
	}
	a.insert(h, int(hash&(1<<a.exp-1)), slotOf(hash, p), tagOf(hash))
}

func (a *array) insert(h *mem.Heap, home int, slot uint64, tag uint8) {
	b := a.bucket(home)
	for {
		if r := b.room(); r != 0 {
			b.put(bits.TrailingZeros64(r), slot, tag)
			a.used++
			return
		}
		next := b.chainOf()
		if next == nil {
			next = a.extend(h, b)
		}
		b = next
	}
}

// extend chains an empty bucket behind b and moves b's last entry there.
func (a *array) extend(h *mem.Heap, b *bucket) *bucket {
	c := (*bucket)(h.AllocZero(bucketSize))
	c.put(0, b.slot[slots-1], b.tag(slots-1))
	b.slot[slots-1] = uint64(mem.Addr(unsafe.Pointer(c)))
	b.meta = b.meta&^(1<<(slots-1)) | chained
	a.chain++
	return c
}

// Replace puts the entry at address p in the place of the one at old, which has
// the same key. The entry at old is not looked at.
func (t *Table) Replace(hash uint64, old, p unsafe.Pointer) {
	w, ok := t.locate(hash, old, nil)
	if !ok {
		panic("BUG: ds: the table does not have the entry to be replaced")
	}
	w.b.slot[w.slot] = slotOf(hash, p)
}

// Delete takes the entry with the key out and returns it, nil when there is
// none. The entry's memory is the caller's.
func (t *Table) Delete(h *mem.Heap, hash uint64, key []byte) unsafe.Pointer {
	t.Step(h)
	w, ok := t.locate(hash, nil, key)
	if !ok {
		return nil
	}
	p := entryOf(w.b.slot[w.slot])
	t.clear(h, w)
	return p
}

// Remove takes the entry p out and reports whether it was there.
func (t *Table) Remove(h *mem.Heap, hash uint64, p unsafe.Pointer) bool {
	t.Step(h)
	w, ok := t.locate(hash, p, nil)
	if ok {
		t.clear(h, w)
	}
	return ok
}

func (t *Table) clear(h *mem.Heap, w place) {
	a := &t.arrays[w.array]
	w.b.meta &^= 1 << w.slot
	a.used--
	if t.held > 0 {
		return
	}
	if a.bucket(w.home).meta&chained != 0 {
		a.compact(h, w)
	}
	t.shrinkIfSparse(h)
}

// compact fills the hole at w with the last entry of the chain, and frees the
// chain's last bucket when it is empty.
func (a *array) compact(h *mem.Heap, w place) {
	var before *bucket
	last := a.bucket(w.home)
	for next := last.chainOf(); next != nil; next = last.chainOf() {
		before, last = last, next
	}
	if last != w.b && last.meta&anySlot != 0 {
		i := bits.Len64(last.meta&anySlot) - 1
		w.b.put(w.slot, last.slot[i], last.tag(i))
		last.meta &^= 1 << i
	}
	if last.meta&anySlot == 0 {
		h.Free(unsafe.Pointer(last), bucketSize)
		before.meta &^= chained
		a.chain--
	}
}

// Free gives the table's memory back, but not that of the entries.
func (t *Table) Free(h *mem.Heap) {
	for n := range t.arrays {
		a := &t.arrays[n]
		for i := 0; i < a.buckets() && a.chain > 0; i++ {
			a.unchain(h, i)
		}
		a.free(h)
	}
	*t = Table{Kind: t.Kind}
}

// unchain frees the buckets chained to bucket i.
func (a *array) unchain(h *mem.Heap, i int) {
	b := a.bucket(i)
	for c := b.chainOf(); c != nil; {
		next := c.chainOf()
		h.Free(unsafe.Pointer(c), bucketSize)
		a.chain--
		c = next
	}
	b.meta &^= chained
}

package store

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// box is a hash table of a value, off the Go heap.
type box struct {
	table ds.Table
	// cursor is how far freePart has come.
	cursor uint64
}

const boxBytes = int(unsafe.Sizeof(box{}))

func newBox(h *mem.Heap, k ds.Kind, room int) *box {
	b := (*box)(h.AllocZero(boxBytes))
	b.table.Kind = k
	if room > 0 {
		b.table.Reserve(h, room)
	}
	return b
}

func boxAt(addr uintptr) *box { return (*box)(mem.Ptr(addr)) }

func (b *box) addr() uintptr { return mem.Addr(unsafe.Pointer(b)) }

func (b *box) find(key []byte) unsafe.Pointer {
	return b.table.Find(ds.Hash(key), key)
}

// freeEntry gives an entry's memory back.
func freeEntry(k ds.Kind, h *mem.Heap, p unsafe.Pointer) {
	if k == ds.KindField {
		(*ds.Field)(p).Free(h)
		return
	}
	h.Free(p, k.EntrySize(p))
}

// cloneEntry copies an entry to a heap.
func cloneEntry(k ds.Kind, to *mem.Heap, p unsafe.Pointer) unsafe.Pointer {
	switch k {
	case ds.KindField:
		f := (*ds.Field)(p)
		return unsafe.Pointer(ds.NewField(to, f.Name(), f.Value()))
	case ds.KindScored:
		return ds.NewScored(to, *ds.Score(p), k.Key(p))
	}
	return ds.NewMember(to, k.Key(p))
}

// drop gives back the box and the table in it, but not the entries.
func (b *box) drop(h *mem.Heap) {
	b.table.Free(h)
	h.Free(unsafe.Pointer(b), boxBytes)
}

// freePart frees about n entries and reports whether that was all, the box
// included. The table goes on pointing to them: nobody looks.
func (b *box) freePart(h *mem.Heap, n int) bool {
	if !b.freeEntries(h, n) {
		return false
	}
	b.drop(h)
	return true
}

// freeEntries frees about n entries and reports whether those were the last.
func (b *box) freeEntries(h *mem.Heap, n int) bool {
	k := b.table.Kind
	for {
		b.cursor = b.table.Scan(b.cursor, func(p unsafe.Pointer) {
			freeEntry(k, h, p)
			n--
		})
		if b.cursor == 0 || n <= 0 {
			return b.cursor == 0
		}
	}
}

func (b *box) free(h *mem.Heap) {
	k := b.table.Kind
	b.table.Each(func(p unsafe.Pointer) bool {
		freeEntry(k, h, p)
		return true
	})
	b.drop(h)
}

func (b *box) clone(to *mem.Heap) *box {
	k := b.table.Kind
	c := newBox(to, k, b.table.Len())
	b.table.Each(func(p unsafe.Pointer) bool {
		c.table.Insert(to, ds.Hash(k.Key(p)), cloneEntry(k, to, p))
		return true
	})
	return c
}

// pick calls fn for n different entries, drawn at random, 0 < n < Len.
func (b *box) pick(n int, fn func(p unsafe.Pointer)) {
	if size := b.table.Len(); n > size/3 {
		// So many draws would hit what was drawn before.
		picked := pickIndexes(size, n)
		i := 0
		b.table.Each(func(p unsafe.Pointer) bool {
			if picked.has(i) {
				fn(p)
			}
			i++
			return true
		})
		return
	}
	drawn := make(map[unsafe.Pointer]struct{}, n)
	for len(drawn) < n {
		p := b.table.Random()
		if _, ok := drawn[p]; !ok {
			drawn[p] = struct{}{}
			fn(p)
		}
	}
}

// sampledEntries is how many entries stand for all when their memory is told.
const sampledEntries = 64

// bytes is the memory of the box with its entries, from a sample if they are
// many.
func (b *box) bytes() int {
	k, seen, sum := b.table.Kind, 0, 0
	b.table.Each(func(p unsafe.Pointer) bool {
		if k == ds.KindField {
			sum += (*ds.Field)(p).Bytes()
		} else {
			sum += mem.UsableSize(k.EntrySize(p))
		}
		seen++
		return seen < sampledEntries
	})
	if n := b.table.Len(); seen < n {
		sum = int(float64(sum) / float64(seen) * float64(n))
	}
	return mem.UsableSize(boxBytes) + b.table.Bytes() + sum
}

// boxKind is the kind of values that are a box and no more.
var boxKind = kind{
	len:    func(v value) int { return boxAt(uintptr(v.word)).table.Len() },
	bytes:  func(v value) int { return boxAt(uintptr(v.word)).bytes() },
	effort: func(v value) int { return boxAt(uintptr(v.word)).table.Len() },
	free:   func(v value, h *mem.Heap) { boxAt(uintptr(v.word)).free(h) },
	part:   func(v value, h *mem.Heap, n int) bool { return boxAt(uintptr(v.word)).freePart(h, n) },
	clone: func(v value, to *mem.Heap) value {
		v.word = uint64(boxAt(uintptr(v.word)).clone(to).addr())
		return v
	},
}

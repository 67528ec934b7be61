package ds

import (
	"math/bits"

	"berth/internal/mem"
)

// atOnce is the number of buckets up to which a table is resized in one go: a
// few microseconds, and no small table is left half moved when its owner stops
// writing.
const atOnce = 64

func (t *Table) growIfFull(h *mem.Heap) {
	if t.resizing {
		return
	}
	a := &t.arrays[0]
	switch {
	case a.addr == 0:
		a.alloc(h, 0)
	case a.used >= growAt<<a.exp && t.held == 0:
		t.resize(h, a.exp+1)
	}
}

func (t *Table) shrinkIfSparse(h *mem.Heap) {
	a := &t.arrays[0]
	if t.resizing || a.exp == 0 || a.used >= 1<<a.exp {
		return
	}
	t.resize(h, expFor(a.used, shrinkTo))
}

// expFor is the smallest exponent of a table that holds n entries at the load.
func expFor(n, load int) uint8 {
	if n <= load {
		return 0
	}
	return uint8(bits.Len(uint((n - 1) / load)))
}

// Reserve makes the table large enough for n entries before they come.
func (t *Table) Reserve(h *mem.Heap, n int) {
	exp := expFor(n, growAt)
	if t.resizing || t.held > 0 {
		return
	}
	a := &t.arrays[0]
	if a.addr == 0 {
		a.alloc(h, exp)
	} else if exp > a.exp {
		t.resize(h, exp)
	}
}

// resize begins to move all entries to an array of two to the power of exp
// buckets.
func (t *Table) resize(h *mem.Heap, exp uint8) {
	t.arrays[1].alloc(h, exp)
	t.resizing, t.next = true, 0
	if t.arrays[0].buckets() <= atOnce {
		for t.resizing {
			t.Step(h)
		}
	}
}

// Step moves one bucket if the table is being resized and no iteration is under
// way. Changes do it by themselves; a table that is only read needs it called
// now and then.
func (t *Table) Step(h *mem.Heap) {
	if !t.resizing || t.held > 0 {
		return
	}
	a := &t.arrays[0]
	// Empty buckets cost little: a sparse table moves several of them a step.
	for range 8 {
		if a.used == 0 {
			break
		}
		b := a.bucket(t.next)
		busy := b.meta&(anySlot|chained) != 0
		if busy {
			t.moveBucket(h, t.next)
		}
		t.next++
		if busy {
			break
		}
	}
	if a.used > 0 {
		return
	}
	for i := t.next; a.chain > 0; i++ {
		a.unchain(h, i)
	}
	a.free(h)
	t.arrays[0], t.arrays[1] = t.arrays[1], array{}
	t.resizing = false
}

// moveBucket moves the entries of bucket i of the old array to the new one.
func (t *Table) moveBucket(h *mem.Heap, i int) {
	from, to := &t.arrays[0], &t.arrays[1]
	for b := from.bucket(i); b != nil; b = b.chainOf() {
		for m := b.meta & anySlot; m != 0; m &= m - 1 {
			j := bits.TrailingZeros64(m)
			s, tag := b.slot[j], b.tag(j)
			to.insert(h, t.homeOf(i, s, tag), s, tag)
			from.used--
		}
		b.meta &^= anySlot
	}
	from.unchain(h, i)
}

// homeOf is the index in the new array of an entry in bucket i of the old one.
func (t *Table) homeOf(i int, slot uint64, tag uint8) int {
	from, to := t.arrays[0].exp, t.arrays[1].exp
	if to <= from {
		return i & (1<<to - 1)
	}
	if from >= extraShift && to <= extraShift+knownBits {
		// The index gives the hash's bits below from, the slot and the tag those
		// from extraShift on: together all that is needed.
		known := (slot>>addrBits | uint64(tag)<<16) << extraShift
		return int((known | uint64(i)&(1<<extraShift-1)) & (1<<to - 1))
	}
	return int(Hash(t.Kind.keyOf(entryOf(slot))) & (1<<to - 1))
}

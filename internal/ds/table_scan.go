package ds

import (
	"math/bits"
	"math/rand/v2"
	"unsafe"
)

// Scan calls fn for the entries of one bucket, or of a bucket and those that it
// splits into, and returns the cursor for the next call; 0 is both the first
// cursor and the sign of the end. An entry that is there from the first call to
// the last is given at least once, however the table is resized in between: the
// cursor counts with its bits reversed, so that the buckets already seen stay
// the same set when the number of buckets changes. fn may delete the entry that
// it is given, and change nothing else in the table.
func (t *Table) Scan(cursor uint64, fn func(p unsafe.Pointer)) uint64 {
	if t.Len() == 0 {
		return 0
	}
	t.held++
	defer func() { t.held-- }()
	small, large := &t.arrays[0], &t.arrays[1]
	if !t.resizing {
		small.visit(cursor, fn)
		return advance(cursor, uint64(small.buckets()-1))
	}
	if small.exp > large.exp {
		small, large = large, small
	}
	sm, lm := uint64(small.buckets()-1), uint64(large.buckets()-1)
	small.visit(cursor, fn)
	for {
		large.visit(cursor, fn)
		cursor = advance(cursor, lm)
		if cursor&(sm^lm) == 0 {
			return cursor
		}
	}
}

// gatherBuckets is how many buckets Gather takes at once: enough that the processor
// waits for many of their lines together, few enough that they stay in its cache.
const gatherBuckets = 16

// Gather is Scan for who wants all entries quickly: it appends those of several
// buckets to into, and has the processor fetch the beginning of each. One after the
// other, as the cursor goes, each bucket and each entry would be a cache miss that
// nothing else is done beside.
func (t *Table) Gather(cursor uint64, into []unsafe.Pointer) ([]unsafe.Pointer, uint64) {
	from := len(into)
	if t.resizing || t.Len() == 0 {
		cursor = t.Scan(cursor, func(p unsafe.Pointer) { into = append(into, p) })
	} else {
		a := &t.arrays[0]
		mask := uint64(a.buckets() - 1)
		a.touch(cursor, mask)
		for range gatherBuckets {
			into = a.gather(int(cursor&mask), into)
			if cursor = advance(cursor, mask); cursor == 0 {
				break
			}
		}
	}
	touchAll(into[from:])
	return into, cursor
}

// touch reads something of the buckets that Gather is about to look at. The sum only
// keeps the compiler from leaving that out.
//
//go:noinline
func (a *array) touch(cursor, mask uint64) (sum uint64) {
	for range gatherBuckets {
		sum += a.bucket(int(cursor & mask)).meta
		cursor = advance(cursor, mask)
	}
	return sum
}

// touchAll reads something of the entries.
//
//go:noinline
func touchAll(entries []unsafe.Pointer) (sum uint8) {
	for _, p := range entries {
		sum += *(*uint8)(p)
	}
	return sum
}

// gather appends the entries of the chain at home.
func (a *array) gather(home int, into []unsafe.Pointer) []unsafe.Pointer {
	for b := a.bucket(home); b != nil; b = b.chainOf() {
		for m := b.meta & anySlot; m != 0; m &= m - 1 {
			into = append(into, entryOf(b.slot[bits.TrailingZeros64(m)]))
		}
	}
	return into
}

// advance adds one to the cursor's bits under mask, the highest first.
func advance(cursor, mask uint64) uint64 {
	return bits.Reverse64(bits.Reverse64(cursor|^mask) + 1)
}

func (a *array) visit(cursor uint64, fn func(p unsafe.Pointer)) {
	a.each(int(cursor&(1<<a.exp-1)), func(p unsafe.Pointer) bool { fn(p); return true })
}

// each calls fn for the entries of the chain at home until it returns false.
func (a *array) each(home int, fn func(p unsafe.Pointer) bool) bool {
	for b := a.bucket(home); b != nil; b = b.chainOf() {
		for m := b.meta & anySlot; m != 0; m &= m - 1 {
			if !fn(entryOf(b.slot[bits.TrailingZeros64(m)])) {
				return false
			}
		}
	}
	return true
}

// Each calls fn for every entry until it returns false. fn may delete the entry
// that it is given, and change nothing else in the table.
func (t *Table) Each(fn func(p unsafe.Pointer) bool) {
	t.held++
	defer func() { t.held-- }()
	for n := range t.arrays {
		a := &t.arrays[n]
		for i := 0; i < a.buckets(); i++ {
			if !a.each(i, fn) {
				return
			}
		}
	}
}

// Hold keeps every entry in its bucket until Release: between the two, Iter's
// position stays good whatever is deleted or added. Holds nest.
func (t *Table) Hold() { t.held++ }

// Release ends a Hold.
func (t *Table) Release() { t.held-- }

// Random is an entry drawn with the same chance for each, nil in an empty
// table.
func (t *Table) Random() unsafe.Pointer {
	if t.Len() == 0 {
		return nil
	}
	// A bucket is accepted with a chance in proportion to its number of entries,
	// as if it had most of them. Longer chains than that do not happen.
	const most = 2 * slots
	for range 1000 {
		home, a := t.anyBucket()
		if n := a.count(home); n > 0 && rand.IntN(most) < n {
			return a.nth(home, rand.IntN(n))
		}
	}
	// The table is nearly empty, as after many deletions while it is held: take
	// the entry that follows a random place.
	home, a := t.anyBucket()
	for a.count(home) == 0 {
		home, a = t.following(home, a)
	}
	return a.nth(home, rand.IntN(a.count(home)))
}

// anyBucket draws a bucket.
func (t *Table) anyBucket() (home int, a *array) {
	n0, n1 := t.arrays[0].buckets(), t.arrays[1].buckets()
	i := rand.IntN(n0 + n1)
	if i < n0 {
		return i, &t.arrays[0]
	}
	return i - n0, &t.arrays[1]
}

// following is the bucket behind one, round both arrays.
func (t *Table) following(home int, a *array) (int, *array) {
	if home++; home < a.buckets() {
		return home, a
	}
	if a == &t.arrays[0] && t.resizing {
		return 0, &t.arrays[1]
	}
	return 0, &t.arrays[0]
}

// count is the number of entries of the chain at home.
func (a *array) count(home int) int {
	n := 0
	for b := a.bucket(home); b != nil; b = b.chainOf() {
		n += bits.OnesCount64(b.meta & anySlot)
	}
	return n
}

// nth is entry i of the chain at home.
func (a *array) nth(home, i int) (p unsafe.Pointer) {
	a.each(home, func(q unsafe.Pointer) bool {
		p = q
		i--
		return i >= 0
	})
	return p
}

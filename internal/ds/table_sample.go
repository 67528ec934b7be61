package ds

import (
	"math/bits"
	"math/rand/v2"
	"unsafe"
)

// sparse is how many buckets are looked at for one entry before Sample gives up.
const sparse = 10

// Sample fills into with different entries from a random place of the table on
// and returns how many they are: fewer than asked for in a small or nearly
// empty table, but one at least unless it is empty. It is cheaper than Random as
// often, and good enough where any few entries do.
func (t *Table) Sample(into []unsafe.Pointer) int {
	want := min(len(into), t.Len())
	if want == 0 {
		return 0
	}
	n := 0
	home, a := t.anyBucket()
	// What comes first in its bucket must not be drawn more often than the rest.
	skip := rand.IntN(max(1, a.count(home)))
	total := t.arrays[0].buckets() + t.arrays[1].buckets()
	for range min(total, want*sparse+1) {
		for b := a.bucket(home); b != nil; b = b.chainOf() {
			for m := b.meta & anySlot; m != 0; m &= m - 1 {
				if skip > 0 {
					skip--
					continue
				}
				into[n] = entryOf(b.slot[bits.TrailingZeros64(m)])
				if n++; n == want {
					return n
				}
			}
		}
		skip = 0
		home, a = t.following(home, a)
	}
	if n == 0 {
		into[0] = t.Random()
		n = 1
	}
	return n
}

package ds

import (
	"fmt"
	"testing"
	"unsafe"
)

// Samples hold different entries of the table, every entry comes up, and none
// much more often than others, in tables of all sizes and while they are resized.
func TestSample(t *testing.T) {
	into := make([]unsafe.Pointer, 5)
	for _, size := range []int{0, 1, 4, 5, 6, 40, 500, 3000} {
		f := newFixture(t)
		for i := range size {
			f.insert(fmt.Sprint("key:", i))
		}
		entries := map[unsafe.Pointer]bool{}
		for _, p := range f.model {
			entries[p] = true
		}
		counts := map[unsafe.Pointer]int{}
		const rounds = 40
		want := min(size, len(into))
		for range rounds * max(1, size) / len(into) {
			n := f.tab.Sample(into)
			if n > want || n < min(want, 1) {
				t.Fatalf("%d of %d entries sampled", n, size)
			}
			different := map[unsafe.Pointer]bool{}
			for _, p := range into[:n] {
				if !entries[p] {
					t.Fatalf("%p is no entry", p)
				}
				different[p] = true
				counts[p]++
			}
			if len(different) != n {
				t.Fatal("an entry twice in a sample")
			}
		}
		if size >= 500 {
			for _, n := range counts {
				if n > 8*rounds {
					t.Errorf("of %d entries one came up %d times, the mean is %d", size, n, rounds)
					break
				}
			}
			if missed := size - len(counts); missed > size/100 {
				t.Errorf("%d of %d entries never came up", missed, size)
			}
		}
		// A table that lost nearly all still finds what it has.
		for len(f.keys) > 1 {
			f.delete(f.keys[0])
		}
		if len(f.keys) == 1 {
			if n := f.tab.Sample(into); n != 1 || into[0] != f.model[f.keys[0]] {
				t.Fatal("not the entry that is left")
			}
		}
		f.close()
	}
}

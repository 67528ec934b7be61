//go:build invariants || race

package mem

import "fmt"

// Invariants tells whether blocks are registered and checked.
const Invariants = true

// checker registers the small blocks that are handed out.
type checker struct{ live map[uintptr]int }

func (c *checker) alloc(p uintptr, size int) {
	if c.live == nil {
		c.live = make(map[uintptr]int)
	}
	if _, ok := c.live[p]; ok {
		panic(fmt.Sprintf("BUG: mem: block %#x handed out twice", p))
	}
	c.live[p] = size
	poison(p, size)
}

func (c *checker) free(p uintptr, size int) {
	got, ok := c.live[p]
	if !ok {
		panic(fmt.Sprintf("BUG: mem: double or foreign free of %#x", p))
	}
	if got != size {
		panic(fmt.Sprintf("BUG: mem: free of %#x with size class %d: it has %d", p, size, got))
	}
	delete(c.live, p)
	poison(p, size)
}

// poison fills a block, so that what is read before it is written, or after it
// is freed, looks wrong.
func poison(p uintptr, n int) {
	b := Bytes(Ptr(p), n)
	for i := range b {
		b[i] = 0xdb
	}
}

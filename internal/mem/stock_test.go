package mem

import (
	"math/rand/v2"
	"testing"
)

// TestStock takes and gives blocks at random: none is there twice, and in the end
// the heap has all of them back.
func TestStock(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var h Shared
	defer h.Close()
	var s Stock
	type block struct {
		p uintptr
		n int
	}
	var live []block
	taken := map[uintptr]bool{}
	bytes := 0
	for i := range 20000 {
		if rnd.IntN(3) != 0 && len(live) < 3000 {
			n := 8 + rnd.IntN(StockMax-8+1)
			if rnd.IntN(50) == 0 {
				n = StockMax + rnd.IntN(5000)
			}
			peek := s.Peek(n)
			p := s.Take(n)
			if p != peek {
				t.Fatalf("took %#x, and saw %#x", p, peek)
			}
			if p == 0 {
				h.Fill(&s, n, rnd.IntN(2) == 0)
				if p = s.Take(n); p == 0 {
					t.Fatalf("nothing of %d bytes after Fill", n)
				}
			}
			if taken[p] {
				t.Fatalf("%#x was taken before", p)
			}
			taken[p] = true
			clear(Bytes(Ptr(p), n))
			live = append(live, block{p, n})
			bytes += UsableSize(n)
		} else if len(live) != 0 {
			k := rnd.IntN(len(live))
			b := live[k]
			live[k] = live[len(live)-1]
			live = live[:len(live)-1]
			delete(taken, b.p)
			s.Give(b.p, b.n)
			bytes -= UsableSize(b.n)
		}
		if s.Over() && rnd.IntN(4) == 0 {
			h.Trim(&s, true)
			if s.Over() {
				t.Fatal("over after Trim")
			}
		}
		if i%1000 == 0 && h.Used() != int64(bytes+s.Bytes()) {
			t.Fatalf("the heap counts %d bytes, the blocks have %d and the stock %d", h.Used(), bytes, s.Bytes())
		}
	}
	for _, b := range live {
		s.Give(b.p, b.n)
	}
	h.Trim(&s, false)
	if h.Used() != 0 || s.Bytes() != 0 {
		t.Errorf("%d bytes are not back, the stock has %d", h.Used(), s.Bytes())
	}
}

// TestStockOver gives more than a stock keeps.
func TestStockOver(t *testing.T) {
	var h Shared
	defer h.Close()
	var s Stock
	const n = 64
	for range stockLimit/n + 1 {
		if s.Over() {
			t.Fatal("over too early")
		}
		s.Give(uintptr(h.Alloc(n)), n)
	}
	if !s.Over() {
		t.Fatal("not over")
	}
	h.Trim(&s, true)
	if got := s.Bytes(); got != stockLimit/2 || h.Used() != int64(got) {
		t.Errorf("%d bytes are left, the heap counts %d", got, h.Used())
	}
}

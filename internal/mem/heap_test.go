package mem

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestClasses(t *testing.T) {
	prev := 0
	for n := 0; n <= MaxSmall; n++ {
		c := classOf(n)
		size := int(classSize[c])
		if size < n || c > 0 && int(classSize[c-1]) >= n && n > 0 {
			t.Fatalf("classOf(%d) = %d of %d bytes", n, c, size)
		}
		if c < prev {
			t.Fatalf("classOf(%d) goes back", n)
		}
		prev = c
		if UsableSize(size) != size {
			t.Fatalf("UsableSize(%d) = %d", size, UsableSize(size))
		}
	}
	for c, size := range classSize {
		if size%8 != 0 {
			t.Errorf("class %d has %d bytes", c, size)
		}
	}
}

// TestRandom holds a heap against a model: every live block keeps its own
// pattern, and the counters agree.
func TestRandom(t *testing.T) {
	type block struct {
		p    unsafe.Pointer
		n    int
		mark byte
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	h := New()
	defer h.Close()
	var live []block
	var used int64
	fill := func(b block) {
		s := Bytes(b.p, b.n)
		for i := range s {
			s[i] = b.mark
		}
	}
	check := func(b block, n int) {
		for i, c := range Bytes(b.p, n) {
			if c != b.mark {
				t.Fatalf("block of %d bytes: byte %d is %d, want %d", b.n, i, c, b.mark)
			}
		}
	}
	size := func() int {
		switch rnd.IntN(20) {
		case 0:
			return rnd.IntN(2 * MaxSmall)
		case 1, 2:
			return rnd.IntN(20_000)
		}
		return rnd.IntN(300)
	}
	exchanged := 0
	for step := range 20_000 {
		// The number of live blocks swings, so that spans and chunks come and go.
		grow := step/2500%2 == 0
		switch k := rnd.IntN(10); {
		case k < 2 && len(live) > 0:
			i := rnd.IntN(len(live))
			b := live[i]
			n := size()
			used += int64(UsableSize(n) - UsableSize(b.n))
			if rnd.IntN(2) == 0 && h.Ready(b.p, b.n, n) {
				b.p = h.Exchange(b.p, b.n, n)
				exchanged++
			} else {
				b.p = h.Realloc(b.p, b.n, n)
			}
			check(b, min(b.n, n))
			b.n = n
			fill(b)
			live[i] = b
		case grow == (k < 8) || len(live) == 0:
			n := size()
			b := block{h.Alloc(n), n, byte(rnd.Uint32())}
			if uintptr(b.p)%8 != 0 || UsableSize(n)%64 == 0 && uintptr(b.p)%64 != 0 {
				t.Fatalf("Alloc(%d) = %p", n, b.p)
			}
			fill(b)
			used += int64(UsableSize(n))
			live = append(live, b)
		default:
			i := rnd.IntN(len(live))
			b := live[i]
			check(b, b.n)
			h.Free(b.p, b.n)
			used -= int64(UsableSize(b.n))
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
		}
		if h.Used() != used || h.Blocks() != int64(len(live)) {
			t.Fatalf("step %d: %d bytes in %d blocks, want %d in %d", step, h.Used(), h.Blocks(), used, len(live))
		}
		if step%1000 == 0 {
			h.Purge()
		}
	}
	for _, b := range live {
		check(b, b.n)
		h.Free(b.p, b.n)
	}
	if h.Used() != 0 || h.Blocks() != 0 {
		t.Errorf("%d bytes in %d blocks are left", h.Used(), h.Blocks())
	}
	if exchanged < 20 {
		t.Errorf("only %d blocks were exchanged", exchanged)
	}
}

func TestGivesBackChunks(t *testing.T) {
	h := New()
	defer h.Close()
	var ps []unsafe.Pointer
	for range 300_000 {
		ps = append(ps, h.Alloc(100))
	}
	if m := h.Mapped(); m < 30<<20 {
		t.Fatalf("%d bytes mapped", m)
	}
	for _, p := range ps {
		h.Free(p, 100)
	}
	// One chunk holds the last span of the class, and one empty chunk is kept.
	if m := h.Mapped(); m > 2*chunkSize {
		t.Errorf("%d bytes are still mapped", m)
	}
}

func TestAllocZero(t *testing.T) {
	h := New()
	defer h.Close()
	for _, n := range []int{1, 64, 4096, MaxSmall, MaxSmall + 1} {
		p := h.Alloc(n)
		for i := range Bytes(p, n) {
			Bytes(p, n)[i] = 1
		}
		h.Free(p, n)
		p = h.AllocZero(n)
		for i, c := range Bytes(p, n) {
			if c != 0 {
				t.Fatalf("AllocZero(%d): byte %d is %d", n, i, c)
			}
		}
		h.Free(p, n)
	}
}

func TestInvariants(t *testing.T) {
	if !Invariants {
		t.Skip("built without the tag invariants")
	}
	for _, tc := range []struct {
		name string
		do   func(h *Heap, p unsafe.Pointer)
	}{
		{"double free", func(h *Heap, p unsafe.Pointer) { h.Free(p, 40); h.Free(p, 40) }},
		{"wrong size", func(h *Heap, p unsafe.Pointer) { h.Free(p, 48) }},
		{"foreign", func(h *Heap, p unsafe.Pointer) { New().Free(p, 40) }},
		{"inside", func(h *Heap, p unsafe.Pointer) { h.Free(unsafe.Add(p, 8), 40) }},
		{"large of another size", func(h *Heap, _ unsafe.Pointer) { h.Free(h.Alloc(1<<20), 2<<20) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := New()
			defer h.Close()
			p := h.Alloc(40)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			tc.do(h, p)
		})
	}
}

func TestSharedHammer(t *testing.T) {
	var s Shared
	defer s.Close()
	done := make(chan error)
	for g := range 4 {
		go func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 0))
			for i := range 2000 {
				n := 1 + rnd.IntN(500)
				p := s.Alloc(n)
				Bytes(p, n)[n-1] = byte(i)
				p = s.Realloc(p, n, 2*n)
				if got := Bytes(p, 2*n)[n-1]; got != byte(i) {
					done <- fmt.Errorf("got %d, want %d", got, byte(i))
					return
				}
				s.Free(p, 2*n)
			}
			done <- nil
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if s.Used() != 0 {
		t.Errorf("%d bytes are left", s.Used())
	}
}

func BenchmarkAllocFree(b *testing.B) {
	h := New()
	defer h.Close()
	for range b.N {
		h.Free(h.Alloc(56), 56)
	}
}

func BenchmarkSharedAllocFree(b *testing.B) {
	var s Shared
	defer s.Close()
	for range b.N {
		s.Free(s.Alloc(56), 56)
	}
}

// BenchmarkChurn replaces random blocks of a million, so that spans and slots
// are not in the processor's cache.
func BenchmarkChurn(b *testing.B) {
	h := New()
	defer h.Close()
	ps := make([]unsafe.Pointer, 1_000_000)
	for i := range ps {
		ps[i] = h.Alloc(56)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	b.ResetTimer()
	for range b.N {
		i := rnd.IntN(len(ps))
		h.Free(ps[i], 56)
		ps[i] = h.Alloc(56)
	}
}

package mem

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// hugeAfter is the number of chunks after which new ones ask for huge pages. A
// small heap stays with small pages, where a half used unit costs little.
const hugeAfter = 8

// chunk is one mapping of 4 MiB, aligned to its size.
type chunk struct {
	base uintptr
	free uint64 // a bit per unit that no span has
}

// chunkTable knows the chunks of a heap. Spans come and go rarely, so it may
// search.
type chunkTable struct {
	list  []chunk
	index map[uintptr]int // position in list, by base
	hint  int             // no chunk before this one has a free unit
	empty int             // chunks without any span
}

// take finds units consecutive free units, aligned to their number, and
// returns their header with base and units set.
func (t *chunkTable) take(h *Heap, units int) *span {
	for i := t.hint; i < len(t.list); i++ {
		if u := freeRun(t.list[i].free, units); u >= 0 {
			return t.carve(i, u, units)
		}
	}
	t.grow(h)
	i := len(t.list) - 1
	return t.carve(i, freeRun(t.list[i].free, units), units)
}

// carve marks the run as taken.
func (t *chunkTable) carve(i, unit, units int) *span {
	ch := &t.list[i]
	if ch.free == ^uint64(0) {
		t.empty--
	}
	ch.free &^= (1<<units - 1) << unit
	for t.hint < len(t.list) && t.list[t.hint].free == 0 {
		t.hint++
	}
	s := (*span)(Ptr(ch.base + uintptr(unit)*unsafe.Sizeof(span{})))
	s.base = ch.base + uintptr(unit)<<unitShift
	s.units = uint32(units)
	return s
}

// release gives the units of an empty span back to its chunk, and the chunk to
// the operating system when it was the last, unless no other empty chunk is
// kept: a load that goes up and down around a boundary must not map and unmap
// each time.
func (t *chunkTable) release(h *Heap, s *span) {
	base := s.base &^ (chunkSize - 1)
	i := t.index[base]
	unit := int(s.base-base) >> unitShift
	t.list[i].free |= (1<<s.units - 1) << unit
	s.units = 0
	t.hint = min(t.hint, i)
	if t.list[i].free != ^uint64(0) {
		return
	}
	t.empty++
	if t.empty > 1 {
		t.drop(h, i)
	}
}

// drop unmaps an empty chunk.
func (t *chunkTable) drop(h *Heap, i int) {
	base := t.list[i].base
	last := len(t.list) - 1
	t.list[i] = t.list[last]
	t.list = t.list[:last]
	delete(t.index, base)
	if i < last {
		t.index[t.list[i].base] = i
	}
	t.hint = min(t.hint, i, last)
	t.empty--
	h.mapped -= chunkSize
	unmap(base, chunkSize)
}

func (t *chunkTable) grow(h *Heap) {
	base, err := mapAligned(chunkSize)
	if err != nil {
		panic(fmt.Sprintf("mem: out of memory: mapping a chunk: %v", err))
	}
	if len(t.list) >= hugeAfter {
		osHuge(base, chunkSize)
	}
	if t.index == nil {
		t.index = make(map[uintptr]int)
	}
	t.index[base] = len(t.list)
	t.list = append(t.list, chunk{base: base, free: ^uint64(0)})
	t.empty++
	h.mapped += chunkSize
}

// Purge gives the pages of units that no span uses back to the operating
// system, and returns their number of bytes. The next span in such a unit pays
// for fresh pages.
func (h *Heap) Purge() int {
	n := 0
	for i := range h.chunks.list {
		ch := &h.chunks.list[i]
		// The first unit holds the headers: it is never discarded.
		for u := 1; u < chunkUnits; u++ {
			if ch.free>>u&1 == 1 {
				osDiscard(ch.base+uintptr(u)<<unitShift, unitSize)
				n += unitSize
			}
		}
	}
	return n
}

// mapAligned maps n bytes at a multiple of n, a power of two.
func mapAligned(n int) (uintptr, error) {
	addr, err := osMap(n)
	if err != nil || addr&uintptr(n-1) == 0 {
		return addr, err
	}
	unmap(addr, n)
	if addr, err = osMap(2 * n); err != nil {
		return 0, err
	}
	base := (addr + uintptr(n) - 1) &^ uintptr(n-1)
	if base > addr {
		unmap(addr, int(base-addr))
	}
	if tail := addr + uintptr(n) - base; tail > 0 {
		unmap(base+uintptr(n), int(tail))
	}
	return base, nil
}

// freeRun finds the first run of units set bits in free that starts at a
// multiple of units, a power of two. It returns -1 when there is none.
func freeRun(free uint64, units int) int {
	var starts uint64
	switch units {
	case 1:
		starts = ^uint64(0)
	case 4:
		starts = 0x1111111111111111
	default:
		starts = 0x0001000100010001
	}
	for w := 1; w < units; w *= 2 {
		free &= free >> w
	}
	if free &= starts; free == 0 {
		return -1
	}
	return bits.TrailingZeros64(free)
}

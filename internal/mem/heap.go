package mem

import (
	"fmt"
	"unsafe"
)

const (
	unitShift  = 16
	unitSize   = 1 << unitShift
	chunkShift = 22
	chunkSize  = 1 << chunkShift
	chunkUnits = chunkSize / unitSize

	// headerBytes is the space at the start of a chunk that its span headers
	// take: one header per unit.
	headerBytes = chunkUnits * int(unsafe.Sizeof(span{}))
)

// span is the header of a run of units that hold slots of one size class. It
// lives in its chunk's first page, at the index of the span's first unit.
type span struct {
	next, prev uintptr // neighbours in the class's list of spans with room
	free       uintptr // first freed slot; each holds the address of the next
	bump       uintptr // first slot that was never handed out
	used       uint32  // slots handed out
	slots      uint32  // slots in all
	class      uint32
	units      uint32 // 0 when no span starts at this unit
	base       uintptr
	_          [8]byte
}

// Heap hands out off-heap memory. The zero value is ready. A Heap is used by
// one goroutine at a time; Close gives everything back at once.
type Heap struct {
	room   [numClasses]uintptr // spans with room, by class
	chunks chunkTable
	large  map[uintptr]int // usable size of each large block, by address
	used   int64
	mapped int64
	blocks int64
	check  checker
}

// New returns an empty heap.
func New() *Heap { return new(Heap) }

// Alloc returns a block of at least n bytes, aligned to 8, and to 64 when
// UsableSize(n) is a multiple of 64. Its contents are undefined. The block
// belongs to the caller until Free with the same n. Alloc panics when the
// operating system has no memory left, as the Go runtime does.
func (h *Heap) Alloc(n int) unsafe.Pointer {
	if n > MaxSmall {
		return h.allocLarge(n)
	}
	c := classOf(n)
	addr := h.room[c]
	if addr == 0 {
		addr = h.newSpan(c)
	}
	p := h.takeSlot(c, (*span)(Ptr(addr)))
	h.check.alloc(p, int(classSize[c]))
	return Ptr(p)
}

// takeSlot hands out a slot of a span that has room.
func (h *Heap) takeSlot(c int, s *span) uintptr {
	p := s.free
	if p != 0 {
		s.free = *(*uintptr)(Ptr(p))
	} else {
		p = s.bump
		s.bump += uintptr(classSize[c])
	}
	s.used++
	if s.used == s.slots {
		h.unlink(c, s)
	}
	h.used += int64(classSize[c])
	h.blocks++
	return p
}

// AllocZero is Alloc with the first n bytes set to zero.
func (h *Heap) AllocZero(n int) unsafe.Pointer {
	p := h.Alloc(n)
	if n <= MaxSmall {
		clear(Bytes(p, n))
	}
	return p
}

// Free gives back a block that Alloc(n) or Realloc(…, n) of this heap returned.
// Any n of the same usable size will do.
func (h *Heap) Free(p unsafe.Pointer, n int) {
	if n > MaxSmall {
		h.freeLarge(p, n)
		return
	}
	c := classOf(n)
	h.check.free(uintptr(p), int(classSize[c]))
	s := spanOf(uintptr(p), c)
	h.putSlot(c, s, p)
	// The last span of a class stays: a block that comes and goes must not
	// carve a new span each time.
	if s.used == 0 && (s.next != 0 || s.prev != 0) {
		h.unlink(c, s)
		h.chunks.release(h, s)
	}
}

// putSlot takes a slot of a span back.
func (h *Heap) putSlot(c int, s *span, p unsafe.Pointer) {
	*(*uintptr)(p) = s.free
	s.free = uintptr(p)
	s.used--
	h.used -= int64(classSize[c])
	h.blocks--
	if s.used == s.slots-1 {
		h.link(c, s)
	}
}

// Realloc changes a block of old bytes to one of n, keeping the contents up to
// the smaller of both. The old pointer is dead unless it is what is returned. A
// nil p allocates.
func (h *Heap) Realloc(p unsafe.Pointer, old, n int) unsafe.Pointer {
	if p == nil {
		return h.Alloc(n)
	}
	if SameBlock(old, n) {
		return p
	}
	if old > MaxSmall && n > MaxSmall {
		return h.resizeLarge(p, old, n)
	}
	q := h.Alloc(n)
	copy(Bytes(q, n), Bytes(p, old))
	h.Free(p, old)
	return q
}

// Ready says whether Exchange may be called, which is Realloc where nothing may
// wait: the heap has such a block at hand and keeps the one that becomes free.
func (h *Heap) Ready(p unsafe.Pointer, old, n int) bool {
	if SameBlock(old, n) {
		return true
	}
	if Invariants || old > MaxSmall || n > MaxSmall || h.room[classOf(n)] == 0 {
		return false
	}
	s := spanOf(uintptr(p), classOf(old))
	return s.used > 1 || s.next == 0 && s.prev == 0
}

// Exchange is Realloc, if Ready.
func (h *Heap) Exchange(p unsafe.Pointer, old, n int) unsafe.Pointer {
	if SameBlock(old, n) {
		return p
	}
	c := classOf(n)
	q := Ptr(h.takeSlot(c, (*span)(Ptr(h.room[c]))))
	copy(Bytes(q, n), Bytes(p, old))
	c = classOf(old)
	h.putSlot(c, spanOf(uintptr(p), c), p)
	return q
}

// Used is the number of bytes handed out, counted in usable sizes.
func (h *Heap) Used() int64 { return h.used }

// Mapped is the number of bytes taken from the operating system, resident or
// not.
func (h *Heap) Mapped() int64 { return h.mapped }

// Blocks is the number of blocks handed out.
func (h *Heap) Blocks() int64 { return h.blocks }

// Close unmaps all memory of the heap. Every block is gone. The heap is empty
// and usable afterwards. Close may run on another goroutine than the owner's if
// the owner has let go of the heap: that is how a database is dropped in the
// background.
func (h *Heap) Close() {
	for addr, n := range h.large {
		unmap(addr, n)
	}
	for i := range h.chunks.list {
		unmap(h.chunks.list[i].base, chunkSize)
	}
	*h = Heap{}
}

// spanOf finds the header of the span of class c that slot p is in.
func spanOf(p uintptr, c int) *span {
	unit := p >> unitShift & (chunkUnits - 1) &^ uintptr(spanUnits(c)-1)
	return (*span)(Ptr(p&^(chunkSize-1) + unit*unsafe.Sizeof(span{})))
}

// newSpan takes units for class c and puts the span in the class's list.
func (h *Heap) newSpan(c int) uintptr {
	s := h.chunks.take(h, spanUnits(c))
	size := uintptr(classSize[c])
	bytes := uintptr(spanUnits(c)) * unitSize
	s.bump = s.base
	if s.base&(chunkSize-1) == 0 {
		// The first unit of a chunk lends its first page to the headers.
		s.bump += uintptr(headerBytes)
		bytes -= uintptr(headerBytes)
	}
	s.free = 0
	s.used = 0
	s.slots = uint32(bytes / size)
	s.class = uint32(c)
	h.link(c, s)
	return uintptr(unsafe.Pointer(s))
}

// link puts s at the head of the spans of class c that have room.
func (h *Heap) link(c int, s *span) {
	addr := uintptr(unsafe.Pointer(s))
	s.prev = 0
	s.next = h.room[c]
	if s.next != 0 {
		(*span)(Ptr(s.next)).prev = addr
	}
	h.room[c] = addr
}

func (h *Heap) unlink(c int, s *span) {
	if s.prev != 0 {
		(*span)(Ptr(s.prev)).next = s.next
	} else {
		h.room[c] = s.next
	}
	if s.next != 0 {
		(*span)(Ptr(s.next)).prev = s.prev
	}
	s.next, s.prev = 0, 0
}

func unmap(addr uintptr, n int) {
	if err := osUnmap(addr, n); err != nil {
		panic(fmt.Sprintf("BUG: mem: unmap %#x+%d: %v", addr, n, err))
	}
}

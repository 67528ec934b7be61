package ds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"berth/internal/mem"
)

// IntSet is a sorted array of numbers in a block of its own, all of the width
// that the widest needs. The layout is Redis's, for snapshots: width in bytes
// (4, little endian), count (4), numbers. What changes an IntSet may move it and
// returns where it is then.
type IntSet struct{ addr uintptr }

// ErrIntSet is returned for bytes that are not an intset.
var ErrIntSet = errors.New("ds: damaged intset")

const intsetHeader = 8

// NewIntSet makes an empty set.
func NewIntSet(h *mem.Heap) IntSet { return newIntSet(h, 2, 0) }

func newIntSet(h *mem.Heap, width, n int) IntSet {
	size := intsetHeader + width*n
	s := IntSet{mem.Addr(h.Alloc(size))}
	b := mem.Bytes(mem.Ptr(s.addr), size)
	binary.LittleEndian.PutUint32(b, uint32(width))
	binary.LittleEndian.PutUint32(b[4:], uint32(n))
	return s
}

// LoadIntSet makes a set of a copy of b, which may come from anywhere. It
// returns ErrIntSet, wrapped, when b is not an intset.
func LoadIntSet(h *mem.Heap, b []byte) (IntSet, error) {
	if len(b) < intsetHeader {
		return IntSet{}, fmt.Errorf("%w: %d bytes", ErrIntSet, len(b))
	}
	width, n := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	if width != 2 && width != 4 && width != 8 || len(b) != intsetHeader+width*n {
		return IntSet{}, fmt.Errorf("%w: %d numbers of %d bytes in %d", ErrIntSet, n, width, len(b))
	}
	for i := 1; i < n; i++ {
		if number(b, width, i-1) >= number(b, width, i) {
			return IntSet{}, fmt.Errorf("%w: not in order at %d", ErrIntSet, i)
		}
	}
	s := newIntSet(h, width, n)
	copy(s.Bytes(), b)
	return s, nil
}

// IntSetAt is the set at an address that Addr gave.
func IntSetAt(addr uintptr) IntSet { return IntSet{addr} }

// Addr is the set's address, for storing it off the Go heap.
func (s IntSet) Addr() uintptr { return s.addr }

// Free gives the set's block back.
func (s IntSet) Free(h *mem.Heap) { h.Free(mem.Ptr(s.addr), s.Size()) }

// Clone copies the set, possibly to another heap.
func (s IntSet) Clone(to *mem.Heap) IntSet {
	c := newIntSet(to, s.width(), s.Len())
	copy(c.Bytes(), s.Bytes())
	return c
}

func (s IntSet) header() []byte { return mem.Bytes(mem.Ptr(s.addr), intsetHeader) }

func (s IntSet) width() int { return int(binary.LittleEndian.Uint32(s.header())) }

// Len is the number of members.
func (s IntSet) Len() int { return int(binary.LittleEndian.Uint32(s.header()[4:])) }

// Size is the number of bytes of the set.
func (s IntSet) Size() int { return intsetHeader + s.width()*s.Len() }

// Bytes is the whole set as it goes into a snapshot. It aliases the set.
func (s IntSet) Bytes() []byte { return mem.Bytes(mem.Ptr(s.addr), s.Size()) }

// At is member i in ascending order, 0 <= i < Len.
func (s IntSet) At(i int) int64 { return number(s.Bytes(), s.width(), i) }

func number(b []byte, width, i int) int64 {
	b = b[intsetHeader+width*i:]
	switch width {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func putNumber(b []byte, width, i int, n int64) {
	b = b[intsetHeader+width*i:]
	switch width {
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(n))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(n))
	default:
		binary.LittleEndian.PutUint64(b, uint64(n))
	}
}

func widthOf(n int64) int {
	switch {
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return 2
	case n >= math.MinInt32 && n <= math.MaxInt32:
		return 4
	}
	return 8
}

// search is the index of n, or where it would be.
func (s IntSet) search(n int64) (int, bool) {
	b, width := s.Bytes(), s.width()
	lo, hi := 0, s.Len()
	if hi > 0 && number(b, width, hi-1) < n {
		return hi, false
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if number(b, width, mid) < n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < s.Len() && number(b, width, lo) == n
}

// Has reports whether n is a member.
func (s IntSet) Has(n int64) bool {
	_, ok := s.search(n)
	return ok
}

// Add adds n and reports whether it was not there.
func (s IntSet) Add(h *mem.Heap, n int64) (IntSet, bool) {
	if widthOf(n) > s.width() {
		return s.widen(h, n), true
	}
	i, ok := s.search(n)
	if ok {
		return s, false
	}
	width, count, size := s.width(), s.Len(), s.Size()
	s.addr = mem.Addr(h.Realloc(mem.Ptr(s.addr), size, size+width))
	b := mem.Bytes(mem.Ptr(s.addr), size+width)
	at := intsetHeader + width*i
	copy(b[at+width:], b[at:size])
	putNumber(b, width, i, n)
	binary.LittleEndian.PutUint32(b[4:], uint32(count+1))
	return s, true
}

// widen adds n, which needs more width than the set has: so it is below or above
// all members.
func (s IntSet) widen(h *mem.Heap, n int64) IntSet {
	count, first := s.Len(), 0
	t := newIntSet(h, widthOf(n), count+1)
	b, width := t.Bytes(), t.width()
	if n < 0 {
		first = 1
		putNumber(b, width, 0, n)
	} else {
		putNumber(b, width, count, n)
	}
	for i := range count {
		putNumber(b, width, first+i, s.At(i))
	}
	s.Free(h)
	return t
}

// Remove takes n out and reports whether it was there.
func (s IntSet) Remove(h *mem.Heap, n int64) (IntSet, bool) {
	i, ok := s.search(n)
	if !ok {
		return s, false
	}
	b, width, count := s.Bytes(), s.width(), s.Len()
	at := intsetHeader + width*i
	copy(b[at:], b[at+width:])
	binary.LittleEndian.PutUint32(b[4:], uint32(count-1))
	return IntSet{mem.Addr(h.Realloc(mem.Ptr(s.addr), len(b), len(b)-width))}, true
}

package ds

import (
	"encoding/binary"
	"math"

	"berth/internal/mem"
)

// Pack is a listpack in a block of its own. The zero Pack is none at all; an
// empty one is made by NewPack. What changes a Pack may move it and returns
// where it is then.
//
// A position is an offset within the pack. It stays good until something
// before it, or its own element, changes. End is the position behind the last
// element.
type Pack struct{ addr uintptr }

// MaxPack is the largest size of a pack, in bytes.
const MaxPack = math.MaxUint32

// NewPack makes an empty pack.
func NewPack(h *mem.Heap) Pack {
	return copyPack(h, []byte{packEmpty, 0, 0, 0, 0, 0, packEnd})
}

// LoadPack makes a pack of a copy of b, which may come from anywhere. It
// returns ErrPack, wrapped, when b is not a listpack.
func LoadPack(h *mem.Heap, b []byte) (Pack, error) {
	if err := CheckPack(b); err != nil {
		return Pack{}, err
	}
	return copyPack(h, b), nil
}

func copyPack(h *mem.Heap, b []byte) Pack {
	p := h.Alloc(len(b))
	copy(mem.Bytes(p, len(b)), b)
	return Pack{mem.Addr(p)}
}

// PackAt is the pack at an address that Addr gave.
func PackAt(addr uintptr) Pack { return Pack{addr} }

// Addr is the pack's address, for storing it off the Go heap.
func (k Pack) Addr() uintptr { return k.addr }

// Free gives the pack's block back.
func (k Pack) Free(h *mem.Heap) { h.Free(mem.Ptr(k.addr), k.Size()) }

// Clone copies the pack, possibly to another heap.
func (k Pack) Clone(to *mem.Heap) Pack { return copyPack(to, k.Bytes()) }

// Size is the number of bytes of the listpack.
func (k Pack) Size() int {
	return int(binary.LittleEndian.Uint32(mem.Bytes(mem.Ptr(k.addr), 4)))
}

// Bytes is the whole listpack as it goes into a snapshot. It aliases the pack.
func (k Pack) Bytes() []byte { return mem.Bytes(mem.Ptr(k.addr), k.Size()) }

// Len is the number of elements. It counts them if there are 65,535 or more.
func (k Pack) Len() int {
	b := k.Bytes()
	if n := int(binary.LittleEndian.Uint16(b[4:])); n != packManyElem {
		return n
	}
	n := 0
	for pos := packHeader; b[pos] != packEnd; pos = skipElem(b, pos) {
		n++
	}
	return n
}

// First is the position of the first element, End in an empty pack.
func (k Pack) First() int { return packHeader }

// End is the position behind the last element: Insert there appends.
func (k Pack) End() int { return k.Size() - 1 }

// Last is the position of the last element, -1 in an empty pack.
func (k Pack) Last() int { return k.Prev(k.End()) }

// Get is the element at pos, and the position of the one behind it.
func (k Pack) Get(pos int) (Elem, int) { return elemAt(k.Bytes(), pos) }

// Next is the position behind the element at pos.
func (k Pack) Next(pos int) int { return skipElem(k.Bytes(), pos) }

// Prev is the position of the element before pos, -1 when pos is the first.
func (k Pack) Prev(pos int) int {
	if pos == packHeader {
		return -1
	}
	return elemBefore(k.Bytes(), pos)
}

// Seek is the position of element number i, 0 <= i <= n, in a pack of n
// elements. It walks from the nearer end.
func (k Pack) Seek(i, n int) int {
	b := k.Bytes()
	if i <= n/2 {
		pos := packHeader
		for ; i > 0; i-- {
			pos = skipElem(b, pos)
		}
		return pos
	}
	pos := len(b) - 1
	for ; i < n; i++ {
		pos = elemBefore(b, pos)
	}
	return pos
}

// Find is the position of the first element at or behind pos that is x, looking
// at one and then skipping skip elements, or -1.
func (k Pack) Find(pos int, x *Needle, skip int) int {
	b := k.Bytes()
	for b[pos] != packEnd {
		e, next := elemAt(b, pos)
		if x.Is(e) {
			return pos
		}
		pos = next
		for range skip {
			if b[pos] == packEnd {
				return -1
			}
			pos = skipElem(b, pos)
		}
	}
	return -1
}

// Room reports whether the pack can take e and stay a pack.
func (k Pack) Room(e Elem) bool { return k.Size()+elemSize(e) <= MaxPack }

// Insert puts e before the element at pos. e must not alias the pack.
func (k Pack) Insert(h *mem.Heap, pos int, e Elem) Pack {
	n := elemSize(e)
	k = k.splice(h, pos, 0, n)
	putElem(k.Bytes()[pos:pos+n], e)
	k.count(1)
	return k
}

// Append puts e behind the last element. e must not alias the pack.
func (k Pack) Append(h *mem.Heap, e Elem) Pack { return k.Insert(h, k.End(), e) }

// Replace puts e in place of the element at pos. e must not alias the pack.
func (k Pack) Replace(h *mem.Heap, pos int, e Elem) Pack {
	n := elemSize(e)
	k = k.splice(h, pos, k.Next(pos)-pos, n)
	putElem(k.Bytes()[pos:pos+n], e)
	return k
}

// Delete takes out up to n elements from pos on. The one behind them is at pos
// then.
func (k Pack) Delete(h *mem.Heap, pos, n int) Pack {
	b := k.Bytes()
	end, gone := pos, 0
	for gone < n && b[end] != packEnd {
		end = skipElem(b, end)
		gone++
	}
	if gone == 0 {
		return k
	}
	k.count(-gone)
	return k.splice(h, pos, end-pos, 0)
}

// Join appends all elements of o, which stays as it is.
func (k Pack) Join(h *mem.Heap, o Pack) Pack {
	n, m := k.Len(), o.Len()
	src := o.Bytes()
	src = src[packHeader : len(src)-1]
	pos := k.End()
	k = k.splice(h, pos, 0, len(src))
	copy(k.Bytes()[pos:], src)
	k.setCount(n + m)
	return k
}

// Split moves the elements from pos on, which is element number i of n, to a
// new pack.
func (k Pack) Split(h *mem.Heap, pos, i, n int) (left, right Pack) {
	b := k.Bytes()
	size := len(b) - 1 - pos
	p := h.Alloc(packEmpty + size)
	right = Pack{mem.Addr(p)}
	r := mem.Bytes(p, packEmpty+size)
	binary.LittleEndian.PutUint32(r, uint32(len(r)))
	copy(r[packHeader:], b[pos:])
	right.setCount(n - i)
	k.setCount(i)
	return k.splice(h, pos, size, 0), right
}

// splice makes the old bytes at pos n bytes, with undefined contents where they
// grew.
func (k Pack) splice(h *mem.Heap, pos, old, n int) Pack {
	size := k.Size()
	to := size - old + n
	if to > MaxPack {
		panic("BUG: ds: a listpack grows beyond 4 GiB")
	}
	p := mem.Ptr(k.addr)
	if n > old {
		p = h.Realloc(p, size, to)
	}
	b := mem.Bytes(p, max(size, to))
	if n != old {
		copy(b[pos+n:to], b[pos+old:size])
	}
	binary.LittleEndian.PutUint32(b, uint32(to))
	if n < old {
		p = h.Realloc(p, size, to)
	}
	return Pack{mem.Addr(p)}
}

// ready says whether the heap has what splice needs at hand; then respliced is the
// same, where nothing may wait.
func (k Pack) ready(h *mem.Heap, old, n int) bool {
	size := k.Size()
	to := size - old + n
	return to <= MaxPack && h.Ready(mem.Ptr(k.addr), size, to)
}

func (k Pack) respliced(h *mem.Heap, pos, old, n int) Pack {
	size := k.Size()
	to := size - old + n
	p := mem.Ptr(k.addr)
	if n > old {
		p = h.Exchange(p, size, to)
	}
	b := mem.Bytes(p, max(size, to))
	copy(b[pos+n:to], b[pos+old:size])
	binary.LittleEndian.PutUint32(b, uint32(to))
	if n < old {
		p = h.Exchange(p, size, to)
	}
	return Pack{mem.Addr(p)}
}

// TryInsert is Insert if the heap has what that needs at hand.
func (k Pack) TryInsert(h *mem.Heap, pos int, e Elem) (Pack, bool) {
	n := elemSize(e)
	if !k.ready(h, 0, n) {
		return k, false
	}
	k = k.respliced(h, pos, 0, n)
	putElem(k.Bytes()[pos:pos+n], e)
	k.count(1)
	return k, true
}

// CanDelete says whether Cut may be called, which deletes the element at pos.
func (k Pack) CanDelete(h *mem.Heap, pos int) bool { return k.ready(h, k.Next(pos)-pos, 0) }

// Cut is Delete for one element, where nothing may wait.
func (k Pack) Cut(h *mem.Heap, pos int) Pack {
	n := k.Next(pos) - pos
	k.count(-1)
	return k.respliced(h, pos, n, 0)
}

// count adds d to the number of elements.
func (k Pack) count(d int) {
	b := mem.Bytes(mem.Ptr(k.addr), packHeader)
	n := int(binary.LittleEndian.Uint16(b[4:]))
	if n == packManyElem {
		if d > 0 {
			return
		}
		// The bytes still hold the elements that go, so this counts them too.
		n = k.Len()
	}
	k.setCount(n + d)
}

func (k Pack) setCount(n int) {
	b := mem.Bytes(mem.Ptr(k.addr), packHeader)
	binary.LittleEndian.PutUint16(b[4:], uint16(min(n, packManyElem)))
}

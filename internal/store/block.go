package store

import "berth/internal/mem"

// block is a long string in a block of its own: its length, the size of the
// block, both in a word, and the bytes.
type block struct{ addr uintptr }

const blockHeader = 16

// pregrow is the size up to which a growing string doubles; beyond, it grows by
// that much. Redis's strings do the same.
const pregrow = 1 << 20

// newBlock makes a string of n bytes, undefined, in a block that has room for
// more.
func newBlock(h *mem.Heap, n, room int) block {
	size := mem.UsableSize(blockHeader + max(n, room))
	b := block{mem.Addr(h.Alloc(size))}
	b.header()[0], b.header()[1] = n, size
	return b
}

func blockAt(addr uintptr) block { return block{addr} }

func (b block) header() *[2]int { return (*[2]int)(mem.Ptr(b.addr)) }

func (b block) len() int { return b.header()[0] }

func (b block) data() []byte {
	return mem.Bytes(mem.Ptr(b.addr+blockHeader), b.len())
}

func (b block) bytes() int { return b.header()[1] }

func (b block) free(h *mem.Heap) { h.Free(mem.Ptr(b.addr), b.bytes()) }

func (b block) clone(to *mem.Heap) block {
	c := newBlock(to, b.len(), 0)
	copy(c.data(), b.data())
	return c
}

// resize sets the length to n. The bytes up to the smaller length stay, new ones
// are zero if zero is set. Memory is given back when most of it is unused.
func (b block) resize(h *mem.Heap, n int, zero bool) block {
	old, size := b.len(), b.bytes()
	want := size
	switch {
	case blockHeader+n > size:
		want = mem.UsableSize(blockHeader + n + min(n, pregrow))
	case blockHeader+n < size/4:
		want = mem.UsableSize(blockHeader + n)
	}
	dirty := want
	if want != size {
		b.addr = mem.Addr(h.Realloc(mem.Ptr(b.addr), size, want))
		if want > mem.MaxSmall {
			// Large blocks grow by fresh pages. To write zeros there would make a
			// string resident that is mostly holes.
			dirty = size
		}
	}
	b.header()[0], b.header()[1] = n, want
	if zero && n > old {
		clear(mem.Bytes(mem.Ptr(b.addr+blockHeader), n)[old:max(old, min(n, dirty-blockHeader))])
	}
	return b
}

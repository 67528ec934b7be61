package ds

import (
	"math"
	"unsafe"

	"berth/internal/mem"
)

// List is a sequence of elements in packs of limited size, Redis's quicklist.
// The packs' addresses sit in one array with slack at both ends: a push or pop
// at an end touches one pack, and finding an element by its number runs over
// counts that lie side by side instead of following links.
//
// The zero List is none at all. A List is an address; its contents are in the
// heap that NewList was given.
type List struct{ addr uintptr }

// listHead is the block that a List is the address of.
type listHead struct {
	count int
	nodes uintptr // array of room nodes
	room  int32
	first int32 // index of the first node in use
	n     int32 // nodes in use
	_     int32
}

// node is one pack of a list. It repeats the pack's size and count so that a
// search needs not look at the packs.
type node struct {
	pack  uintptr
	count uint32
	size  uint32
}

const nodeSize = int(unsafe.Sizeof(node{}))

// Limit is the setting list-max-listpack-size: how much one pack of a list may
// hold. A positive limit is a number of elements, a negative one stands for a
// size, from -1 for 4 KiB to -5 for 64 KiB.
type Limit int

// safeSize bounds packs whose limit is a number of elements, in bytes.
const safeSize = 8192

// Bounds is the largest size in bytes and the largest number of elements. The
// one that does not matter is math.MaxInt.
func (l Limit) Bounds() (size, count int) {
	if l >= 0 {
		return math.MaxInt, max(int(l), 1)
	}
	return 4096 << min(-int(l)-1, 4), math.MaxInt
}

// Exceeded reports whether size bytes with count elements are too much for one
// pack.
func (l Limit) Exceeded(size, count int) bool {
	maxSize, maxCount := l.Bounds()
	if l >= 0 {
		return size > safeSize || count > maxCount
	}
	return size > maxSize
}

// NewList makes an empty list.
func NewList(h *mem.Heap) List {
	return List{mem.Addr(h.AllocZero(int(unsafe.Sizeof(listHead{}))))}
}

// ListAt is the list at an address that Addr gave.
func ListAt(addr uintptr) List { return List{addr} }

// Addr is the list's address, for storing it off the Go heap.
func (l List) Addr() uintptr { return l.addr }

func (l List) head() *listHead { return (*listHead)(mem.Ptr(l.addr)) }

// Len is the number of elements.
func (l List) Len() int { return l.head().count }

// Packs is the number of packs.
func (l List) Packs() int { return int(l.head().n) }

// PackAt is pack number i with its number of elements. It belongs to the list.
func (l List) PackAt(i int) (Pack, int) {
	n := l.node(i)
	return Pack{n.pack}, int(n.count)
}

// Bytes is the memory that the list takes, in usable sizes.
func (l List) Bytes() int {
	hd := l.head()
	sum := mem.UsableSize(int(unsafe.Sizeof(listHead{})))
	if hd.room > 0 {
		sum += mem.UsableSize(int(hd.room) * nodeSize)
	}
	for i := range int(hd.n) {
		sum += mem.UsableSize(int(l.node(i).size))
	}
	return sum
}

// Free gives all memory of the list back.
func (l List) Free(h *mem.Heap) {
	for i := range l.Packs() {
		Pack{l.node(i).pack}.Free(h)
	}
	l.freeHead(h)
}

// freeHead gives back the list but not its packs.
func (l List) freeHead(h *mem.Heap) {
	hd := l.head()
	if hd.room > 0 {
		h.Free(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	}
	h.Free(mem.Ptr(l.addr), int(unsafe.Sizeof(listHead{})))
}

// FreePart gives back packs at the end, at most n of them, and reports whether
// that was all, the list included. A huge list is freed in such steps. Nothing
// else may be done with the list any more.
func (l List) FreePart(h *mem.Heap, n int) bool {
	hd := l.head()
	for ; n > 0 && hd.n > 0; n-- {
		hd.n--
		Pack{l.node(int(hd.n)).pack}.Free(h)
	}
	if hd.n > 0 {
		return false
	}
	l.freeHead(h)
	return true
}

// Clone copies the list, possibly to another heap.
func (l List) Clone(to *mem.Heap) List {
	c := NewList(to)
	for i := range l.Packs() {
		n := l.node(i)
		c.AddPack(to, Pack{n.pack}.Clone(to), int(n.count))
	}
	return c
}

// AddPack puts a pack of n elements at the end. The list owns it then.
func (l List) AddPack(h *mem.Heap, k Pack, n int) {
	if n == 0 {
		k.Free(h)
		return
	}
	*l.open(h, l.Packs()) = node{pack: k.addr, count: uint32(n), size: uint32(k.Size())}
	l.head().count += n
}

// TakePack frees a list that has exactly one pack, except for the pack, which
// belongs to the caller then.
func (l List) TakePack(h *mem.Heap) Pack {
	k := Pack{l.node(0).pack}
	l.freeHead(h)
	return k
}

func (l List) node(i int) *node {
	hd := l.head()
	return (*node)(mem.Ptr(hd.nodes + uintptr(int(hd.first)+i)*uintptr(nodeSize)))
}

// set stores where pack i is, after it changed.
func (l List) set(i int, k Pack, count int) {
	*l.node(i) = node{pack: k.addr, count: uint32(count), size: uint32(k.Size())}
}

// open makes room for a node at index i and returns it, undefined.
func (l List) open(h *mem.Heap, i int) *node {
	hd := l.head()
	n := int(hd.n)
	front := i < n/2 || n == 0 && i == 0
	if front && hd.first == 0 || !front && hd.first+hd.n == hd.room {
		l.spread(h)
	}
	all := mem.Bytes(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	at := func(i int) int { return (int(hd.first) + i) * nodeSize }
	if front && hd.first > 0 {
		copy(all[at(-1):], all[at(0):at(i)])
		hd.first--
	} else {
		copy(all[at(i+1):], all[at(i):at(n)])
	}
	hd.n++
	return l.node(i)
}

// spread centres the nodes in their array, in a larger one when it is more than
// half full.
func (l List) spread(h *mem.Heap) {
	hd := l.head()
	room := int(hd.room)
	if n := int(hd.n); n*2 >= room {
		room = max(4, n*3)
		room = mem.UsableSize(room*nodeSize) / nodeSize
	}
	p := h.Alloc(room * nodeSize)
	first := (room - int(hd.n)) / 2
	if hd.room > 0 {
		old := mem.Bytes(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
		copy(mem.Bytes(p, room*nodeSize)[first*nodeSize:], old[int(hd.first)*nodeSize:int(hd.first+hd.n)*nodeSize])
		h.Free(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	}
	hd.nodes, hd.room, hd.first = mem.Addr(p), int32(room), int32(first)
}

// close takes nodes i to j-1 out of the array. Their packs are the caller's.
func (l List) close(h *mem.Heap, i, j int) {
	hd := l.head()
	all := mem.Bytes(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	at := func(i int) int { return (int(hd.first) + i) * nodeSize }
	n := int(hd.n)
	if i < n-j {
		copy(all[at(j-i):at(j)], all[at(0):at(i)])
		hd.first += int32(j - i)
	} else {
		copy(all[at(i):], all[at(j):at(n)])
	}
	hd.n -= int32(j - i)
	if hd.room > 16 && hd.n < hd.room/8 {
		l.shrink(h)
	}
}

// shrink gives a list that lost most of its packs a smaller array.
func (l List) shrink(h *mem.Heap) {
	hd := l.head()
	room := mem.UsableSize(max(4, int(hd.n)*2)*nodeSize) / nodeSize
	p := h.Alloc(room * nodeSize)
	first := (room - int(hd.n)) / 2
	old := mem.Bytes(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	copy(mem.Bytes(p, room*nodeSize)[first*nodeSize:], old[int(hd.first)*nodeSize:int(hd.first+hd.n)*nodeSize])
	h.Free(mem.Ptr(hd.nodes), int(hd.room)*nodeSize)
	hd.nodes, hd.room, hd.first = mem.Addr(p), int32(room), int32(first)
}

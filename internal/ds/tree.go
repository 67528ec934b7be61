package ds

import (
	"bytes"
	"unsafe"

	"berth/internal/mem"
)

// Tree keeps entries of kind KindScored in order of score, and of name where
// scores are equal. It is a B+tree whose inner nodes count what is below them:
// rank, element by rank and range counts are all logarithmic. A node is 512
// bytes, eight cache lines.
//
// The tree refers to entries and does not own them. An entry in it must not move
// or change its score. The zero Tree is empty; it holds no Go pointers and may
// lie in off-heap memory.
type Tree struct {
	root   uintptr
	height int // inner levels above the leaves
	count  int
}

// item is an entry with its score beside it, so that most comparisons do not
// touch the entry.
type item struct {
	score float64
	entry uintptr
}

const (
	leafItems = 30
	innerKids = 15
	nodeBytes = 512
)

// leaf is a node of the lowest level. All of them are chained in order.
type leaf struct {
	n          int
	next, prev uintptr
	items      [leafItems]item
}

// kid is a child of an inner node: how many items are below it, and the first.
type kid struct {
	node  uintptr
	count int
	min   item
}

type inner struct {
	n    int
	kids [innerKids]kid
}

func leafAt(a uintptr) *leaf   { return (*leaf)(mem.Ptr(a)) }
func innerAt(a uintptr) *inner { return (*inner)(mem.Ptr(a)) }

func (x item) name() []byte { return KindScored.keyOf(mem.Ptr(x.entry)) }

// compare orders x against a score and a name.
func (x item) compare(score float64, name []byte) int {
	switch {
	case x.score < score:
		return -1
	case x.score > score:
		return 1
	}
	return bytes.Compare(x.name(), name)
}

// Len is the number of entries.
func (t *Tree) Len() int { return t.count }

// Free gives the tree's nodes back, but not the entries.
func (t *Tree) Free(h *mem.Heap) {
	if t.root != 0 {
		freeNode(h, t.root, t.height)
	}
	*t = Tree{}
}

func freeNode(h *mem.Heap, a uintptr, height int) {
	if height > 0 {
		n := innerAt(a)
		for i := range n.n {
			freeNode(h, n.kids[i].node, height-1)
		}
	}
	h.Free(mem.Ptr(a), nodeBytes)
}

// Bytes is the memory of the tree's nodes, at most.
func (t *Tree) Bytes() int {
	if t.root == 0 {
		return 0
	}
	return nodesBelow(t.root, t.height) * nodeBytes
}

func nodesBelow(a uintptr, height int) int {
	sum := 1
	if height > 0 {
		n := innerAt(a)
		for i := range n.n {
			sum += nodesBelow(n.kids[i].node, height-1)
		}
	}
	return sum
}

// Insert adds the entry p, whose name must not be there.
func (t *Tree) Insert(h *mem.Heap, p unsafe.Pointer) {
	x := item{*Score(p), mem.Addr(p)}
	t.count++
	if t.root == 0 {
		l := (*leaf)(h.Alloc(nodeBytes))
		l.n, l.next, l.prev = 1, 0, 0
		l.items[0] = x
		t.root = mem.Addr(unsafe.Pointer(l))
		return
	}
	name := x.name()
	right := t.insert(h, t.root, t.height, x, name)
	if right == 0 {
		return
	}
	// The root split: a new one holds both halves.
	n := (*inner)(h.Alloc(nodeBytes))
	n.n = 2
	n.kids[0] = kidOf(t.root, t.height)
	n.kids[1] = kidOf(right, t.height)
	t.root = mem.Addr(unsafe.Pointer(n))
	t.height++
}

// kidOf describes a node to its parent.
func kidOf(a uintptr, height int) kid {
	k := kid{node: a}
	if height == 0 {
		l := leafAt(a)
		k.count, k.min = l.n, l.items[0]
		return k
	}
	n := innerAt(a)
	k.min = n.kids[0].min
	for i := range n.n {
		k.count += n.kids[i].count
	}
	return k
}

// insert adds x below a node. When the node had to be split it returns the new
// right half.
func (t *Tree) insert(h *mem.Heap, a uintptr, height int, x item, name []byte) uintptr {
	if height == 0 {
		l := leafAt(a)
		return l.insert(h, l.find(x.score, name), x)
	}
	n := innerAt(a)
	i := n.find(x.score, name)
	right := t.insert(h, n.kids[i].node, height-1, x, name)
	if right == 0 {
		n.kids[i].count++
		if i == 0 && n.kids[0].min.compare(x.score, name) > 0 {
			n.kids[0].min = x
		}
		return 0
	}
	n.kids[i] = kidOf(n.kids[i].node, height-1)
	return n.insert(h, i+1, kidOf(right, height-1))
}

// find is the index of the first item that is not before the score and name.
func (l *leaf) find(score float64, name []byte) int {
	lo, hi := 0, l.n
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if l.items[mid].compare(score, name) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// find is the index of the kid that the score and name belong below.
func (n *inner) find(score float64, name []byte) int {
	lo, hi := 1, n.n
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if n.kids[mid].min.compare(score, name) <= 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// cut is where a full node of n elements is split to insert at index i: in the
// middle, but for elements that come in order, where the left half stays full.
func cut(n, i int, last bool) int {
	if last && i == n {
		return n
	}
	return n / 2
}

func (l *leaf) insert(h *mem.Heap, i int, x item) uintptr {
	if l.n < leafItems {
		copy(l.items[i+1:l.n+1], l.items[i:l.n])
		l.items[i] = x
		l.n++
		return 0
	}
	r := (*leaf)(h.Alloc(nodeBytes))
	c := cut(l.n, i, l.next == 0)
	r.n = copy(r.items[:], l.items[c:l.n])
	l.n = c
	ra, la := mem.Addr(unsafe.Pointer(r)), mem.Addr(unsafe.Pointer(l))
	r.next, r.prev = l.next, la
	if r.next != 0 {
		leafAt(r.next).prev = ra
	}
	l.next = ra
	if i > c || i == c && r.n == 0 {
		r.insert(h, i-c, x)
	} else {
		l.insert(h, i, x)
	}
	return ra
}

func (n *inner) insert(h *mem.Heap, i int, k kid) uintptr {
	if n.n < innerKids {
		copy(n.kids[i+1:n.n+1], n.kids[i:n.n])
		n.kids[i] = k
		n.n++
		return 0
	}
	r := (*inner)(h.Alloc(nodeBytes))
	c := cut(n.n, i, true)
	r.n = copy(r.kids[:], n.kids[c:n.n])
	n.n = c
	if i > c || i == c && r.n == 0 {
		r.insert(h, i-c, k)
	} else {
		n.insert(h, i, k)
	}
	return mem.Addr(unsafe.Pointer(r))
}

// Delete takes out the entry with the score and name, and reports whether it was
// there. The entry itself stays as it is.
func (t *Tree) Delete(h *mem.Heap, score float64, name []byte) bool {
	if t.root == 0 || !t.remove(h, t.root, t.height, score, name) {
		return false
	}
	t.count--
	for t.height > 0 && innerAt(t.root).n == 1 {
		old := t.root
		t.root = innerAt(old).kids[0].node
		t.height--
		h.Free(mem.Ptr(old), nodeBytes)
	}
	if t.count == 0 {
		h.Free(mem.Ptr(t.root), nodeBytes)
		*t = Tree{}
	}
	return true
}

func (t *Tree) remove(h *mem.Heap, a uintptr, height int, score float64, name []byte) bool {
	if height == 0 {
		l := leafAt(a)
		i := l.find(score, name)
		if i == l.n || l.items[i].compare(score, name) != 0 {
			return false
		}
		copy(l.items[i:], l.items[i+1:l.n])
		l.n--
		return true
	}
	n := innerAt(a)
	i := n.find(score, name)
	if !t.remove(h, n.kids[i].node, height-1, score, name) {
		return false
	}
	n.kids[i].count--
	switch {
	case n.kids[i].count == 0:
		if height == 1 {
			leafAt(n.kids[i].node).unlink()
		}
		h.Free(mem.Ptr(n.kids[i].node), nodeBytes)
		n.drop(i)
	case height == 1:
		n.balanceLeaf(h, i)
	default:
		n.balanceInner(h, i)
	}
	return true
}

// unlink takes a leaf out of the chain.
func (l *leaf) unlink() {
	if l.next != 0 {
		leafAt(l.next).prev = l.prev
	}
	if l.prev != 0 {
		leafAt(l.prev).next = l.next
	}
}

// refresh describes kids i and i+1 afresh after items went between them.
func (n *inner) refresh(i int, height int) {
	n.kids[i] = kidOf(n.kids[i].node, height)
	n.kids[i+1] = kidOf(n.kids[i+1].node, height)
}

func (n *inner) drop(i int) {
	copy(n.kids[i:], n.kids[i+1:n.n])
	n.n--
}

// balanceLeaf joins leaf i with a neighbour, or evens them out, when few items
// are left in it.
func (n *inner) balanceLeaf(h *mem.Heap, i int) {
	l := leafAt(n.kids[i].node)
	n.kids[i].min = l.items[0]
	if l.n >= leafItems/4 || n.n == 1 {
		return
	}
	if i == n.n-1 {
		i--
	}
	l, r := leafAt(n.kids[i].node), leafAt(n.kids[i+1].node)
	if l.n+r.n <= leafItems*3/4 {
		l.n += copy(l.items[l.n:], r.items[:r.n])
		r.unlink()
		h.Free(unsafe.Pointer(r), nodeBytes)
		n.drop(i + 1)
		n.kids[i] = kidOf(n.kids[i].node, 0)
		return
	}
	half := (l.n + r.n) / 2
	if l.n > half {
		m := l.n - half
		copy(r.items[m:], r.items[:r.n])
		copy(r.items[:m], l.items[half:l.n])
	} else {
		m := half - l.n
		copy(l.items[l.n:], r.items[:m])
		copy(r.items[:], r.items[m:r.n])
	}
	l.n, r.n = half, l.n+r.n-half
	n.refresh(i, 0)
}

// balanceInner is balanceLeaf for inner nodes.
func (n *inner) balanceInner(h *mem.Heap, i int) {
	l := innerAt(n.kids[i].node)
	n.kids[i].min = l.kids[0].min
	if l.n >= innerKids/4 || n.n == 1 {
		return
	}
	if i == n.n-1 {
		i--
	}
	l, r := innerAt(n.kids[i].node), innerAt(n.kids[i+1].node)
	if l.n+r.n <= innerKids*3/4 {
		l.n += copy(l.kids[l.n:], r.kids[:r.n])
		h.Free(unsafe.Pointer(r), nodeBytes)
		n.drop(i + 1)
		// The height does not matter above the leaves.
		n.kids[i] = kidOf(n.kids[i].node, 1)
		return
	}
	half := (l.n + r.n) / 2
	if l.n > half {
		m := l.n - half
		copy(r.kids[m:], r.kids[:r.n])
		copy(r.kids[:m], l.kids[half:l.n])
	} else {
		m := half - l.n
		copy(l.kids[l.n:], r.kids[:m])
		copy(r.kids[:], r.kids[m:r.n])
	}
	l.n, r.n = half, l.n+r.n-half
	n.refresh(i, 1)
}

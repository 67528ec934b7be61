package ds

import (
	"unsafe"

	"berth/internal/mem"
)

// Rank is the number of entries before the score and name, and whether an entry
// has them.
func (t *Tree) Rank(score float64, name []byte) (rank int, ok bool) {
	if t.root == 0 {
		return 0, false
	}
	a := t.root
	for range t.height {
		n := innerAt(a)
		i := n.find(score, name)
		for j := range i {
			rank += n.kids[j].count
		}
		a = n.kids[i].node
	}
	l := leafAt(a)
	i := l.find(score, name)
	return rank + i, i < l.n && l.items[i].compare(score, name) == 0
}

// Partition is the number of entries for which before is true. It must be true
// for the entries up to some point, and false from there on.
func (t *Tree) Partition(before func(score float64, p unsafe.Pointer) bool) int {
	if t.root == 0 {
		return 0
	}
	is := func(x item) bool { return before(x.score, mem.Ptr(x.entry)) }
	a, rank := t.root, 0
	for range t.height {
		n := innerAt(a)
		lo, hi := 1, n.n
		for lo < hi {
			if mid := int(uint(lo+hi) / 2); is(n.kids[mid].min) {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		for j := range lo - 1 {
			rank += n.kids[j].count
		}
		a = n.kids[lo-1].node
	}
	l := leafAt(a)
	lo, hi := 0, l.n
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); is(l.items[mid]) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return rank + lo
}

// TreeIter walks over a tree that does not change meanwhile.
type TreeIter struct {
	leaf uintptr
	i    int
	back bool
}

// Iter walks from the entry of the rank to the last, or to the first when back
// is set.
func (t *Tree) Iter(rank int, back bool) TreeIter {
	if rank < 0 || rank >= t.count {
		return TreeIter{}
	}
	a := t.root
	for range t.height {
		n := innerAt(a)
		i := 0
		for rank >= n.kids[i].count {
			rank -= n.kids[i].count
			i++
		}
		a = n.kids[i].node
	}
	return TreeIter{a, rank, back}
}

// Next is the next entry, or nil at the end.
func (it *TreeIter) Next() unsafe.Pointer {
	if it.leaf == 0 {
		return nil
	}
	l := leafAt(it.leaf)
	p := mem.Ptr(l.items[it.i].entry)
	if it.back {
		if it.i--; it.i < 0 {
			if it.leaf = l.prev; it.leaf != 0 {
				it.i = leafAt(it.leaf).n - 1
			}
		}
		return p
	}
	if it.i++; it.i == l.n {
		it.leaf, it.i = l.next, 0
	}
	return p
}

// At is the entry of the rank, nil when there is none.
func (t *Tree) At(rank int) unsafe.Pointer {
	it := t.Iter(rank, false)
	return it.Next()
}

// Last is the last entry, nil in an empty tree.
func (t *Tree) Last() unsafe.Pointer {
	if t.root == 0 {
		return nil
	}
	a := t.root
	for range t.height {
		n := innerAt(a)
		a = n.kids[n.n-1].node
	}
	l := leafAt(a)
	return mem.Ptr(l.items[l.n-1].entry)
}

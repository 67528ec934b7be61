package ds

import "berth/internal/mem"

// ListIter walks over a list's elements. The list must not change meanwhile.
type ListIter struct {
	l    List
	b    []byte // the pack that the iterator is in
	pos  int    // the next element; going back, the end of it
	pack int
	back bool
}

// Iter walks from element i, 0 <= i < Len, to the end, or to the beginning when
// back is set.
func (l List) Iter(i int, back bool) ListIter {
	it := ListIter{l: l, back: back}
	if i < 0 || i >= l.Len() {
		it.pack = l.Packs()
		if back {
			it.pack = -1
		}
		return it
	}
	p, j := l.Locate(i)
	nd := l.node(p)
	if back {
		j++
	}
	k := Pack{nd.pack}
	it.b, it.pack, it.pos = k.Bytes(), p, k.Seek(j, int(nd.count))
	return it
}

// Next is the next element, or false at the end.
func (it *ListIter) Next() (Elem, bool) {
	if it.back {
		return it.prev()
	}
	for len(it.b) == 0 || it.b[it.pos] == packEnd {
		if it.pack++; it.pack >= it.l.Packs() {
			return Elem{}, false
		}
		it.b, it.pos = Pack{it.l.node(it.pack).pack}.Bytes(), packHeader
	}
	e, next := elemAt(it.b, it.pos)
	it.pos = next
	return e, true
}

func (it *ListIter) prev() (Elem, bool) {
	for len(it.b) == 0 || it.pos == packHeader {
		if it.pack--; it.pack < 0 {
			return Elem{}, false
		}
		it.b = Pack{it.l.node(it.pack).pack}.Bytes()
		it.pos = len(it.b) - 1
	}
	it.pos = elemBefore(it.b, it.pos)
	e, _ := elemAt(it.b, it.pos)
	return e, true
}

// Remove takes out the elements that are x: the first limit of them, or the
// last when back is set, or all when limit is 0. It returns their number.
func (l List) Remove(h *mem.Heap, x *Needle, limit int, back bool) int {
	removed := 0
	if limit == 0 {
		limit = l.Len()
	}
	if back {
		for p := l.Packs() - 1; p >= 0 && removed < limit; p-- {
			removed += l.removeBack(h, p, x, limit-removed)
			l.dropEmpty(h, p)
		}
		return removed
	}
	for p := 0; p < l.Packs() && removed < limit; {
		nd := *l.node(p)
		k, count := Pack{nd.pack}, int(nd.count)
		for pos := k.Find(k.First(), x, 0); pos >= 0 && removed < limit; pos = k.Find(pos, x, 0) {
			k = k.Delete(h, pos, 1)
			count--
			removed++
		}
		l.head().count -= int(nd.count) - count
		l.set(p, k, count)
		if !l.dropEmpty(h, p) {
			p++
		}
	}
	return removed
}

// removeBack removes up to limit elements that are x from pack p, from its end.
func (l List) removeBack(h *mem.Heap, p int, x *Needle, limit int) int {
	nd := *l.node(p)
	k, removed := Pack{nd.pack}, 0
	for pos := k.Last(); pos >= 0 && removed < limit; {
		before := k.Prev(pos)
		if e, _ := k.Get(pos); x.Is(e) {
			k = k.Delete(h, pos, 1)
			removed++
		}
		pos = before
	}
	l.set(p, k, int(nd.count)-removed)
	l.head().count -= removed
	return removed
}

// dropEmpty takes pack p out if nothing is in it.
func (l List) dropEmpty(h *mem.Heap, p int) bool {
	nd := l.node(p)
	if nd.count > 0 {
		return false
	}
	Pack{nd.pack}.Free(h)
	l.close(h, p, p+1)
	return true
}

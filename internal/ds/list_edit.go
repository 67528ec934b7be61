package ds

import "berth/internal/mem"

// estimate is what Redis adds to an element's length when it asks whether a
// pack has room for it.
const estimate = 8

// roomFor reports whether node i may take one more element of n bytes.
func (l List) roomFor(i int, lim Limit, n int) bool {
	if i < 0 || i >= l.Packs() {
		return false
	}
	nd := l.node(i)
	size := int(nd.size) + n + estimate
	return size < MaxPack && !lim.Exceeded(size, int(nd.count)+1)
}

// Push puts e at the front or the back.
func (l List) Push(h *mem.Heap, lim Limit, e Elem, front bool) {
	i := l.Packs() - 1
	if front {
		i = 0
	}
	if l.roomFor(i, lim, e.Len()) {
		l.insertIn(h, i, 0, e, !front)
		return
	}
	if !front {
		i++
	}
	l.insertPack(h, i, e)
}

// TryPush is Push if there is room in the pack at that end, and the heap has what it
// needs at hand.
func (l List) TryPush(h *mem.Heap, lim Limit, e Elem, front bool) bool {
	i := l.Packs() - 1
	if front {
		i = 0
	}
	if !l.roomFor(i, lim, e.Len()) {
		return false
	}
	nd := l.node(i)
	k := Pack{nd.pack}
	pos := k.First()
	if !front {
		pos = k.End()
	}
	k, ok := k.TryInsert(h, pos, e)
	if ok {
		l.set(i, k, int(nd.count)+1)
		l.head().count++
	}
	return ok
}

// Outer is the pack at one end, whether it is more than one element, and the place of
// the outermost of them.
func (l List) Outer(front bool) (k Pack, pos int, more bool) {
	i := l.Packs() - 1
	if front {
		i = 0
	}
	nd := l.node(i)
	k = Pack{nd.pack}
	pos = k.First()
	if !front {
		pos = k.Last()
	}
	return k, pos, nd.count > 1
}

// CutOuter deletes what Outer finds, if that is possible; see Pack.Cut.
func (l List) CutOuter(h *mem.Heap, front bool) {
	i := l.Packs() - 1
	if front {
		i = 0
	}
	k, pos, _ := l.Outer(front)
	l.set(i, k.Cut(h, pos), int(l.node(i).count)-1)
	l.head().count--
}

// insertPack puts a new pack with one element at index i.
func (l List) insertPack(h *mem.Heap, i int, e Elem) {
	k := NewPack(h).Append(h, e)
	*l.open(h, i) = node{pack: k.addr, count: 1, size: uint32(k.Size())}
	l.head().count++
}

// insertIn puts e before element j of pack i, or behind its last one.
func (l List) insertIn(h *mem.Heap, i, j int, e Elem, back bool) {
	nd := l.node(i)
	k := Pack{nd.pack}
	pos := k.End()
	if !back {
		pos = k.Seek(j, int(nd.count))
	}
	l.set(i, k.Insert(h, pos, e), int(nd.count)+1)
	l.head().count++
}

// Locate is the pack that holds element i, 0 <= i < Len, and the element's
// number in it.
func (l List) Locate(i int) (pack, index int) {
	hd := l.head()
	if i < hd.count/2 {
		for p := 0; ; p++ {
			n := int(l.node(p).count)
			if i < n {
				return p, i
			}
			i -= n
		}
	}
	left := hd.count - i
	for p := int(hd.n) - 1; ; p-- {
		n := int(l.node(p).count)
		if left <= n {
			return p, n - left
		}
		left -= n
	}
}

// At is element i, 0 <= i < Len.
func (l List) At(i int) Elem {
	p, j := l.Locate(i)
	nd := l.node(p)
	k := Pack{nd.pack}
	e, _ := k.Get(k.Seek(j, int(nd.count)))
	return e
}

// Set puts e in place of element i.
func (l List) Set(h *mem.Heap, i int, e Elem) {
	p, j := l.Locate(i)
	nd := l.node(p)
	k := Pack{nd.pack}
	l.set(p, k.Replace(h, k.Seek(j, int(nd.count)), e), int(nd.count))
}

// Insert puts e before element i, or behind it when after is set. The packs
// split and join as Redis's do, so that a list converts to and from a single
// pack at the same moments.
func (l List) Insert(h *mem.Heap, lim Limit, i int, e Elem, after bool) {
	p, j := l.Locate(i)
	n := int(l.node(p).count)
	size := e.Len()
	atTail := after && j == n-1
	atHead := !after && j == 0
	switch {
	case l.roomFor(p, lim, size):
		if after {
			j++
		}
		l.insertIn(h, p, j, e, j == n)
	case atTail && l.roomFor(p+1, lim, size):
		l.insertIn(h, p+1, 0, e, false)
	case atHead && l.roomFor(p-1, lim, size):
		l.insertIn(h, p-1, 0, e, true)
	case atTail:
		l.insertPack(h, p+1, e)
	case atHead:
		l.insertPack(h, p, e)
	default:
		if after {
			j++
		}
		l.split(h, p, j)
		if after {
			l.insertIn(h, p+1, 0, e, false)
		} else {
			l.insertIn(h, p, 0, e, true)
		}
		l.joinAround(h, lim, p, after)
	}
}

// split cuts pack p before its element j.
func (l List) split(h *mem.Heap, p, j int) {
	nd := *l.node(p)
	k := Pack{nd.pack}
	left, right := k.Split(h, k.Seek(j, int(nd.count)), j, int(nd.count))
	l.set(p, left, j)
	l.open(h, p+1)
	l.set(p+1, right, int(nd.count)-j)
}

// joinAround joins packs that fit in one, about the cut between p and p+1. The
// order is Redis's: the outer pairs first.
func (l List) joinAround(h *mem.Heap, lim Limit, p int, after bool) {
	c := p
	if !after {
		// Redis takes the pack that got the new element's other half as the
		// centre: the right one when the element went to the left.
		c = p + 1
	}
	if l.join(h, lim, c-2) {
		c--
	}
	l.join(h, lim, c+1)
	if l.join(h, lim, c-1) {
		c--
	}
	l.join(h, lim, c)
}

// join joins packs p and p+1 if they fit in one, and says whether it did.
func (l List) join(h *mem.Heap, lim Limit, p int) bool {
	if p < 0 || p+1 >= l.Packs() {
		return false
	}
	a, b := *l.node(p), *l.node(p + 1)
	size, count := int(a.size)+int(b.size)-packEmpty, int(a.count)+int(b.count)
	if size > MaxPack || lim.Exceeded(size, count) {
		return false
	}
	k := Pack{a.pack}.Join(h, Pack{b.pack})
	Pack{b.pack}.Free(h)
	l.set(p, k, count)
	l.close(h, p+1, p+2)
	return true
}

// Delete takes out n elements from element i on; all must exist.
func (l List) Delete(h *mem.Heap, i, n int) {
	if n <= 0 {
		return
	}
	p, j := l.Locate(i)
	l.head().count -= n
	for n > 0 {
		nd := *l.node(p)
		k := Pack{nd.pack}
		if j == 0 && n >= int(nd.count) {
			// Whole packs go in one step.
			q := p
			for q < l.Packs() && n >= int(l.node(q).count) {
				n -= int(l.node(q).count)
				Pack{l.node(q).pack}.Free(h)
				q++
			}
			l.close(h, p, q)
			continue
		}
		m := min(n, int(nd.count)-j)
		l.set(p, k.Delete(h, k.Seek(j, int(nd.count)), m), int(nd.count)-m)
		n -= m
		p, j = p+1, 0
	}
}

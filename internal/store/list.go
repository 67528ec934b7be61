package store

import (
	"berth/internal/ds"
	"berth/internal/mem"
)

// ListValue is a handle for the list of an entry. It is used until the entry
// moves or goes. The list converts between a single pack and a chain of them
// when Redis's does. A command that leaves the list empty deletes the key.
type ListValue struct {
	e   *Entry
	h   *mem.Heap
	lim ds.Limit
}

// AddList adds a key, which must not be there, with an empty list.
func (db *DB) AddList(key []byte) *Entry {
	e := db.alloc(key, ds.FlagWord, 0)
	e.setType(List, ListPack)
	e.setAddr(ds.NewPack(db.heap).Addr())
	db.insert(e)
	return e
}

// LooseList makes a loose entry with an empty list.
func (db *DB) LooseList(key []byte) *Entry {
	return db.loose(key, List, ListPack, ds.NewPack(db.heap).Addr())
}

// List is the list of an entry of that type.
func (db *DB) List(e *Entry) ListValue {
	return ListValue{e, db.heap, db.set.ListMaxListpackSize}
}

func (l ListValue) packed() bool { return l.e.Encoding() == ListPack }

func (l ListValue) pack() ds.Pack { return ds.PackAt(l.e.addr()) }

func (l ListValue) quick() ds.List { return ds.ListAt(l.e.addr()) }

func (l ListValue) setPack(k ds.Pack) { l.e.setAddr(k.Addr()) }

// Len is the number of elements.
func (l ListValue) Len() int {
	if l.packed() {
		return l.pack().Len()
	}
	return l.quick().Len()
}

// grow makes a chain of a pack that would be too large with n more elements of
// size bytes together.
func (l ListValue) grow(n, size int) {
	if !l.packed() {
		return
	}
	k := l.pack()
	count := k.Len()
	if !l.lim.Exceeded(k.Size()+size, count+n) {
		return
	}
	q := ds.NewList(l.h)
	q.AddPack(l.h, k, count)
	l.e.setAddr(q.Addr())
	l.e.setEncoding(QuickList)
}

// shrink makes a single pack of a chain that has become small. The limits are
// halved so that a list about the border does not convert at every change.
func (l ListValue) shrink() {
	if l.packed() || l.quick().Packs() != 1 {
		return
	}
	k, n := l.quick().PackAt(0)
	if size, count := l.lim.Bounds(); k.Size() > size/2 || n > count/2 {
		return
	}
	l.setPack(l.quick().TakePack(l.h))
	l.e.setEncoding(ListPack)
}

// Convert chooses the encoding afresh, as after a list was built in one go.
func (l ListValue) Convert() {
	if l.packed() {
		l.grow(0, 0)
		return
	}
	if l.quick().Packs() == 1 {
		k, n := l.quick().PackAt(0)
		if size, count := l.lim.Bounds(); k.Size() <= size && n <= count {
			l.setPack(l.quick().TakePack(l.h))
			l.e.setEncoding(ListPack)
		}
	}
}

// Reserve converts the list, if need be, as adding items would. LSET and LINSERT
// do so before they know whether they will change anything.
func (l ListValue) Reserve(items ...[]byte) {
	size := 0
	for _, item := range items {
		size += len(item)
	}
	l.grow(len(items), size)
}

// Push adds items at the front, one before the other, or at the back.
func (l ListValue) Push(front bool, items ...[]byte) {
	l.Reserve(items...)
	for _, item := range items {
		l.push(front, ds.Of(item))
	}
}

func (l ListValue) push(front bool, e ds.Elem) {
	if !l.packed() {
		l.quick().Push(l.h, l.lim, e, front)
		return
	}
	k := l.pack()
	pos := k.First()
	if !front {
		pos = k.End()
	}
	l.setPack(k.Insert(l.h, pos, e))
}

// TryPush is Push for one item if that neither changes the encoding nor needs more
// memory than the heap has at hand.
func (l ListValue) TryPush(front bool, item []byte) bool {
	e := ds.Of(item)
	if !l.packed() {
		return l.quick().TryPush(l.h, l.lim, e, front)
	}
	k := l.pack()
	if l.lim.Exceeded(k.Size()+len(item), k.Len()+1) {
		return false
	}
	pos := k.First()
	if !front {
		pos = k.End()
	}
	k, ok := k.TryInsert(l.h, pos, e)
	if ok {
		l.setPack(k)
	}
	return ok
}

// PeekQuietly is Peek, where ok says that Cut may take that element out.
func (l ListValue) PeekQuietly(front bool) (e ds.Elem, ok bool) {
	if !l.packed() && l.quick().Packs() == 1 {
		return e, false // it may become a single pack
	}
	k, pos, more := l.outer(front)
	if !more || !k.CanDelete(l.h, pos) {
		return e, false
	}
	e, _ = k.Get(pos)
	return e, true
}

func (l ListValue) outer(front bool) (k ds.Pack, pos int, more bool) {
	if !l.packed() {
		return l.quick().Outer(front)
	}
	k = l.pack()
	pos = k.First()
	if !front {
		pos = k.Last()
	}
	return k, pos, k.Len() > 1
}

// Cut is Pop for the one element that PeekQuietly found.
func (l ListValue) Cut(front bool) {
	if !l.packed() {
		l.quick().CutOuter(l.h, front)
		return
	}
	k, pos, _ := l.outer(front)
	l.setPack(k.Cut(l.h, pos))
}

// Peek is the element at an end of a list that is not empty. It aliases the
// list.
func (l ListValue) Peek(front bool) ds.Elem {
	if front {
		return l.At(0)
	}
	return l.At(l.Len() - 1)
}

// Pop takes out n elements at an end; all must exist.
func (l ListValue) Pop(front bool, n int) {
	if front {
		l.Delete(0, n)
	} else {
		l.Delete(l.Len()-n, n)
	}
}

// At is element i, 0 <= i < Len. It aliases the list.
func (l ListValue) At(i int) ds.Elem {
	if !l.packed() {
		return l.quick().At(i)
	}
	k := l.pack()
	e, _ := k.Get(k.Seek(i, k.Len()))
	return e
}

// Set puts item in place of element i, 0 <= i < Len.
func (l ListValue) Set(i int, item []byte) {
	l.Reserve(item)
	if l.packed() {
		k := l.pack()
		l.setPack(k.Replace(l.h, k.Seek(i, k.Len()), ds.Of(item)))
		return
	}
	l.quick().Set(l.h, i, ds.Of(item))
	l.shrink()
}

// Insert puts item before element i, 0 <= i < Len, or behind it.
func (l ListValue) Insert(i int, item []byte, after bool) {
	l.Reserve(item)
	if !l.packed() {
		l.quick().Insert(l.h, l.lim, i, ds.Of(item), after)
		return
	}
	if after {
		i++
	}
	k := l.pack()
	l.setPack(k.Insert(l.h, k.Seek(i, k.Len()), ds.Of(item)))
}

// Delete takes out n elements from element i on; all must exist.
func (l ListValue) Delete(i, n int) {
	if n <= 0 {
		return
	}
	if l.packed() {
		k := l.pack()
		l.setPack(k.Delete(l.h, k.Seek(i, k.Len()), n))
		return
	}
	l.quick().Delete(l.h, i, n)
	l.settle()
}

// Trim keeps the elements from first to last, 0 <= first, last < Len, and none
// if first is above last.
func (l ListValue) Trim(first, last int) {
	n := l.Len()
	if first > last {
		l.Delete(0, n)
		return
	}
	l.Delete(last+1, n-last-1)
	l.Delete(0, first)
}

// settle converts a chain that lost elements. An empty one becomes an empty
// pack, so that the entry stays sound until the command deletes it.
func (l ListValue) settle() {
	if l.quick().Packs() > 0 {
		l.shrink()
		return
	}
	l.quick().Free(l.h)
	l.setPack(ds.NewPack(l.h))
	l.e.setEncoding(ListPack)
}

// Remove takes out the elements that are item: the first limit of them, or the
// last when back is set, or all when limit is 0. It returns their number.
func (l ListValue) Remove(item []byte, limit int, back bool) int {
	x := ds.NeedleOf(item)
	if l.packed() {
		// A chain of one pack has the code for it.
		k := l.pack()
		if k.Len() == 0 {
			return 0
		}
		q := ds.NewList(l.h)
		q.AddPack(l.h, k, k.Len())
		n := q.Remove(l.h, &x, limit, back)
		if q.Packs() == 0 {
			q.Free(l.h)
			k = ds.NewPack(l.h)
		} else {
			k = q.TakePack(l.h)
		}
		l.setPack(k)
		return n
	}
	n := l.quick().Remove(l.h, &x, limit, back)
	if n > 0 {
		l.settle()
	}
	return n
}

// Each calls fn for every element from element i on, forwards or backwards,
// until it returns false. The list must not change meanwhile.
func (l ListValue) Each(i int, back bool, fn func(i int, e ds.Elem) bool) {
	step := 1
	if back {
		step = -1
	}
	it := l.Iter(i, back)
	for e, ok := it.Next(); ok && fn(i, e); e, ok = it.Next() {
		i += step
	}
}

// ListIter walks over a list that does not change meanwhile.
type ListIter struct {
	list   ds.ListIter
	k      ds.Pack
	pos    int
	back   bool
	packed bool
}

// Iter walks from element i to the end, or to the beginning when back is set.
func (l ListValue) Iter(i int, back bool) ListIter {
	if !l.packed() {
		return ListIter{list: l.quick().Iter(i, back)}
	}
	k := l.pack()
	n := k.Len()
	it := ListIter{k: k, pos: k.End(), back: back, packed: true}
	switch {
	case i >= 0 && i < n:
		it.pos = k.Seek(i, n)
	case back:
		it.pos = -1
	}
	return it
}

// Next is the next element, or false at the end.
func (it *ListIter) Next() (ds.Elem, bool) {
	if !it.packed {
		return it.list.Next()
	}
	if it.pos < 0 || it.pos == it.k.End() {
		return ds.Elem{}, false
	}
	e, next := it.k.Get(it.pos)
	if it.back {
		next = it.k.Prev(it.pos)
	}
	it.pos = next
	return e, true
}

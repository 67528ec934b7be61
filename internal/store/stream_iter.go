package store

import "berth/internal/ds"

// streamEntry is where the parts of an entry are in its node's listpack.
type streamEntry struct {
	flags  int64
	id     StreamID
	fields int // their number
	data   int // where the first field or value is
	end    int // behind the entry
}

// begin is where a node's first entry is.
func (n *streamNode) begin() int {
	k := n.lp()
	pos := k.Next(k.Next(k.First()))
	e, pos := k.Get(pos)
	fields, _ := e.Int()
	for range fields {
		pos = k.Next(pos)
	}
	return k.Next(pos) // past the zero
}

// masterFields is where a node's own fields are, and their number.
func (n *streamNode) masterFields() (pos, fields int) {
	k := n.lp()
	e, pos := k.Get(k.Next(k.Next(k.First())))
	c, _ := e.Int()
	return pos, int(c)
}

// entry reads the entry at a position.
func (n *streamNode) entry(pos int) (e streamEntry) {
	k := n.lp()
	var x ds.Elem
	x, pos = k.Get(pos)
	e.flags, _ = x.Int()
	x, pos = k.Get(pos)
	ms, _ := x.Int()
	x, pos = k.Get(pos)
	seq, _ := x.Int()
	master := n.streamID()
	e.id = StreamID{master.MS + uint64(ms), master.Seq + uint64(seq)}
	skip := 0
	if e.flags&streamSameFields != 0 {
		_, e.fields = n.masterFields()
		skip = e.fields
	} else {
		x, pos = k.Get(pos)
		count, _ := x.Int()
		e.fields = int(count)
		skip = 2 * e.fields
	}
	e.data = pos
	for range skip {
		pos = k.Next(pos)
	}
	e.end = k.Next(pos)
	return e
}

// lastEntry is where a node's last entry is.
func (n *streamNode) lastEntry() int { return n.before(n.lp().End()) }

// before is where the entry that ends at a position is, or -1 at the first.
func (n *streamNode) before(end int) int {
	k := n.lp()
	pos := k.Last()
	if end < k.End() {
		pos = k.Prev(end)
	}
	x, _ := k.Get(pos)
	elems, _ := x.Int()
	if elems == 0 {
		return -1 // the zero behind the node's own fields
	}
	for range elems {
		pos = k.Prev(pos)
	}
	return pos
}

// lastID is the ID of a node's last entry, deleted or not.
func (n *streamNode) lastID() StreamID { return n.entry(n.lastEntry()).id }

// StreamIter walks over a stream that changes in no other way than by its own
// Delete.
type StreamIter struct {
	// ID is that of the current entry.
	ID StreamID
	// Fields is the number of its fields.
	Fields int

	v           StreamValue
	start, end  StreamID
	back        bool
	node        *streamNode
	pos         int // of the current entry
	next        int // where to go on in the node; -1 for the next node
	entry       streamEntry
	field, data int // where the next field and value are
	left        int
}

// Iter walks over the entries from start to end, both included, or from end to
// start when back is set.
func (v StreamValue) Iter(start, end StreamID, back bool) StreamIter {
	it := StreamIter{v: v, start: start, end: end, back: back, next: -1}
	t := &v.stream().nodes
	if t.Len() == 0 {
		return it
	}
	at := start
	if back {
		at = end
	}
	key := at.key()
	rank, exact := t.Rank(0, key[:])
	if !exact && rank > 0 {
		rank-- // the node before may have it
	}
	it.enter(nodeAt(t.At(min(rank, t.Len()-1))))
	return it
}

// enter goes to a node.
func (it *StreamIter) enter(n *streamNode) {
	it.node = n
	if it.back {
		it.next = n.lastEntry()
	} else if it.next = n.begin(); it.next >= n.lp().End() {
		it.next = -1
	}
}

// advance goes to the neighbour of the current node; false at the end.
func (it *StreamIter) advance() bool {
	t := &it.v.stream().nodes
	rank, _ := t.Rank(0, it.node.id[:])
	if it.back {
		rank--
	} else {
		rank++
	}
	p := t.At(rank)
	if rank < 0 || p == nil {
		it.node = nil
		return false
	}
	it.enter(nodeAt(p))
	return true
}

// Next goes to the next entry, and reports whether there is one.
func (it *StreamIter) Next() bool {
	for it.node != nil {
		if it.next < 0 {
			if !it.advance() {
				return false
			}
			continue
		}
		it.pos = it.next
		it.entry = it.node.entry(it.pos)
		e := &it.entry
		if it.back {
			it.next = it.node.before(it.pos)
		} else if it.next = e.end; it.next >= it.node.lp().End() {
			it.next = -1
		}
		low, high := e.id.Compare(it.start), e.id.Compare(it.end)
		if !it.back && high > 0 || it.back && low < 0 {
			it.node = nil
			return false
		}
		if e.flags&streamDeleted != 0 || low < 0 || high > 0 {
			continue
		}
		it.ID, it.Fields, it.left = e.id, e.fields, e.fields
		it.data = e.data
		it.field, _ = it.node.masterFields()
		return true
	}
	return false
}

// Field is the next field of the current entry with its value; ok is false when
// there are no more.
func (it *StreamIter) Field() (field, val ds.Elem, ok bool) {
	if it.left == 0 || it.node == nil {
		return field, val, false
	}
	it.left--
	k := it.node.lp()
	if it.entry.flags&streamSameFields != 0 {
		field, it.field = k.Get(it.field)
	} else {
		field, it.data = k.Get(it.data)
	}
	val, it.data = k.Get(it.data)
	return field, val, true
}

// Delete takes the current entry out. Next goes on behind it.
func (it *StreamIter) Delete() {
	v, n, s := it.v, it.node, it.v.stream()
	count, _ := nodeCounts(n.lp())
	s.length--
	if it.ID.Compare(s.maxDeleted) > 0 {
		s.maxDeleted = it.ID
	}
	if count == 1 {
		it.next = -1
		if !it.advance() {
			it.node = nil
		}
		v.removeNode(n)
	} else {
		before := n.lp().Size()
		n.setPack(n.lp().Replace(v.h, it.pos, ds.Int(it.entry.flags|streamDeleted)))
		v.count(n, -1, 1)
		// The counters at the beginning may have become longer or shorter.
		if shift := n.lp().Size() - before; it.next >= 0 {
			it.next += shift
		}
	}
	it.left = 0
	if s.length == 0 || it.ID == s.first {
		s.settle(v)
	}
}

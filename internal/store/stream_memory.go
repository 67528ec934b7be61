package store

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

var streamKind = kind{
	len:    func(v value) int { return streamAt(uintptr(v.word)).length },
	bytes:  func(v value) int { return streamAt(uintptr(v.word)).bytes() },
	effort: func(v value) int { return streamAt(uintptr(v.word)).effort() },
	free: func(v value, h *mem.Heap) {
		s := streamAt(uintptr(v.word))
		for !s.freePart(h, 1<<30) {
		}
		h.Free(unsafe.Pointer(s), streamBytes)
	},
	part: func(v value, h *mem.Heap, n int) bool {
		s := streamAt(uintptr(v.word))
		if !s.freePart(h, n) {
			return false
		}
		h.Free(unsafe.Pointer(s), streamBytes)
		return true
	},
	clone: func(v value, to *mem.Heap) value {
		v.word = uint64(mem.Addr(unsafe.Pointer(streamAt(uintptr(v.word)).clone(to))))
		return v
	},
}

// freePart frees about n blocks of what a stream has, and reports whether that
// was all.
func (s *stream) freePart(h *mem.Heap, n int) bool {
	for ; s.nodes.Len() > 0; n-- {
		if n <= 0 {
			return false
		}
		node := nodeAt(s.nodes.Last())
		s.nodes.Delete(h, 0, node.id[:])
		node.lp().Free(h)
		h.Free(unsafe.Pointer(node), streamNodeBytes)
	}
	it := s.groups.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		groupAt(addrBehind(p)).free(h)
		ds.FreeNamed(h, p, addrBytes)
	}
	s.groups.Free(h)
	return true
}

// effort is the number of blocks that freeing the stream takes, about.
func (s *stream) effort() int {
	n := s.nodes.Len()
	it := s.groups.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		g := groupAt(addrBehind(p))
		n += 1 + g.pending.Len() + g.consumers.Len()
	}
	return n
}

// bytes is the memory of the stream, its listpacks from a sample.
func (s *stream) bytes() int {
	sum, seen := 0, 0
	it := s.nodes.Iter(0, false)
	for p := it.Next(); p != nil && seen < sampledEntries; p = it.Next() {
		sum += mem.UsableSize(nodeAt(p).lp().Size()) + mem.UsableSize(streamNodeBytes)
		seen++
	}
	if n := s.nodes.Len(); seen > 0 && seen < n {
		sum = int(float64(sum) / float64(seen) * float64(n))
	}
	sum += mem.UsableSize(streamBytes) + s.nodes.Bytes() + s.groups.Bytes()
	it = s.groups.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		g := groupAt(addrBehind(p))
		sum += mem.UsableSize(groupBytes) + g.pending.Bytes() + g.consumers.Bytes() + g.pending.Len()*mem.UsableSize(pendingBytes)
		cs := g.consumers.Iter(0, false)
		for q := cs.Next(); q != nil; q = cs.Next() {
			sum += mem.UsableSize(consumerBytes) + consumerAt(addrBehind(q)).pending.Bytes()
		}
	}
	return sum
}

// clone copies the stream to another heap.
func (s *stream) clone(to *mem.Heap) *stream {
	c := (*stream)(to.AllocZero(streamBytes))
	*c = *s
	c.nodes, c.groups = ds.Tree{}, ds.Tree{}
	it := s.nodes.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		n := (*streamNode)(to.Alloc(streamNodeBytes))
		*n = *nodeAt(p)
		n.setPack(nodeAt(p).lp().Clone(to))
		c.nodes.Insert(to, unsafe.Pointer(n))
	}
	it = s.groups.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		g := groupAt(addrBehind(p)).clone(to)
		addNamed(&c.groups, to, ds.KindScored.Key(p), mem.Addr(unsafe.Pointer(g)))
	}
	return c
}

func (g *group) clone(to *mem.Heap) *group {
	c := (*group)(to.AllocZero(groupBytes))
	c.last, c.read = g.last, g.read
	copied := Group{to, c}
	own := map[uintptr]Consumer{}
	it := g.consumers.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		from := consumerAt(addrBehind(p))
		x := copied.AddConsumer(ds.KindScored.Key(p), from.seen)
		x.c.active = from.active
		own[addrBehind(p)] = x
	}
	it = g.pending.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		from := (*Pending)(p)
		x := copied.Add(from.ID())
		x.Time, x.Count = from.Time, from.Count
		if from.consumer != 0 {
			copied.Assign(x, own[from.consumer])
		}
	}
	return c
}

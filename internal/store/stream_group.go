package store

import (
	"encoding/binary"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// group is a consumer group, off the Go heap. The trees of groups and consumers
// have named entries with the address of one behind the name.
type group struct {
	pending   ds.Tree
	consumers ds.Tree
	last      StreamID
	read      int64
}

// consumer is one of a group's consumers. Its pending entries are the group's.
type consumer struct {
	pending ds.Tree
	named   uintptr // the entry in the group's tree
	seen    int64
	active  int64
}

const (
	groupBytes    = int(unsafe.Sizeof(group{}))
	consumerBytes = int(unsafe.Sizeof(consumer{}))
	pendingBytes  = int(unsafe.Sizeof(Pending{}))
	addrBytes     = 8
)

// Pending is an entry that was delivered and not acknowledged. It lies off the Go
// heap and is good until it is acknowledged.
type Pending struct {
	keyed
	consumer uintptr
	// Time is when it was delivered last, in milliseconds since 1970.
	Time int64
	// Count is how often it was delivered.
	Count int64
}

// ID is the entry's ID.
func (p *Pending) ID() StreamID { return p.streamID() }

// Consumer is to whom it was delivered; ok is false if to nobody yet.
func (p *Pending) Consumer() (c Consumer, ok bool) {
	return Consumer{consumerAt(p.consumer)}, p.consumer != 0
}

func groupAt(addr uintptr) *group       { return (*group)(mem.Ptr(addr)) }
func consumerAt(addr uintptr) *consumer { return (*consumer)(mem.Ptr(addr)) }

// named finds a named entry of a tree and the address behind it.
func named(t *ds.Tree, name []byte) (p unsafe.Pointer, addr uintptr) {
	rank, ok := t.Rank(0, name)
	if !ok {
		return nil, 0
	}
	p = t.At(rank)
	return p, addrBehind(p)
}

func addrBehind(p unsafe.Pointer) uintptr {
	return uintptr(binary.LittleEndian.Uint64(ds.Extra(p, addrBytes)))
}

// addNamed adds a named entry with an address behind it.
func addNamed(t *ds.Tree, h *mem.Heap, name []byte, addr uintptr) unsafe.Pointer {
	p := ds.NewNamed(h, name, addrBytes)
	binary.LittleEndian.PutUint64(ds.Extra(p, addrBytes), uint64(addr))
	t.Insert(h, p)
	return p
}

// Group is a handle for a consumer group.
type Group struct {
	h *mem.Heap
	g *group
}

// Groups is the number of consumer groups.
func (v StreamValue) Groups() int { return v.stream().groups.Len() }

// Group finds a consumer group.
func (v StreamValue) Group(name []byte) (g Group, ok bool) {
	_, addr := named(&v.stream().groups, name)
	return Group{v.h, groupAt(addr)}, addr != 0
}

// AddGroup adds a consumer group, which must not be there.
func (v StreamValue) AddGroup(name []byte, last StreamID, read int64) Group {
	g := (*group)(v.h.AllocZero(groupBytes))
	g.last, g.read = last, read
	addNamed(&v.stream().groups, v.h, name, mem.Addr(unsafe.Pointer(g)))
	return Group{v.h, g}
}

// RemoveGroup takes a consumer group out and reports whether it was there.
func (v StreamValue) RemoveGroup(name []byte) bool {
	t := &v.stream().groups
	p, addr := named(t, name)
	if p == nil {
		return false
	}
	t.Delete(v.h, 0, name)
	ds.FreeNamed(v.h, p, addrBytes)
	groupAt(addr).free(v.h)
	return true
}

// EachGroup calls fn for every group in the order of their names.
func (v StreamValue) EachGroup(fn func(name []byte, g Group)) {
	it := v.stream().groups.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		fn(ds.KindScored.Key(p), Group{v.h, groupAt(addrBehind(p))})
	}
}

// Last is the last ID that was delivered.
func (g Group) Last() StreamID { return g.g.last }

// SetLast sets the last ID that was delivered.
func (g Group) SetLast(id StreamID) { g.g.last = id }

// Read is how many entries were read, -1 if that is not known.
func (g Group) Read() int64 { return g.g.read }

// SetRead sets how many entries were read.
func (g Group) SetRead(n int64) { g.g.read = n }

// Pending is the number of entries that were not acknowledged.
func (g Group) Pending() int { return g.g.pending.Len() }

// Consumers is the number of consumers.
func (g Group) Consumers() int { return g.g.consumers.Len() }

// Consumer is a handle for a consumer.
type Consumer struct{ c *consumer }

// Consumer finds a consumer.
func (g Group) Consumer(name []byte) (c Consumer, ok bool) {
	_, addr := named(&g.g.consumers, name)
	return Consumer{consumerAt(addr)}, addr != 0
}

// AddConsumer adds a consumer, which must not be there, that was seen at now.
func (g Group) AddConsumer(name []byte, now int64) Consumer {
	c := (*consumer)(g.h.AllocZero(consumerBytes))
	c.seen, c.active = now, -1
	c.named = mem.Addr(addNamed(&g.g.consumers, g.h, name, mem.Addr(unsafe.Pointer(c))))
	return Consumer{c}
}

// RemoveConsumer takes a consumer out, with what it has pending, and returns how
// much that was.
func (g Group) RemoveConsumer(c Consumer) int {
	n := c.c.pending.Len()
	it := c.c.pending.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		x := (*Pending)(p)
		g.g.pending.Delete(g.h, 0, x.id[:])
		g.h.Free(p, pendingBytes)
	}
	c.c.pending.Free(g.h)
	p := mem.Ptr(c.c.named)
	g.g.consumers.Delete(g.h, 0, ds.KindScored.Key(p))
	ds.FreeNamed(g.h, p, addrBytes)
	g.h.Free(unsafe.Pointer(c.c), consumerBytes)
	return n
}

// EachConsumer calls fn for every consumer in the order of their names.
func (g Group) EachConsumer(fn func(c Consumer)) {
	it := g.g.consumers.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		fn(Consumer{consumerAt(addrBehind(p))})
	}
}

// Name is the consumer's name. It aliases the stream.
func (c Consumer) Name() []byte { return ds.KindScored.Key(mem.Ptr(c.c.named)) }

// Is reports whether two handles are for the same consumer.
func (c Consumer) Is(o Consumer) bool { return c.c == o.c }

// Pending is the number of entries that it did not acknowledge.
func (c Consumer) Pending() int { return c.c.pending.Len() }

// Seen is when it last asked for something, in milliseconds since 1970.
func (c Consumer) Seen() int64 { return c.c.seen }

// SetSeen sets when it last asked for something.
func (c Consumer) SetSeen(now int64) { c.c.seen = now }

// Active is when it last got something, -1 for never.
func (c Consumer) Active() int64 { return c.c.active }

// SetActive sets when it last got something.
func (c Consumer) SetActive(now int64) { c.c.active = now }

// Find finds a pending entry, nil if there is none.
func (g Group) Find(id StreamID) *Pending { return (*Pending)(findID(&g.g.pending, id)) }

// Add adds a pending entry, which must not be there, that nobody has.
func (g Group) Add(id StreamID) *Pending {
	p := (*Pending)(g.h.AllocZero(pendingBytes))
	p.setID(id)
	g.g.pending.Insert(g.h, unsafe.Pointer(p))
	return p
}

// Assign gives a pending entry to a consumer.
func (g Group) Assign(p *Pending, c Consumer) {
	if p.consumer != 0 {
		old := consumerAt(p.consumer)
		if old == c.c {
			return
		}
		old.pending.Delete(g.h, 0, p.id[:])
	}
	p.consumer = mem.Addr(unsafe.Pointer(c.c))
	c.c.pending.Insert(g.h, unsafe.Pointer(p))
}

// Ack takes a pending entry out.
func (g Group) Ack(p *Pending) {
	g.g.pending.Delete(g.h, 0, p.id[:])
	if p.consumer != 0 {
		consumerAt(p.consumer).pending.Delete(g.h, 0, p.id[:])
	}
	g.h.Free(unsafe.Pointer(p), pendingBytes)
}

// PendingIter walks over pending entries that do not change meanwhile.
type PendingIter struct{ it ds.TreeIter }

// Next is the next one, nil at the end.
func (it *PendingIter) Next() *Pending { return (*Pending)(it.it.Next()) }

func pendingFrom(t *ds.Tree, start StreamID, back bool) PendingIter {
	if back {
		return PendingIter{t.Iter(t.Len()-1, true)}
	}
	key := start.key()
	rank, _ := t.Rank(0, key[:])
	return PendingIter{t.Iter(rank, false)}
}

// From walks over the group's pending entries from an ID on.
func (g Group) From(start StreamID) PendingIter { return pendingFrom(&g.g.pending, start, false) }

// From walks over the consumer's pending entries from an ID on.
func (c Consumer) From(start StreamID) PendingIter { return pendingFrom(&c.c.pending, start, false) }

// Ends are the first and the last pending ID of a group that has some.
func (g Group) Ends() (first, last StreamID) {
	return (*Pending)(g.g.pending.At(0)).ID(), (*Pending)(g.g.pending.Last()).ID()
}

// free gives a group's memory back.
func (g *group) free(h *mem.Heap) {
	it := g.consumers.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		c := consumerAt(addrBehind(p))
		c.pending.Free(h)
		h.Free(unsafe.Pointer(c), consumerBytes)
		ds.FreeNamed(h, p, addrBytes)
	}
	it = g.pending.Iter(0, false)
	for p := it.Next(); p != nil; p = it.Next() {
		h.Free(p, pendingBytes)
	}
	g.consumers.Free(h)
	g.pending.Free(h)
	h.Free(unsafe.Pointer(g), groupBytes)
}

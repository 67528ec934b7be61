package store

import (
	"encoding/binary"
	"math"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// StreamID is the name of an entry of a stream: a time in milliseconds and a
// number within it.
type StreamID struct{ MS, Seq uint64 }

// MaxStreamID is the last ID that there can be.
var MaxStreamID = StreamID{math.MaxUint64, math.MaxUint64}

// Compare orders IDs: below zero if a comes before b.
func (a StreamID) Compare(b StreamID) int {
	switch {
	case a.MS < b.MS || a.MS == b.MS && a.Seq < b.Seq:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// Next is the ID behind a; ok is false for the last one.
func (a StreamID) Next() (id StreamID, ok bool) {
	if a.Seq < math.MaxUint64 {
		return StreamID{a.MS, a.Seq + 1}, true
	}
	if a.MS == math.MaxUint64 {
		return StreamID{}, false
	}
	return StreamID{a.MS + 1, 0}, true
}

// Prev is the ID before a; ok is false for the first one.
func (a StreamID) Prev() (id StreamID, ok bool) {
	if a.Seq > 0 {
		return StreamID{a.MS, a.Seq - 1}, true
	}
	if a.MS == 0 {
		return MaxStreamID, false
	}
	return StreamID{a.MS - 1, math.MaxUint64}, true
}

// keyed is the beginning of what a tree keeps by ID: an entry of ds.KindScored
// whose name are the ID's bytes, big end first, so that their order is that of the
// IDs.
type keyed struct {
	score float64
	klen  uint8
	id    [16]byte
	_     [7]byte
}

func (k *keyed) setID(id StreamID) {
	k.score, k.klen = 0, 16
	k.id = id.key()
}

func (k *keyed) streamID() StreamID {
	return StreamID{binary.BigEndian.Uint64(k.id[:8]), binary.BigEndian.Uint64(k.id[8:])}
}

func (a StreamID) key() (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], a.MS)
	binary.BigEndian.PutUint64(b[8:], a.Seq)
	return b
}

// find is the entry of a tree with an ID, or nil.
func findID(t *ds.Tree, id StreamID) unsafe.Pointer {
	key := id.key()
	rank, ok := t.Rank(0, key[:])
	if !ok {
		return nil
	}
	return t.At(rank)
}

// streamNode is a listpack of consecutive entries, named by the ID of its first
// one. Its layout is Redis's, for snapshots:
//
//	count, deleted, number of fields, fields..., 0
//	flags, ms, seq, [number of fields], [field] value ..., elements in the entry
//
// The first line is the node's own. IDs are differences to the node's; fields are
// left out of an entry that has those of the node.
type streamNode struct {
	keyed
	pack uintptr
}

const streamNodeBytes = int(unsafe.Sizeof(streamNode{}))

func nodeAt(p unsafe.Pointer) *streamNode { return (*streamNode)(p) }

func (n *streamNode) lp() ds.Pack { return ds.PackAt(n.pack) }

func (n *streamNode) setPack(k ds.Pack) { n.pack = k.Addr() }

// The flags of an entry.
const (
	streamDeleted    = 1
	streamSameFields = 2
)

// stream is the value of a stream, off the Go heap.
type stream struct {
	nodes      ds.Tree
	groups     ds.Tree
	length     int
	added      int64
	last       StreamID
	first      StreamID
	maxDeleted StreamID
}

const streamBytes = int(unsafe.Sizeof(stream{}))

func streamAt(addr uintptr) *stream { return (*stream)(mem.Ptr(addr)) }

// StreamValue is a handle for the stream of an entry. It is used until the entry
// moves or goes. What it returns aliases the stream and is good until that
// changes. A stream may be empty.
type StreamValue struct {
	e   *Entry
	h   *mem.Heap
	set *Settings
}

// AddStream adds a key, which must not be there, with an empty stream.
func (db *DB) AddStream(key []byte) *Entry {
	e := db.LooseStream(key)
	db.insert(e)
	return e
}

func newStream(h *mem.Heap) uintptr { return mem.Addr(h.AllocZero(streamBytes)) }

// Stream is the stream of an entry of that type.
func (db *DB) Stream(e *Entry) StreamValue { return StreamValue{e, db.heap, db.set} }

func (v StreamValue) stream() *stream { return streamAt(v.e.addr()) }

// Len is the number of entries.
func (v StreamValue) Len() int { return v.stream().length }

// Last is the ID last given to an entry, or set by SetLast.
func (v StreamValue) Last() StreamID { return v.stream().last }

// First is the ID of the first entry, zero for an empty stream.
func (v StreamValue) First() StreamID { return v.stream().first }

// MaxDeleted is the greatest ID of an entry that was deleted.
func (v StreamValue) MaxDeleted() StreamID { return v.stream().maxDeleted }

// Added is the number of entries that were ever added.
func (v StreamValue) Added() int64 { return v.stream().added }

// Nodes is the number of listpacks.
func (v StreamValue) Nodes() int { return v.stream().nodes.Len() }

// SetLast sets the last ID, as XSETID does.
func (v StreamValue) SetLast(id StreamID) { v.stream().last = id }

// SetAdded sets the number of entries that were ever added.
func (v StreamValue) SetAdded(n int64) { v.stream().added = n }

// SetMaxDeleted sets the greatest ID of an entry that was deleted.
func (v StreamValue) SetMaxDeleted(id StreamID) { v.stream().maxDeleted = id }

// MaxStreamItem is the greatest size of an entry, in bytes of its fields and
// values.
const MaxStreamItem = 1 << 30

// Append adds an entry. args are fields and values in turn, not more than
// MaxStreamItem bytes in all; id must be above the last one.
func (v StreamValue) Append(id StreamID, args [][]byte) {
	s := v.stream()
	n := v.tail(args)
	if n == nil {
		n = v.newNode(id, args)
	} else {
		v.count(n, 1, 0)
	}
	k := n.lp()
	flags := int64(streamSameFields)
	if !sameFields(k, args) {
		flags = 0
	}
	master := n.streamID()
	k = k.Append(v.h, ds.Int(flags))
	k = k.Append(v.h, ds.Int(int64(id.MS-master.MS)))
	k = k.Append(v.h, ds.Int(int64(id.Seq-master.Seq)))
	elems := 3 + len(args)/2
	if flags == 0 {
		elems += 1 + len(args)/2
		k = k.Append(v.h, ds.Int(int64(len(args)/2)))
	}
	for i, a := range args {
		if i%2 == 1 || flags == 0 {
			k = k.Append(v.h, ds.Of(a))
		}
	}
	n.setPack(k.Append(v.h, ds.Int(int64(elems))))
	s.length++
	s.added++
	s.last = id
	if s.length == 1 {
		s.first = id
	}
}

// tail is the last node if it has room for another entry, else nil.
func (v StreamValue) tail(args [][]byte) *streamNode {
	s := v.stream()
	if s.nodes.Len() == 0 {
		return nil
	}
	n := nodeAt(s.nodes.Last())
	size := n.lp().Size()
	for _, a := range args {
		size += len(a)
	}
	most := v.set.StreamNodeMaxBytes
	if most <= 0 || most > MaxStreamItem {
		most = MaxStreamItem
	}
	if size >= most {
		return nil
	}
	if v.set.StreamNodeMaxEntries > 0 {
		if count, deleted := nodeCounts(n.lp()); count+deleted >= v.set.StreamNodeMaxEntries {
			return nil
		}
	}
	return n
}

func (v StreamValue) newNode(id StreamID, args [][]byte) *streamNode {
	n := (*streamNode)(v.h.Alloc(streamNodeBytes))
	n.setID(id)
	k := ds.NewPack(v.h).Append(v.h, ds.Int(1)).Append(v.h, ds.Int(0)).Append(v.h, ds.Int(int64(len(args)/2)))
	for i := 0; i < len(args); i += 2 {
		k = k.Append(v.h, ds.Of(args[i]))
	}
	n.setPack(k.Append(v.h, ds.Int(0)))
	v.stream().nodes.Insert(v.h, unsafe.Pointer(n))
	return n
}

// nodeCounts are the numbers of entries of a node: those there, and those marked
// as deleted.
func nodeCounts(k ds.Pack) (count, deleted int) {
	e, pos := k.Get(k.First())
	d, _ := k.Get(pos)
	n, _ := e.Int()
	m, _ := d.Int()
	return int(n), int(m)
}

// count changes the numbers of entries of a node.
func (v StreamValue) count(n *streamNode, count, deleted int) {
	k := n.lp()
	a, b := nodeCounts(k)
	k = k.Replace(v.h, k.First(), ds.Int(int64(a+count)))
	if deleted != 0 {
		k = k.Replace(v.h, k.Next(k.First()), ds.Int(int64(b+deleted)))
	}
	n.setPack(k)
}

// sameFields reports whether the fields among args are the node's.
func sameFields(k ds.Pack, args [][]byte) bool {
	pos := k.Next(k.Next(k.First()))
	e, pos := k.Get(pos)
	if n, _ := e.Int(); int(n) != len(args)/2 {
		return false
	}
	for i := 0; i < len(args); i += 2 {
		if e, pos = k.Get(pos); !e.EqualBytes(args[i]) {
			return false
		}
	}
	return true
}

// removeNode takes a node out.
func (v StreamValue) removeNode(n *streamNode) {
	v.stream().nodes.Delete(v.h, 0, n.id[:])
	n.lp().Free(v.h)
	v.h.Free(unsafe.Pointer(n), streamNodeBytes)
}

// Delete takes an entry out and reports whether it was there.
func (v StreamValue) Delete(id StreamID) bool {
	it := v.Iter(id, id, false)
	if !it.Next() {
		return false
	}
	it.Delete()
	return true
}

// Edge is the ID of the first entry, or the last one; ok is false for an empty
// stream.
func (v StreamValue) Edge(first bool) (id StreamID, ok bool) {
	it := v.Iter(StreamID{}, MaxStreamID, !first)
	ok = it.Next()
	return it.ID, ok
}

// Has reports whether an entry is there.
func (v StreamValue) Has(id StreamID) bool {
	it := v.Iter(id, id, false)
	return it.Next()
}

// settle brings the first ID up to date after entries were taken out.
func (s *stream) settle(v StreamValue) {
	s.first = StreamID{}
	if s.length > 0 {
		s.first, _ = v.Edge(true)
	}
}

// Trim says what to take out of a stream at its beginning.
type Trim struct {
	// MaxLen is how many entries stay, if ByID is not set.
	MaxLen int64
	// MinID is the first ID that stays, if ByID is set.
	MinID StreamID
	ByID  bool
	// Approx takes out whole nodes only.
	Approx bool
	// Limit is how many entries are taken out at most; 0 for all.
	Limit int64
}

// Trim takes entries out and returns their number.
func (v StreamValue) Trim(t Trim) int64 {
	s := v.stream()
	gone := int64(0)
	for s.nodes.Len() > 0 {
		if !t.ByID && int64(s.length) <= t.MaxLen {
			break
		}
		n := nodeAt(s.nodes.At(0))
		count, _ := nodeCounts(n.lp())
		if t.Limit != 0 && gone+int64(count) > t.Limit {
			break
		}
		whole := int64(s.length-count) >= t.MaxLen
		if t.ByID {
			whole = n.lastID().Compare(t.MinID) < 0
		}
		if whole {
			v.removeNode(n)
			s.length -= count
			gone += int64(count)
			continue
		}
		if !t.Approx {
			gone += v.trimNode(n, t)
		}
		break
	}
	if gone > 0 {
		s.settle(v)
	}
	return gone
}

// trimNode marks entries at a node's beginning as deleted.
func (v StreamValue) trimNode(n *streamNode, t Trim) int64 {
	s, gone := v.stream(), 0
	for pos, e := n.begin(), (streamEntry{}); pos < n.lp().End(); pos = e.end {
		e = n.entry(pos)
		if !t.ByID && int64(s.length) <= t.MaxLen || t.ByID && e.id.Compare(t.MinID) >= 0 {
			break
		}
		if e.flags&streamDeleted == 0 {
			// Flags are below 128, so the entry's size stays as it is.
			n.setPack(n.lp().Replace(v.h, pos, ds.Int(e.flags|streamDeleted)))
			s.length--
			gone++
		}
	}
	v.count(n, -gone, gone)
	return int64(gone)
}

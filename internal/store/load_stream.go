package store

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"berth/internal/ds"
)

// StreamIDOf reads the sixteen bytes that an ID is in a snapshot.
func StreamIDOf(b []byte) StreamID {
	return StreamID{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// Bytes are the sixteen bytes that an ID is in a snapshot.
func (a StreamID) Bytes() [16]byte { return a.key() }

// Node is the ID and the listpack of a node, in the order of the IDs. The listpack
// aliases the stream.
func (v StreamValue) Node(i int) (id StreamID, pack []byte) {
	n := nodeAt(v.stream().nodes.At(i))
	return n.streamID(), n.lp().Bytes()
}

// AddNode adds a node to a stream that is being loaded.
func (v StreamValue) AddNode(id StreamID, pack []byte) error {
	k, err := ds.LoadPack(v.h, pack)
	if err != nil {
		return err
	}
	t := &v.stream().nodes
	count, err := checkNode(k)
	if err == nil && findID(t, id) != nil {
		err = fmt.Errorf("%w: two nodes with the ID %d-%d", ErrValue, id.MS, id.Seq)
	}
	if err != nil {
		k.Free(v.h)
		return err
	}
	n := (*streamNode)(v.h.Alloc(streamNodeBytes))
	n.setID(id)
	n.setPack(k)
	t.Insert(v.h, unsafe.Pointer(n))
	v.stream().length += count
	return nil
}

// StreamState is what a stream has besides its entries and groups.
type StreamState struct {
	Length                  int
	Last, First, MaxDeleted StreamID
	Added                   int64
}

// State is what the stream has besides its entries and groups.
func (v StreamValue) State() StreamState {
	s := v.stream()
	return StreamState{s.length, s.last, s.first, s.maxDeleted, s.added}
}

// SetState ends the loading of the nodes of a stream. With old set the snapshot
// has only the length and the last ID.
func (v StreamValue) SetState(st StreamState, old bool) error {
	s := v.stream()
	if st.Length != s.length {
		return fmt.Errorf("%w: %d entries in a stream, not %d", ErrValue, s.length, st.Length)
	}
	s.last, s.first, s.maxDeleted, s.added = st.Last, st.First, st.MaxDeleted, st.Added
	if old {
		s.added = int64(s.length)
		s.settle(v)
		if s.length == 0 {
			s.first = MaxStreamID // what Redis finds in no entry, and XINFO shows
		}
	}
	return nil
}

// cursor walks over the elements of a node's listpack. Once it has met what does
// not fit it stays bad.
type cursor struct {
	k   ds.Pack
	pos int
	bad bool
}

func (c *cursor) int() int64 {
	if c.bad || c.pos >= c.k.End() {
		c.bad = true
		return 0
	}
	e, next := c.k.Get(c.pos)
	n, ok := e.Int()
	c.bad = !ok
	c.pos = next
	return n
}

func (c *cursor) skip(n int64) {
	for ; n > 0 && !c.bad; n-- {
		if c.pos >= c.k.End() {
			c.bad = true
			return
		}
		c.pos = c.k.Next(c.pos)
	}
}

// checkNode makes sure that a node can be walked over in both directions, and
// counts its entries.
func checkNode(k ds.Pack) (count int, err error) {
	c := cursor{k: k, pos: k.First()}
	live, deleted, fields := c.int(), c.int(), c.int()
	if live < 0 || deleted < 0 || fields < 0 {
		c.bad = true
	}
	c.skip(fields)
	if c.int() != 0 {
		c.bad = true
	}
	var seenLive, seenDeleted int64
	for !c.bad && c.pos < k.End() {
		flags := c.int()
		c.int() // the ID
		c.int()
		own, elems := fields, 3+fields
		if flags&streamSameFields == 0 {
			own = c.int()
			if own < 0 || own > int64(k.Size()) {
				c.bad = true
			}
			elems = 4 + 2*own
			own *= 2
		}
		c.skip(own)
		if c.int() != elems {
			c.bad = true
		}
		if flags&streamDeleted != 0 {
			seenDeleted++
		} else {
			seenLive++
		}
	}
	switch {
	case c.bad:
		return 0, fmt.Errorf("%w: a stream's node has not the elements that it should", ErrValue)
	case live != seenLive || deleted != seenDeleted:
		return 0, fmt.Errorf("%w: a stream's node has %d entries and %d deleted ones, not %d and %d", ErrValue, seenLive, seenDeleted, live, deleted)
	case live+deleted == 0:
		return 0, fmt.Errorf("%w: a stream's node is empty", ErrValue)
	}
	return int(live), nil
}

// GroupAt is group number i in the order of names, with its name.
func (v StreamValue) GroupAt(i int) (name []byte, g Group) {
	p := v.stream().groups.At(i)
	return ds.KindScored.Key(p), Group{v.h, groupAt(addrBehind(p))}
}

// ConsumerAt is consumer number i in the order of names.
func (g Group) ConsumerAt(i int) Consumer {
	return Consumer{consumerAt(addrBehind(g.g.consumers.At(i)))}
}

// Unowned reports whether a pending entry is nobody's.
func (g Group) Unowned() bool {
	it := g.From(StreamID{})
	for p := it.Next(); p != nil; p = it.Next() {
		if p.consumer == 0 {
			return true
		}
	}
	return false
}

// UnknownDistance is what Distance says of an ID of which that cannot be told.
const UnknownDistance = -1

// Distance is how many entries were ever added up to an ID, as far as that can be
// told.
func (v StreamValue) Distance(id StreamID) int64 {
	last := id.Compare(v.Last())
	switch {
	case v.Added() == 0:
		return 0
	case v.Len() == 0 && last < 1, last == 0:
		return v.Added()
	case last > 0:
		return UnknownDistance
	}
	if gone := v.MaxDeleted(); gone == (StreamID{}) || gone.Compare(v.First()) < 0 {
		switch first := id.Compare(v.First()); {
		case first < 0:
			return v.Added() - int64(v.Len())
		case first == 0:
			return v.Added() - int64(v.Len()) + 1
		}
	}
	return UnknownDistance
}

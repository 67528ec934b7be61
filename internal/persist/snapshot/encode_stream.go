package snapshot

import (
	"encoding/binary"

	"berth/internal/store"
)

// nodes writes a stream's listpacks, and then goes on with what is left.
func (x *Encoder) nodes(w *Writer, budget int) bool {
	v := x.db.Stream(x.e)
	for n := v.Nodes(); x.i < n; x.i++ {
		if budget <= 0 {
			return false
		}
		id, b := v.Node(x.i)
		key := id.Bytes()
		w.String(key[:])
		w.String(b)
		budget -= len(b)
	}
	st := v.State()
	w.Len(uint64(st.Length))
	w.id(st.Last)
	if w.Version >= 10 {
		w.id(st.First)
		w.id(st.MaxDeleted)
		w.Len(uint64(st.Added))
	}
	w.Len(uint64(v.Groups()))
	x.i, x.j = 0, groupHead
	x.next = (*Encoder).groups
	return v.Groups() == 0
}

// Where in group number i of a stream the encoder is: before it, among its pending
// entries, or before consumer number j.
const (
	groupHead    = -2
	groupPending = -1
)

// groups writes a stream's consumer groups.
func (x *Encoder) groups(w *Writer, budget int) bool {
	v := x.db.Stream(x.e)
	for x.i < v.Groups() {
		if budget <= 0 {
			return false
		}
		name, g := v.GroupAt(x.i)
		switch {
		case x.j == groupHead:
			w.String(name)
			w.id(g.Last())
			if w.Version >= 10 {
				w.Len(uint64(g.Read()))
			}
			w.Len(uint64(g.Pending()))
			x.j = groupPending
		case x.j == groupPending:
			it := g.From(x.from)
			if !x.pending(w, &it, &budget, true) {
				return false
			}
			w.Len(uint64(g.Consumers()))
			x.j = 0
		case x.j == g.Consumers():
			x.i, x.j = x.i+1, groupHead
		default:
			c := g.ConsumerAt(x.j)
			if !x.inside {
				budget -= elemCost
				w.String(c.Name())
				w.Time(c.Seen())
				if w.Version >= 11 {
					w.Time(c.Active())
				}
				w.Len(uint64(c.Pending()))
			}
			it := c.From(x.from)
			if !x.pending(w, &it, &budget, false) {
				return false
			}
			x.j++
		}
	}
	return true
}

// pending writes pending entries from x.from on, and reports whether those were
// all.
func (x *Encoder) pending(w *Writer, it *store.PendingIter, budget *int, whole bool) bool {
	for p := it.Next(); p != nil; p = it.Next() {
		if *budget <= 0 {
			x.from, x.inside = p.ID(), true
			return false
		}
		id := p.ID().Bytes()
		w.Raw(id[:])
		if whole {
			w.Time(p.Time)
			w.Len(uint64(p.Count))
		}
		*budget -= elemCost
	}
	x.from, x.inside = store.StreamID{}, false
	return true
}

func (w *Writer) id(id store.StreamID) {
	w.Len(id.MS)
	w.Len(id.Seq)
}

// Time writes milliseconds since 1970.
func (w *Writer) Time(ms int64) { w.B = binary.LittleEndian.AppendUint64(w.B, uint64(ms)) }

package snapshot

import "berth/internal/store"

// lastID is the ID that no other is behind.
var lastID = store.StreamID{MS: 1<<64 - 1, Seq: 1<<64 - 1}

// xadd writes a stream's entries, and goes on with what it has besides.
func (x *Encoder) xadd(w *Writer, budget int) bool {
	v := x.db.Stream(x.e)
	for it := v.Iter(x.from, lastID, false); it.Next(); {
		if budget <= 0 {
			x.from = it.ID
			return false
		}
		w.open(3+2*it.Fields, "XADD")
		w.argBytes(x.e.Key())
		w.argID(it.ID)
		for field, val, ok := it.Field(); ok; field, val, ok = it.Field() {
			w.B = appendElem(appendElem(w.B, field), val)
			budget -= 2*elemCost + field.Len() + val.Len()
		}
		budget -= elemCost
	}
	if v.Len() == 0 {
		// An entry that goes at once: this is how to make an empty stream.
		w.open(7, "XADD")
		w.argBytes(x.e.Key())
		w.arg("MAXLEN")
		w.arg("0")
		w.argID(store.StreamID{Seq: 1})
		w.arg("x")
		w.arg("y")
	}
	w.open(7, "XSETID")
	w.argBytes(x.e.Key())
	w.argID(v.Last())
	w.arg("ENTRIESADDED")
	w.argInt(v.Added())
	w.arg("MAXDELETEDID")
	w.argID(v.MaxDeleted())
	x.i, x.j, x.from = 0, groupHead, store.StreamID{}
	x.next = (*Encoder).xgroup
	return v.Groups() == 0
}

// xgroup writes a stream's consumer groups.
func (x *Encoder) xgroup(w *Writer, budget int) bool {
	v := x.db.Stream(x.e)
	for x.i < v.Groups() {
		if budget <= 0 {
			return false
		}
		name, g := v.GroupAt(x.i)
		switch {
		case x.j == groupHead:
			w.open(7, "XGROUP")
			w.arg("CREATE")
			w.argBytes(x.e.Key())
			w.argBytes(name)
			w.argID(g.Last())
			w.arg("ENTRIESREAD")
			w.argInt(g.Read())
			x.j = 0
		case x.j == g.Consumers():
			x.i, x.j = x.i+1, groupHead
		default:
			if !x.xclaim(w, name, g.ConsumerAt(x.j), &budget) {
				return false
			}
			x.j++
		}
		budget -= elemCost
	}
	return true
}

// xclaim writes a consumer with its pending entries, and reports whether those were
// all.
func (x *Encoder) xclaim(w *Writer, group []byte, c store.Consumer, budget *int) bool {
	if c.Pending() == 0 {
		w.open(5, "XGROUP")
		w.arg("CREATECONSUMER")
		w.argBytes(x.e.Key())
		w.argBytes(group)
		w.argBytes(c.Name())
		return true
	}
	it := c.From(x.from)
	for p := it.Next(); p != nil; p = it.Next() {
		if *budget <= 0 {
			x.from = p.ID()
			return false
		}
		w.open(12, "XCLAIM")
		w.argBytes(x.e.Key())
		w.argBytes(group)
		w.argBytes(c.Name())
		w.arg("0")
		w.argID(p.ID())
		w.arg("TIME")
		w.argInt(p.Time)
		w.arg("RETRYCOUNT")
		w.argInt(int64(p.Count))
		w.arg("JUSTID")
		w.arg("FORCE")
		*budget -= 4 * elemCost
	}
	x.from = store.StreamID{}
	return true
}

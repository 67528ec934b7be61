package snapshot

import (
	"berth/internal/ds"
	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// Encoder writes one value. The zero Encoder is done.
type Encoder struct {
	db   *store.DB
	e    *store.Entry
	next func(x *Encoder, w *Writer, budget int) (done bool)
	// Where the next step goes on.
	cursor uint64
	i, j   int
	from   store.StreamID
	inside bool
	// left are long strings that are to be written before next is called again. With
	// over set it is not.
	left []rest
	over bool

	// For commands: the elements gathered for the next one, how many these are, its
	// name, how many arguments an element has, and what gathers some.
	commands     bool
	args         []byte
	count, width int
	name         string
	some         func(x *Encoder, w *Writer, budget int) (done bool)
}

// keptArgs is the size of a buffer for elements up to which it is kept, in bytes.
const keptArgs = 64 << 10

// bigString is the length from which a string is written in pieces, uncompressed.
const bigString = 4 << 20

// wholeBudget is more than any value has, in bytes.
const wholeBudget = 1 << 40

// step sizes: how many bytes, roughly, one element counts at least.
const elemCost = 32

// Begin writes what stands before the key of an entry, the key, and begins to write
// the value. Number is that of the database, for modules. The error says that a
// module did not save its value.
func (x *Encoder) Begin(w *Writer, db *store.DB, e *store.Entry, number int) error {
	if w.Commands {
		return x.beginCommands(w, db, e, number)
	}
	return x.begin(w, db, e, number, true)
}

// BeginValue is Begin without the key, as DUMP has it.
func (x *Encoder) BeginValue(w *Writer, db *store.DB, e *store.Entry, number int) error {
	return x.begin(w, db, e, number, false)
}

func (x *Encoder) begin(w *Writer, db *store.DB, e *store.Entry, number int, key bool) error {
	if e.Type() == store.Module {
		return x.module(w, e, number, key)
	}
	*x = Encoder{db: db, e: e}
	o, count := x.object(w.Version)
	w.Op(uint8(o))
	if key {
		w.String(e.Key())
	}
	if count >= 0 {
		w.Len(uint64(count))
	}
	return nil
}

// Entry is the entry that is being written, nil when none is.
func (x *Encoder) Entry() *store.Entry {
	if x.next == nil {
		return nil
	}
	return x.e
}

// Step goes on for about budget bytes and reports whether the value is written.
func (x *Encoder) Step(w *Writer, budget int) (done bool) {
	switch {
	case len(x.left) > 0:
		if x.left[0].step(w, budget) {
			x.left = x.left[1:]
		}
	case x.next != nil:
		w.pieces = !x.commands && budget < wholeBudget
		x.over = x.next(x, w, budget)
		w.pieces = false
		x.left = w.cut()
	}
	if x.next != nil && !x.over || len(x.left) > 0 {
		return false
	}
	if x.commands {
		w.expire(x.e.Key(), x.e.Expire())
	}
	if cap(x.args) > keptArgs {
		x.args = nil
	}
	*x = Encoder{args: x.args[:0]}
	return true
}

// All writes what is left.
func (x *Encoder) All(w *Writer) {
	for !x.Step(w, wholeBudget) {
	}
}

// nothing writes a value of which all is written.
func (x *Encoder) nothing(*Writer, int) bool { return true }

// object chooses how the value is written. count is the number that stands before
// the elements, -1 for none.
func (x *Encoder) object(version int) (o rdb.Object, count int) {
	e, db := x.e, x.db
	old, pack := version < 10, e.Encoding() == store.ListPack
	switch e.Type() {
	case store.String:
		x.next = (*Encoder).text
		return rdb.ObjString, -1
	case store.List:
		if old {
			x.next = (*Encoder).items
			return rdb.ObjList, db.List(e).Len()
		}
		x.next = (*Encoder).packs
		return rdb.ObjQuicklist2, db.List(e).Packs()
	case store.Set:
		x.next = (*Encoder).packed
		switch {
		case e.Encoding() == store.IntSet:
			return rdb.ObjSetIntset, -1
		case pack && version >= 11:
			return rdb.ObjSetListpack, -1
		}
		x.next = (*Encoder).members
		return rdb.ObjSet, db.Set(e).Len()
	case store.ZSet:
		if pack && !old {
			x.next = (*Encoder).packed
			return rdb.ObjZSetListpack, -1
		}
		x.next = (*Encoder).scored
		x.i = db.ZSet(e).Len()
		return rdb.ObjZSet2, x.i
	case store.Hash:
		if pack && !old {
			x.next = (*Encoder).packed
			return rdb.ObjHashListpack, -1
		}
		x.next = (*Encoder).fields
		return rdb.ObjHash, db.Hash(e).Len()
	case store.Stream:
		x.next = (*Encoder).nodes
		n := db.Stream(e).Nodes()
		switch {
		case old:
			return rdb.ObjStream, n
		case version < 11:
			return rdb.ObjStream2, n
		}
		return rdb.ObjStream3, n
	}
	panic("BUG: snapshot: an entry of no known type")
}

// text writes a string, a long one in pieces.
func (x *Encoder) text(w *Writer, budget int) bool {
	if n, ok := x.e.StringInt(); ok {
		w.B = rdb.AppendInt(w.B, n)
		return true
	}
	b := x.e.Bytes(nil)
	if len(b) < bigString {
		w.String(b)
		return true
	}
	if x.i == 0 {
		w.Len(uint64(len(b)))
	}
	n := min(len(b)-x.i, max(budget, 1))
	w.Raw(b[x.i : x.i+n])
	x.i += n
	return x.i == len(b)
}

// packed writes a value that is one listpack, or an intset.
func (x *Encoder) packed(w *Writer, _ int) bool {
	w.String(x.e.Packed())
	return true
}

// packs writes a list by its packs.
func (x *Encoder) packs(w *Writer, budget int) bool {
	l := x.db.List(x.e)
	for n := l.Packs(); x.i < n && budget > 0; x.i++ {
		b := l.PackBytes(x.i)
		w.Len(rdb.QuickPacked)
		w.String(b)
		budget -= len(b)
	}
	return x.i == l.Packs()
}

// items writes a list by its elements.
func (x *Encoder) items(w *Writer, budget int) bool {
	l := x.db.List(x.e)
	it := l.Iter(x.i, false)
	for budget > 0 {
		e, ok := it.Next()
		if !ok {
			return true
		}
		w.Elem(e)
		x.i++
		budget -= elemCost + e.Len()
	}
	return x.i == l.Len()
}

// members writes a set by its members.
func (x *Encoder) members(w *Writer, budget int) bool {
	v := x.db.Set(x.e)
	for {
		x.cursor = v.Scan(x.cursor, func(e ds.Elem) {
			w.Elem(e)
			budget -= elemCost + e.Len()
		})
		if x.cursor == 0 || budget <= 0 {
			return x.cursor == 0
		}
	}
}

// fields writes a hash by its fields.
func (x *Encoder) fields(w *Writer, budget int) bool {
	v := x.db.Hash(x.e)
	for {
		x.cursor = v.Scan(x.cursor, func(field, val ds.Elem) {
			w.Elem(field)
			w.Elem(val)
			budget -= 2*elemCost + field.Len() + val.Len()
		})
		if x.cursor == 0 || budget <= 0 {
			return x.cursor == 0
		}
	}
}

// scored writes a sorted set by its members, the last first, as Redis does: so they
// are quick to load for it.
func (x *Encoder) scored(w *Writer, budget int) bool {
	it := x.db.ZSet(x.e).Iter(x.i-1, true)
	for x.i > 0 && budget > 0 {
		e, score, ok := it.Next()
		if !ok {
			return true
		}
		w.Elem(e)
		w.B = rdb.AppendDouble(w.B, score)
		x.i--
		budget -= 2*elemCost + e.Len()
	}
	return x.i == 0
}

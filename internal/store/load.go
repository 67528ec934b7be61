package store

import (
	"bytes"
	"errors"
	"fmt"

	"berth/internal/ds"
)

// What snapshots and DUMP hold becomes loose entries, whose bytes may come from
// anywhere: what could do harm is refused with an error that wraps ErrValue or one
// of ds's.

// ErrValue is returned for bytes that stand for no value.
var ErrValue = errors.New("store: damaged value")

// LooseString makes a loose entry with a string, kept as SetString would.
func (db *DB) LooseString(key, val []byte) *Entry {
	if n, ok := ds.ParseInt(val); ok {
		e := db.alloc(key, ds.FlagWord, 0)
		*e.word() = uint64(n)
		e.setType(String, Int)
		return e
	}
	if len(val) > maxEmbed {
		b := newBlock(db.heap, len(val), 0)
		copy(b.data(), val)
		return db.loose(key, String, Raw, b.addr)
	}
	e := db.alloc(key, 0, len(val))
	copy(e.embedded(), val)
	e.setType(String, Raw)
	if len(val) <= embstrMax {
		e.setEncoding(EmbStr)
	}
	return e
}

// LooseHash makes a loose entry with an empty hash that is to have size fields.
func (db *DB) LooseHash(key []byte, size int) *Entry {
	if size > db.set.HashMaxListpackEntries {
		return db.loose(key, Hash, HashTable, newBox(db.heap, ds.KindField, min(size, trusted)).addr())
	}
	return db.loose(key, Hash, ListPack, ds.NewPack(db.heap).Addr())
}

// trusted is the number of elements for which room is made although only a length
// that may be a lie says that they come.
const trusted = 1 << 16

// LooseStream makes a loose entry with an empty stream.
func (db *DB) LooseStream(key []byte) *Entry {
	return db.loose(key, Stream, StreamEnc, newStream(db.heap))
}

// LooseModule makes a loose entry with a module's value.
func (db *DB) LooseModule(key []byte, v ModuleValue) *Entry {
	e := db.alloc(key, ds.FlagWord, 0)
	e.setType(Module, Raw)
	*e.word() = newModuleBlock(db.heap, v)
	db.modules++
	return e
}

// LooseInts makes a loose entry with a set whose intset is given.
func (db *DB) LooseInts(key, b []byte) (*Entry, error) {
	s, err := ds.LoadIntSet(db.heap, b)
	if err != nil {
		return nil, err
	}
	e := db.loose(key, Set, IntSet, s.Addr())
	if v := db.Set(e); s.Len() > v.maxInts() {
		v.toTable(0)
	}
	return e, nil
}

// LoosePacked makes a loose entry with a list, set, sorted set or hash whose
// listpack is given. With unique set no element is there twice; otherwise that is
// only made sure of where harm could come of it. An empty value is one of the
// results.
func (db *DB) LoosePacked(key []byte, t Type, b []byte, unique bool) (*Entry, error) {
	k, err := ds.LoadPack(db.heap, b)
	if err != nil {
		return nil, err
	}
	return db.loosePack(key, t, k, unique)
}

// LooseElements is LoosePacked for the elements that all calls its function for,
// with unique set.
func (db *DB) LooseElements(key []byte, t Type, all func(fn func(b []byte) error) error) (*Entry, error) {
	k := ds.NewPack(db.heap)
	err := all(func(b []byte) error {
		e := ds.Of(b)
		if !k.Room(e) {
			return fmt.Errorf("%w: too large for a listpack", ErrValue)
		}
		k = k.Append(db.heap, e)
		return nil
	})
	if err != nil {
		k.Free(db.heap)
		return nil, err
	}
	return db.loosePack(key, t, k, true)
}

// loosePack makes an entry of a listpack, which goes if it does not fit the type.
func (db *DB) loosePack(key []byte, t Type, k ds.Pack, unique bool) (*Entry, error) {
	e := db.loose(key, t, ListPack, k.Addr())
	n := k.Len()
	var err error
	switch t {
	case List:
		db.List(e).Convert()
		return e, nil
	case Set:
		big := n > db.set.SetMaxListpackEntries
		if (unique || big) && repeated(k, 1) {
			err = fmt.Errorf("%w: a member twice", ErrValue)
		} else if big {
			db.Set(e).toTable(0)
		}
	case Hash:
		big := n/2 > db.set.HashMaxListpackEntries
		if n%2 != 0 {
			err = fmt.Errorf("%w: a field without a value", ErrValue)
		} else if (unique || big) && repeated(k, 2) {
			err = fmt.Errorf("%w: a field twice", ErrValue)
		} else if big {
			db.Hash(e).convert(0)
		}
	case ZSet:
		err = db.ZSet(e).check(k, n, unique)
	}
	if err != nil {
		db.Discard(e)
		return nil, err
	}
	return e, nil
}

// check sees to it that the listpack of a sorted set is in order, and makes a tree
// of it if it is large.
func (v ZSetValue) check(k ds.Pack, n int, unique bool) error {
	if n%2 != 0 {
		return fmt.Errorf("%w: a member without a score", ErrValue)
	}
	big := n/2 > v.set.ZSetMaxListpackEntries
	if (unique || big) && repeated(k, 2) {
		return fmt.Errorf("%w: a member twice", ErrValue)
	}
	var name, last []byte
	var was float64
	for pos := k.First(); pos < k.End(); {
		m, next := k.Get(pos)
		s, after := k.Get(next)
		score, ok := scoreFrom(s)
		if !ok {
			return fmt.Errorf("%w: a score that is no number", ErrValue)
		}
		name = m.Append(name[:0])
		if pos > k.First() && (was > score || was == score && bytes.Compare(last, name) >= 0) {
			return fmt.Errorf("%w: members out of order", ErrValue)
		}
		was, last, name = score, name, last
		pos = after
	}
	if big {
		v.toTree(0)
	}
	return nil
}

// repeated reports whether a listpack has the same element twice, looking at one
// of step elements.
func repeated(k ds.Pack, step int) bool {
	seen := make(map[string]struct{}, k.Len()/step)
	var tmp [20]byte
	for pos := k.First(); pos < k.End(); {
		e, next := k.Get(pos)
		name := e.Bytes(tmp[:])
		if _, ok := seen[string(name)]; ok {
			return true
		}
		seen[string(name)] = struct{}{}
		for range step - 1 {
			next = k.Next(next)
		}
		pos = next
	}
	return false
}

// AddPack appends the elements of a listpack that is given to a list, as a pack
// of its own if the list is a chain.
func (l ListValue) AddPack(b []byte) error {
	k, err := ds.LoadPack(l.h, b)
	if err != nil {
		return err
	}
	l.chain()
	l.quick().AddPack(l.h, k, k.Len())
	return nil
}

// Append adds an item at the end of a list that is being built as a chain.
func (l ListValue) Append(item []byte) {
	l.chain()
	l.quick().Push(l.h, l.lim, ds.Of(item), false)
}

// chain makes a chain of a single pack.
func (l ListValue) chain() {
	if !l.packed() {
		return
	}
	q, k := ds.NewList(l.h), l.pack()
	q.AddPack(l.h, k, k.Len())
	l.e.setAddr(q.Addr())
	l.e.setEncoding(QuickList)
}

// AppendAlone appends an item, in a pack of its own, to a list that is being built
// as a chain.
func (l ListValue) AppendAlone(item ds.Elem) {
	l.chain()
	l.quick().AddPack(l.h, ds.NewPack(l.h).Append(l.h, item), 1)
}

// Expect makes room for n members in an empty set, as far as the number can be
// trusted, and makes a table of it if an intset could not have so many.
func (v SetValue) Expect(n int) {
	if n > v.maxInts() {
		v.toTable(min(n, trusted))
	}
}

// Expect makes room for n members in an empty sorted set that is a tree, as far as
// the number can be trusted.
func (v ZSetValue) Expect(n int) {
	if !v.packed() && v.Len() == 0 {
		v.scored().table.Reserve(v.h, min(n, trusted))
	}
}

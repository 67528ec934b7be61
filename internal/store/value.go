package store

import (
	"berth/internal/ds"
	"berth/internal/mem"
)

// LazyEffort is the number of blocks above which freeing a value is put off.
const LazyEffort = 64

// value is a value that is kept apart from its entry.
type value struct {
	typ  Type
	enc  Encoding
	word uint64
}

func valueOf(e *Entry) value { return value{e.Type(), e.Encoding(), *e.word()} }

// setValue makes v the value of e, an entry with a word whose former value is
// gone or somebody else's.
func (e *Entry) setValue(v value) {
	e.setType(v.typ, v.enc)
	*e.word() = v.word
}

// kind is what a database does with the values of one type and encoding without
// knowing more of them. What is nil goes by itself: one block to free.
type kind struct {
	// len is the number of elements.
	len func(v value) int
	// bytes is the memory that the value takes.
	bytes func(v value) int
	// effort is the number of blocks that freeing the value takes, about.
	effort func(v value) int
	// free gives the value's memory back.
	free func(v value, h *mem.Heap)
	// part frees about n blocks of the value and reports whether that was all.
	part func(v value, h *mem.Heap, n int) bool
	// clone copies the value to another heap.
	clone func(v value, to *mem.Heap) value
}

// kinds are the kinds by type and encoding.
var kinds = [...][ListPack + 1]*kind{
	String: {Raw: &blockKind, EmbStr: &blockKind, Int: &intKind},
	List:   {ListPack: packKind(1), QuickList: &quickKind},
	Set:    {ListPack: packKind(1), IntSet: &intsetKind, HashTable: &boxKind},
	ZSet:   {ListPack: packKind(2), SkipList: &scoredKind},
	Hash:   {ListPack: packKind(2), HashTable: &boxKind},
	Stream: {StreamEnc: &streamKind},
	Module: {Raw: &moduleKind},
}

var intKind = kind{
	len:   func(v value) int { return ds.DigitsOf(int64(v.word)) },
	bytes: func(value) int { return 0 },
	free:  func(value, *mem.Heap) {},
	clone: func(v value, _ *mem.Heap) value { return v },
}

var blockKind = kind{
	len:   func(v value) int { return blockAt(uintptr(v.word)).len() },
	bytes: func(v value) int { return blockAt(uintptr(v.word)).bytes() },
	free:  func(v value, h *mem.Heap) { blockAt(uintptr(v.word)).free(h) },
	clone: func(v value, to *mem.Heap) value {
		v.word = uint64(blockAt(uintptr(v.word)).clone(to).addr)
		return v
	},
}

// packKind is the kind of a listpack in which an element of the value takes
// width elements.
func packKind(width int) *kind {
	return &kind{
		len:   func(v value) int { return ds.PackAt(uintptr(v.word)).Len() / width },
		bytes: func(v value) int { return mem.UsableSize(ds.PackAt(uintptr(v.word)).Size()) },
		free:  func(v value, h *mem.Heap) { ds.PackAt(uintptr(v.word)).Free(h) },
		clone: func(v value, to *mem.Heap) value {
			v.word = uint64(ds.PackAt(uintptr(v.word)).Clone(to).Addr())
			return v
		},
	}
}

var quickKind = kind{
	len:    func(v value) int { return ds.ListAt(uintptr(v.word)).Len() },
	bytes:  func(v value) int { return ds.ListAt(uintptr(v.word)).Bytes() },
	effort: func(v value) int { return ds.ListAt(uintptr(v.word)).Packs() },
	free:   func(v value, h *mem.Heap) { ds.ListAt(uintptr(v.word)).Free(h) },
	part:   func(v value, h *mem.Heap, n int) bool { return ds.ListAt(uintptr(v.word)).FreePart(h, n) },
	clone: func(v value, to *mem.Heap) value {
		v.word = uint64(ds.ListAt(uintptr(v.word)).Clone(to).Addr())
		return v
	},
}

var intsetKind = kind{
	len:   func(v value) int { return ds.IntSetAt(uintptr(v.word)).Len() },
	bytes: func(v value) int { return mem.UsableSize(len(ds.IntSetAt(uintptr(v.word)).Bytes())) },
	free:  func(v value, h *mem.Heap) { ds.IntSetAt(uintptr(v.word)).Free(h) },
	clone: func(v value, to *mem.Heap) value {
		v.word = uint64(ds.IntSetAt(uintptr(v.word)).Clone(to).Addr())
		return v
	},
}

func (v value) kind() *kind { return kinds[v.typ][v.enc] }

func (v value) effort() int {
	if k := v.kind(); k.effort != nil {
		return k.effort(v)
	}
	return 1
}

func (v value) free(h *mem.Heap) { v.kind().free(v, h) }

func (v value) freePart(h *mem.Heap, n int) bool {
	k := v.kind()
	if k.part != nil {
		return k.part(v, h, n)
	}
	k.free(v, h)
	return true
}

func (v value) clone(to *mem.Heap) value { return v.kind().clone(v, to) }

func (v value) bytes() int { return v.kind().bytes(v) }

// Pending is the number of unlinked values that Reclaim has yet to free.
func (db *DB) Pending() int { return len(db.pending) }

// Reclaim frees some of what Unlink put off: about blocks memory blocks. It
// reports whether there is more.
func (db *DB) Reclaim(blocks int) bool {
	const part = 64
	for ; blocks > 0 && len(db.pending) > 0; blocks -= part {
		last := len(db.pending) - 1
		if db.pending[last].freePart(db.heap, part) {
			db.pending = db.pending[:last]
		}
	}
	return len(db.pending) > 0
}

// MemoryUsage is the memory that the entry takes with its key and value, in
// bytes.
func (e *Entry) MemoryUsage() int {
	n := mem.UsableSize(e.size())
	if e.hasWord() {
		n += valueOf(e).bytes()
	}
	return n
}

// ValueLen is the length of a string in bytes, or the number of elements of
// another value.
func (db *DB) ValueLen(e *Entry) int {
	if e.Type() == String {
		return e.StringLen()
	}
	v := valueOf(e)
	return v.kind().len(v)
}

// Emptied reports whether the value has lost its last element, so that its key
// must go. Strings and streams may be empty.
func (db *DB) Emptied(e *Entry) bool {
	switch e.Type() {
	case String, Stream, Module:
		return false
	}
	return db.ValueLen(e) == 0
}

package store

import (
	"berth/internal/ds"
	"berth/internal/mem"
)

// lazyEffort is the number of blocks above which freeing a value is put off.
const lazyEffort = 64

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

// effort is the number of blocks that freeing the value takes, about.
func (v value) effort() int {
	if v.typ == List && v.enc == QuickList {
		return ds.ListAt(uintptr(v.word)).Packs()
	}
	return 1
}

// free gives the value's memory back.
func (v value) free(h *mem.Heap) {
	switch {
	case v.enc == Int:
	case v.typ == String:
		blockAt(uintptr(v.word)).free(h)
	case v.enc == ListPack:
		ds.PackAt(uintptr(v.word)).Free(h)
	case v.enc == QuickList:
		ds.ListAt(uintptr(v.word)).Free(h)
	}
}

// freePart frees about n blocks of the value and reports whether that was all.
func (v value) freePart(h *mem.Heap, n int) bool {
	if v.typ == List && v.enc == QuickList {
		return ds.ListAt(uintptr(v.word)).FreePart(h, n)
	}
	v.free(h)
	return true
}

// clone copies the value to another heap.
func (v value) clone(to *mem.Heap) value {
	switch {
	case v.enc == Int:
	case v.typ == String:
		v.word = uint64(blockAt(uintptr(v.word)).clone(to).addr)
	case v.enc == ListPack:
		v.word = uint64(ds.PackAt(uintptr(v.word)).Clone(to).Addr())
	case v.enc == QuickList:
		v.word = uint64(ds.ListAt(uintptr(v.word)).Clone(to).Addr())
	}
	return v
}

// bytes is the memory that the value takes.
func (v value) bytes() int {
	switch {
	case v.enc == Int:
	case v.typ == String:
		return blockAt(uintptr(v.word)).bytes()
	case v.enc == ListPack:
		return mem.UsableSize(ds.PackAt(uintptr(v.word)).Size())
	case v.enc == QuickList:
		return ds.ListAt(uintptr(v.word)).Bytes()
	}
	return 0
}

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
	switch e.Type() {
	case String:
		return e.StringLen()
	case List:
		return db.List(e).Len()
	}
	return 0
}

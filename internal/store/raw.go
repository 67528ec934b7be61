package store

import "berth/internal/ds"

// What a snapshot copies as it lies in memory. All of it aliases the entry.

// Packed are the bytes of a value that is one listpack, or an intset.
func (e *Entry) Packed() []byte {
	if e.Encoding() == IntSet {
		return ds.IntSetAt(e.addr()).Bytes()
	}
	return ds.PackAt(e.addr()).Bytes()
}

// Packs is the number of listpacks of a list.
func (l ListValue) Packs() int {
	if l.packed() {
		return 1
	}
	return l.quick().Packs()
}

// PackBytes are the bytes of listpack number i.
func (l ListValue) PackBytes(i int) []byte {
	if l.packed() {
		return l.e.Packed()
	}
	k, _ := l.quick().PackAt(i)
	return k.Bytes()
}

// Larger reports whether the value has more than so many blocks of memory or,
// about, so many bytes: what serialising it takes grows with both.
func (e *Entry) Larger(blocks, bytes int) bool {
	if !e.hasWord() || e.Type() == Module {
		return false
	}
	v := valueOf(e)
	return v.effort() > blocks || v.bytes() > bytes
}

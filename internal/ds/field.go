package ds

import (
	"unsafe"

	"berth/internal/mem"
)

// Field is an entry of kind KindField: a hash's field with its value. The value
// is behind the field's name, or, when it is long, in a block of its own.
type Field struct {
	flags uint8
	klen  uint8
	vlen  uint16
}

// maxFieldEmbed is the longest value that is kept with its field, in bytes.
const maxFieldEmbed = 1024

func (f *Field) at(off int) unsafe.Pointer { return unsafe.Add(unsafe.Pointer(f), off) }

// NewField makes a field.
func NewField(h *mem.Heap, name, value []byte) *Field {
	var flags uint8
	vlen := len(value)
	if vlen > maxFieldEmbed {
		flags, vlen = FlagWord, 0
	}
	if len(name) >= LongKey {
		flags |= FlagLong
	}
	off := FieldKeyOffset(flags)
	f := (*Field)(h.Alloc(off + len(name) + vlen))
	*f = Field{flags: flags, klen: uint8(min(len(name), LongKey)), vlen: uint16(vlen)}
	if flags&FlagLong != 0 {
		*(*uint64)(f.at(off - 8)) = uint64(len(name))
	}
	copy(mem.Bytes(f.at(off), len(name)), name)
	if flags&FlagWord != 0 {
		*f.word() = mem.Addr(newLongValue(h, value))
	} else {
		copy(mem.Bytes(f.at(off+len(name)), vlen), value)
	}
	return f
}

// word is the address of a long value, which has its length before its bytes.
func (f *Field) word() *uintptr { return (*uintptr)(f.at(8)) }

func newLongValue(h *mem.Heap, value []byte) unsafe.Pointer {
	p := h.Alloc(8 + len(value))
	*(*uint64)(p) = uint64(len(value))
	copy(mem.Bytes(unsafe.Add(p, 8), len(value)), value)
	return p
}

func (f *Field) longValue() []byte {
	p := mem.Ptr(*f.word())
	return mem.Bytes(unsafe.Add(p, 8), int(*(*uint64)(p)))
}

// Name is the field's name. It aliases the field.
func (f *Field) Name() []byte { return KindField.Key(unsafe.Pointer(f)) }

// Value is the field's value. It aliases the field.
func (f *Field) Value() []byte {
	if f.flags&FlagWord != 0 {
		return f.longValue()
	}
	p, n := KindField.keyAt(unsafe.Pointer(f))
	return mem.Bytes(unsafe.Add(p, n), int(f.vlen))
}

func (f *Field) size() int {
	_, n := KindField.keyAt(unsafe.Pointer(f))
	return FieldKeyOffset(f.flags) + n + int(f.vlen)
}

// SetValue stores another value and returns the field, which may have moved: the
// old one is freed then, and the caller puts the new one in its place in the
// table.
func (f *Field) SetValue(h *mem.Heap, value []byte) *Field {
	if f.Overwrite(value) {
		return f
	}
	n := NewField(h, f.Name(), value)
	f.Free(h)
	return n
}

// Overwrite is SetValue for a value that fits where the old one is; false if it does
// not.
func (f *Field) Overwrite(value []byte) bool {
	if f.flags&FlagWord != 0 || len(value) > maxFieldEmbed {
		return false
	}
	size := f.size()
	if !mem.SameBlock(size, size-int(f.vlen)+len(value)) {
		return false
	}
	f.vlen = uint16(len(value))
	copy(f.Value(), value)
	return true
}

// Free gives the field's memory back.
func (f *Field) Free(h *mem.Heap) {
	if f.flags&FlagWord != 0 {
		h.Free(mem.Ptr(*f.word()), 8+len(f.longValue()))
	}
	h.Free(unsafe.Pointer(f), f.size())
}

// Bytes is the memory that the field takes, in usable sizes.
func (f *Field) Bytes() int {
	n := mem.UsableSize(f.size())
	if f.flags&FlagWord != 0 {
		n += mem.UsableSize(8 + len(f.longValue()))
	}
	return n
}

// NewMember makes an entry of kind KindMember.
func NewMember(h *mem.Heap, name []byte) unsafe.Pointer {
	p := h.Alloc(memberBytes(len(name)))
	putName(p, name)
	return p
}

// NewScored makes an entry of kind KindScored.
func NewScored(h *mem.Heap, score float64, name []byte) unsafe.Pointer {
	p := h.Alloc(8 + memberBytes(len(name)))
	*(*float64)(p) = score
	putName(unsafe.Add(p, 8), name)
	return p
}

// Score is where an entry of kind KindScored has its score.
func Score(p unsafe.Pointer) *float64 { return (*float64)(p) }

func memberBytes(n int) int {
	if n < LongKey {
		return 1 + n
	}
	return 16 + n
}

func putName(p unsafe.Pointer, name []byte) {
	if len(name) < LongKey {
		*(*uint8)(p) = uint8(len(name))
		copy(mem.Bytes(unsafe.Add(p, 1), len(name)), name)
		return
	}
	*(*uint8)(p) = LongKey
	*(*uint64)(unsafe.Add(p, 8)) = uint64(len(name))
	copy(mem.Bytes(unsafe.Add(p, 16), len(name)), name)
}

// EntrySize is the size of an entry of kind KindMember or KindScored, in bytes.
func (k Kind) EntrySize(p unsafe.Pointer) int {
	_, n := k.keyAt(p)
	if k == KindScored {
		return 8 + memberBytes(n)
	}
	return memberBytes(n)
}

// NewNamed makes an entry of kind KindScored, with the score 0, that has extra
// bytes of its owner's behind it; see Extra.
func NewNamed(h *mem.Heap, name []byte, extra int) unsafe.Pointer {
	p := h.Alloc(8 + memberBytes(len(name)) + extra)
	*(*float64)(p) = 0
	putName(unsafe.Add(p, 8), name)
	return p
}

// Extra are the bytes behind an entry that NewNamed made. They are not aligned.
func Extra(p unsafe.Pointer, extra int) []byte {
	return mem.Bytes(unsafe.Add(p, KindScored.EntrySize(p)), extra)
}

// FreeNamed gives back an entry that NewNamed made.
func FreeNamed(h *mem.Heap, p unsafe.Pointer, extra int) {
	h.Free(p, KindScored.EntrySize(p)+extra)
}

package ds

import (
	"unsafe"

	"berth/internal/mem"
)

// Kind says where the entries of a table have their keys. The table switches on
// it instead of calling a function, which costs more than the comparison.
type Kind uint8

// The kinds. A key of 255 bytes or more has 255 where its length would be, and
// a word with the length right before its first byte.
const (
	// KindEntry is a database's entry: a word of the owner's, in whose upper half
	// the lowest byte has flags and the second the key's length; a word for each
	// of the three flags Flag…; the key.
	KindEntry Kind = iota
	// KindField is a hash's field: flags and length as in KindEntry in the first
	// two bytes of four, padded to eight if there are words; the words; the key.
	KindField
	// KindMember is a set's member: a byte with its length; the key.
	KindMember
	// KindScored is a sorted set's member: a word for the score, and then as
	// KindMember.
	KindScored
)

// The flags of KindEntry and KindField stand for words between the header and
// the key, in this order.
const (
	FlagWord   = 1 << 0 // a word for the value
	FlagExpire = 1 << 1 // a word for the time of expiry
	FlagLong   = 1 << 2 // a word for the key's length, which is 255 or more
	flagWords  = 7
)

// LongKey is the length from which a key's length takes a word.
const LongKey = 255

// wordsOf is the number of words for each combination of flags.
var wordsOf = [8]uint8{0, 1, 1, 2, 1, 2, 2, 3}

// EntryKeyOffset is where the key of a KindEntry with the given flags begins.
func EntryKeyOffset(flags uint8) int { return 8 + 8*int(wordsOf[flags&flagWords]) }

// FieldKeyOffset is where the key of a KindField with the given flags begins.
func FieldKeyOffset(flags uint8) int {
	if n := wordsOf[flags&flagWords]; n > 0 {
		return 8 + 8*int(n)
	}
	return 4
}

func byteAt(p unsafe.Pointer, i int) uint8 { return *(*uint8)(unsafe.Add(p, i)) }

// keyAt finds the key's first byte and its length.
func (k Kind) keyAt(p unsafe.Pointer) (unsafe.Pointer, int) {
	var n, off int
	switch k {
	case KindEntry:
		n, off = int(byteAt(p, 5)), EntryKeyOffset(byteAt(p, 4))
	case KindField:
		n, off = int(byteAt(p, 1)), FieldKeyOffset(byteAt(p, 0))
	case KindMember:
		if n, off = int(byteAt(p, 0)), 1; n == LongKey {
			off = 16
		}
	default:
		if n, off = int(byteAt(p, 8)), 9; n == LongKey {
			off = 24
		}
	}
	if n == LongKey {
		n = int(*(*uint64)(unsafe.Add(p, off-8)))
	}
	return unsafe.Add(p, off), n
}

func (k Kind) keyOf(p unsafe.Pointer) []byte {
	return mem.Bytes(k.keyAt(p))
}

// isKey says whether the entry has the key. A short one, the common case, is compared
// without the general one's branches.
func (k Kind) isKey(p unsafe.Pointer, key []byte) bool {
	if len(key) >= LongKey {
		return string(k.keyOf(p)) == string(key)
	}
	var n, off int
	switch k {
	case KindEntry:
		n, off = int(byteAt(p, 5)), EntryKeyOffset(byteAt(p, 4))
	case KindField:
		n, off = int(byteAt(p, 1)), FieldKeyOffset(byteAt(p, 0))
	case KindMember:
		n, off = int(byteAt(p, 0)), 1
	default:
		n, off = int(byteAt(p, 8)), 9
	}
	return n == len(key) && string(mem.Bytes(unsafe.Add(p, off), n)) == string(key)
}

// Key is the key of an entry of this kind. It aliases the entry.
func (k Kind) Key(p unsafe.Pointer) []byte { return k.keyOf(p) }

package ds

import "encoding/binary"

// The format is Redis's listpack, so that a snapshot can be written and read by
// copying:
//
//	total bytes (4, little endian), number of elements (2), elements, 0xff
//
// An element is an encoding byte with the length or value, the data, and the
// length of both, seven bits a byte, written so that it can be read backwards.
const (
	packHeader   = 6
	packEmpty    = packHeader + 1
	packEnd      = 0xff
	packManyElem = 0xffff // the number of elements is not known: count them
)

// The encoding bytes above the six and seven bit forms.
const (
	code13    = 0xc0 // 110xxxxx + 1 byte
	codeStr12 = 0xe0 // 1110xxxx + 1 byte
	codeStr32 = 0xf0
	code16    = 0xf1
	code24    = 0xf2
	code32    = 0xf3
	code64    = 0xf4
)

// elemSize is the number of bytes that e takes, its back length included.
func elemSize(e Elem) int {
	n := dataSize(e)
	return n + backSize(n)
}

// dataSize is elemSize without the back length.
func dataSize(e Elem) int {
	if e.b != nil {
		switch n := len(e.b); {
		case n < 64:
			return 1 + n
		case n < 4096:
			return 2 + n
		default:
			return 5 + n
		}
	}
	switch n := e.n; {
	case n >= 0 && n < 128:
		return 1
	case n >= -1<<12 && n < 1<<12:
		return 2
	case n >= -1<<15 && n < 1<<15:
		return 3
	case n >= -1<<23 && n < 1<<23:
		return 4
	case n >= -1<<31 && n < 1<<31:
		return 5
	default:
		return 9
	}
}

// backSize is the size of the back length of an element of n bytes.
func backSize(n int) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14-1:
		return 2
	case n < 1<<21-1:
		return 3
	case n < 1<<28-1:
		return 4
	default:
		return 5
	}
}

// putElem writes e at the start of b, whose length is elemSize(e).
func putElem(b []byte, e Elem) {
	n := 0
	if e.b != nil {
		switch l := len(e.b); {
		case l < 64:
			b[0] = 0x80 | byte(l)
			n = 1
		case l < 4096:
			b[0] = codeStr12 | byte(l>>8)
			b[1] = byte(l)
			n = 2
		default:
			b[0] = codeStr32
			binary.LittleEndian.PutUint32(b[1:], uint32(l))
			n = 5
		}
		n += copy(b[n:], e.b)
	} else {
		u := uint64(e.n)
		switch n = dataSize(e); n {
		case 1:
			b[0] = byte(u)
		case 2:
			b[0] = code13 | byte(u>>8)&0x1f
			b[1] = byte(u)
		case 3:
			b[0] = code16
			binary.LittleEndian.PutUint16(b[1:], uint16(u))
		case 4:
			b[0] = code24
			b[1], b[2], b[3] = byte(u), byte(u>>8), byte(u>>16)
		case 5:
			b[0] = code32
			binary.LittleEndian.PutUint32(b[1:], uint32(u))
		default:
			b[0] = code64
			binary.LittleEndian.PutUint64(b[1:], u)
		}
	}
	// The last byte is the lowest seven bits; all but the first carry a flag
	// that more is to the left.
	for i := n + backSize(n) - 1; i > n; i-- {
		b[i] = byte(len7(n, n+backSize(n)-1-i)) | 0x80
	}
	b[n] = byte(len7(n, backSize(n)-1))
}

// len7 is the i-th group of seven bits of n.
func len7(n, i int) int { return n >> (7 * i) & 0x7f }

// elemAt decodes the element at pos. next is the position behind it.
func elemAt(b []byte, pos int) (e Elem, next int) {
	switch c := b[pos]; {
	case c < 0x80:
		return Elem{n: int64(c)}, pos + 2
	case c < 0xc0:
		start := pos + 1
		end := start + int(c&0x3f)
		return Elem{b: b[start:end:end]}, end + 1
	case c < 0xe0:
		// Thirteen bits, sign extended.
		n := int64(int16(uint16(c&0x1f)<<11|uint16(b[pos+1])<<3)) >> 3
		return Elem{n: n}, pos + 3
	case c < 0xf0:
		start := pos + 2
		end := start + int(c&0x0f)<<8 + int(b[pos+1])
		return Elem{b: b[start:end:end]}, end + backSize(end-pos)
	default:
		return elemAtLong(b, pos)
	}
}

func elemAtLong(b []byte, pos int) (e Elem, next int) {
	p := b[pos+1:]
	switch b[pos] {
	case codeStr32:
		start := pos + 5
		end := start + int(binary.LittleEndian.Uint32(p))
		return Elem{b: b[start:end:end]}, end + backSize(end-pos)
	case code16:
		return Elem{n: int64(int16(binary.LittleEndian.Uint16(p)))}, pos + 4
	case code24:
		n := int32(uint32(p[0])<<8|uint32(p[1])<<16|uint32(p[2])<<24) >> 8
		return Elem{n: int64(n)}, pos + 5
	case code32:
		return Elem{n: int64(int32(binary.LittleEndian.Uint32(p)))}, pos + 6
	case code64:
		return Elem{n: int64(binary.LittleEndian.Uint64(p))}, pos + 10
	}
	panic("BUG: ds: unknown encoding byte in a listpack")
}

// skipElem is the position behind the element at pos.
func skipElem(b []byte, pos int) int {
	switch c := b[pos]; {
	case c < 0x80:
		return pos + 2
	case c < 0xc0:
		return pos + 2 + int(c&0x3f)
	case c < 0xe0:
		return pos + 3
	}
	_, next := elemAt(b, pos)
	return next
}

// elemBefore is the position of the element that ends at pos.
func elemBefore(b []byte, pos int) int {
	n, shift := 0, 0
	for i := pos - 1; ; i-- {
		n |= int(b[i]&0x7f) << shift
		if b[i]&0x80 == 0 {
			return i - n
		}
		shift += 7
	}
}

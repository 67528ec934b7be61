package rdb

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

// Elements calls fn for each element of an old packed encoding. b aliases the
// input, or a buffer that the next element overwrites.
type Elements func(fn func(b []byte) error) error

const (
	ziplistHeader = 10
	ziplistEnd    = 0xff
	ziplistBig    = 0xfe // four bytes with a length follow
)

// Ziplist reads a ziplist, as lists, hashes and sorted sets were packed up to
// version 9:
//
//	total bytes (4), offset of the last element (4), number of elements (2), elements, 0xff
//
// An element begins with the size of the one before it.
func Ziplist(b []byte) Elements {
	return func(fn func([]byte) error) error {
		if len(b) < ziplistHeader+1 || int(binary.LittleEndian.Uint32(b)) != len(b) || b[len(b)-1] != ziplistEnd {
			return fmt.Errorf("%w: a ziplist's size is wrong", ErrCorrupt)
		}
		count, last, prev := 0, 0, 0
		pos, end := ziplistHeader, len(b)-1
		for pos < end {
			var e []byte
			next, size, err := 0, 0, error(nil)
			e, size, next, err = ziplistElem(b[:end], pos)
			if err == nil && size != prev {
				err = fmt.Errorf("%w: an element of a ziplist at %d comes behind %d bytes, not %d", ErrCorrupt, pos, prev, size)
			}
			if err == nil {
				err = fn(e)
			}
			if err != nil {
				return err
			}
			last, prev, pos = pos, next-pos, next
			count++
		}
		if n := int(binary.LittleEndian.Uint16(b[8:])); n != 0xffff && n != count {
			return fmt.Errorf("%w: %d elements in a ziplist, not %d", ErrCorrupt, count, n)
		}
		if tail := int(binary.LittleEndian.Uint32(b[4:])); count > 0 && tail != last {
			return fmt.Errorf("%w: a ziplist's last element is at %d, not %d", ErrCorrupt, last, tail)
		}
		return nil
	}
}

// ziplistElem reads the element at pos: its bytes, what it says of the size of
// the one before, and where the next is.
func ziplistElem(b []byte, pos int) (e []byte, prev, next int, err error) {
	short := func() ([]byte, int, int, error) {
		return nil, 0, 0, fmt.Errorf("%w: an element of a ziplist is cut at %d", ErrCorrupt, pos)
	}
	p := b[pos:]
	skip := 1
	if prev = int(p[0]); prev == ziplistBig {
		if len(p) < 5 {
			return short()
		}
		prev, skip = int(binary.LittleEndian.Uint32(p[1:])), 5
	}
	if len(p) < skip+1 {
		return short()
	}
	p = p[skip:]
	pos += skip
	head, n := 1, 0
	switch c := p[0]; c >> 6 {
	case 0:
		n = int(c & 0x3f)
	case 1:
		if len(p) < 2 {
			return short()
		}
		head, n = 2, int(c&0x3f)<<8|int(p[1])
	case 2:
		if len(p) < 5 {
			return short()
		}
		head, n = 5, int(binary.BigEndian.Uint32(p[1:]))
	default:
		return ziplistInt(p, prev, pos)
	}
	if n > len(p)-head {
		return short()
	}
	return p[head : head+n], prev, pos + head + n, nil
}

// ziplistInt reads a number at p, whose place is pos.
func ziplistInt(p []byte, prev, pos int) ([]byte, int, int, error) {
	c := p[0]
	size := map[byte]int{0xc0: 2, 0xd0: 4, 0xe0: 8, 0xf0: 3, 0xfe: 1}[c]
	if size == 0 && (c < 0xf1 || c > 0xfd) || len(p) < 1+size {
		return nil, 0, 0, fmt.Errorf("%w: an element of a ziplist begins with %#x at %d", ErrCorrupt, c, pos)
	}
	n := int64(c&0x0f) - 1
	switch p = p[1:]; size {
	case 1:
		n = int64(int8(p[0]))
	case 2:
		n = int64(int16(binary.LittleEndian.Uint16(p)))
	case 3:
		n = int64(int32(uint32(p[0])<<8|uint32(p[1])<<16|uint32(p[2])<<24) >> 8)
	case 4:
		n = int64(int32(binary.LittleEndian.Uint32(p)))
	case 8:
		n = int64(binary.LittleEndian.Uint64(p))
	}
	return strconv.AppendInt(nil, n, 10), prev, pos + 1 + size, nil
}

// Zipmap reads a zipmap, as small hashes were packed before ziplists: a byte with
// the number of fields if that is small, fields and values in turn, 0xff. A value
// has a byte behind its length that says how many bytes behind it are unused.
func Zipmap(b []byte) Elements {
	return func(fn func([]byte) error) error {
		if len(b) < 2 || b[len(b)-1] != ziplistEnd {
			return fmt.Errorf("%w: a zipmap has no end", ErrCorrupt)
		}
		cut := fmt.Errorf("%w: a zipmap is cut", ErrCorrupt)
		end, count := len(b)-1, 0
		for pos := 1; pos < end; count++ {
			for _, spare := range []int{0, 1} {
				if pos >= end {
					return cut
				}
				n, head := int(b[pos]), 1
				switch {
				case n == ziplistEnd:
					return cut
				case n == ziplistBig && end-pos < 5:
					return cut
				case n == ziplistBig:
					n, head = int(binary.LittleEndian.Uint32(b[pos+1:])), 5
				}
				pos += head
				free := 0
				if spare == 1 {
					if pos >= end {
						return cut
					}
					free = int(b[pos])
					pos++
				}
				if n+free > end-pos {
					return cut
				}
				if err := fn(b[pos : pos+n]); err != nil {
					return err
				}
				pos += n + free
			}
		}
		if n := int(b[0]); n < ziplistBig && n != count {
			return fmt.Errorf("%w: %d fields in a zipmap, not %d", ErrCorrupt, count, n)
		}
		return nil
	}
}

package ds

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrPack is returned for bytes that are not a listpack.
var ErrPack = errors.New("ds: damaged listpack")

// CheckPack returns ErrPack, wrapped, unless b is a listpack whose every
// element can be read from both sides, with nothing left over. Pack's methods
// trust their bytes: what comes from outside goes through here first.
func CheckPack(b []byte) error {
	if len(b) < packEmpty || len(b) > MaxPack || int(binary.LittleEndian.Uint32(b)) != len(b) || b[len(b)-1] != packEnd {
		return fmt.Errorf("%w: its size is wrong", ErrPack)
	}
	count, pos, end := 0, packHeader, len(b)-1
	for pos < end {
		n := checkedSize(b[pos:end])
		if n == 0 {
			return fmt.Errorf("%w: bad element at %d", ErrPack, pos)
		}
		pos += n
		count++
	}
	if n := int(binary.LittleEndian.Uint16(b[4:])); n != packManyElem && n != count {
		return fmt.Errorf("%w: %d elements, not %d", ErrPack, count, n)
	}
	return nil
}

// checkedSize is the size of the element at the start of b with its back
// length, 0 when there is no sound element.
func checkedSize(b []byte) int {
	n := 0
	switch c := b[0]; {
	case c < 0x80:
		n = 1
	case c < 0xc0:
		n = 1 + int(c&0x3f)
	case c < 0xe0:
		n = 2
	case c < 0xf0:
		if len(b) < 2 {
			return 0
		}
		n = 2 + int(c&0x0f)<<8 + int(b[1])
	case c == codeStr32:
		if len(b) < 5 {
			return 0
		}
		n = 5 + int(binary.LittleEndian.Uint32(b[1:]))
	case c == code16:
		n = 3
	case c == code24:
		n = 4
	case c == code32:
		n = 5
	case c == code64:
		n = 9
	default:
		return 0
	}
	back := backSize(n)
	if n+back > len(b) {
		return 0
	}
	for i := range back {
		want := byte(len7(n, back-1-i))
		if i > 0 {
			want |= 0x80
		}
		if b[n+i] != want {
			return 0
		}
	}
	return n + back
}

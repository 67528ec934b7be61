package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Errors of a Reader.
var (
	// ErrShort is returned when the input ends too early.
	ErrShort = errors.New("rdb: the input ends too early")
	// ErrCorrupt is returned for input that no writer makes.
	ErrCorrupt = errors.New("rdb: the input is corrupt")
)

// Reader reads a slice from its beginning. After an error its position is
// undefined.
type Reader struct {
	b   []byte
	pos int
}

// NewReader reads b, which must not change meanwhile.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Pos is how many bytes were read.
func (r *Reader) Pos() int { return r.pos }

// Done reports whether everything was read.
func (r *Reader) Done() bool { return r.pos == len(r.b) }

// take is the next n bytes.
func (r *Reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.pos) {
		return nil, fmt.Errorf("%w: %d bytes wanted at %d of %d", ErrShort, n, r.pos, len(r.b))
	}
	b := r.b[r.pos:][:n:n]
	r.pos += int(n)
	return b, nil
}

// Len reads what AppendLen wrote. For a special encoding enc is set, and n says
// which.
func (r *Reader) Len() (n uint64, enc bool, err error) {
	b, err := r.take(1)
	if err != nil {
		return 0, false, err
	}
	first := b[0]
	switch {
	case first&lenBits == len6:
		return uint64(first), false, nil
	case first&lenBits == encoded:
		return uint64(first &^ lenBits), true, nil
	case first&lenBits == len14:
		if b, err = r.take(1); err == nil {
			n = uint64(first&^lenBits)<<8 | uint64(b[0])
		}
	case first == len32:
		if b, err = r.take(4); err == nil {
			n = uint64(binary.BigEndian.Uint32(b))
		}
	case first == len64:
		if b, err = r.take(8); err == nil {
			n = binary.BigEndian.Uint64(b)
		}
	default:
		err = fmt.Errorf("%w: a length begins with %#x", ErrCorrupt, first)
	}
	return n, false, err
}

// String reads what AppendString wrote. The result may alias the input.
func (r *Reader) String() ([]byte, error) {
	n, enc, err := r.Len()
	if err != nil {
		return nil, err
	}
	if !enc {
		return r.take(n)
	}
	if n == encLZF {
		return r.compressed()
	}
	if n > encInt32 {
		return nil, fmt.Errorf("%w: a string has the encoding %d", ErrCorrupt, n)
	}
	b, err := r.take(1 << n)
	if err != nil {
		return nil, err
	}
	v := int64(int8(b[0]))
	switch n {
	case encInt16:
		v = int64(int16(binary.LittleEndian.Uint16(b)))
	case encInt32:
		v = int64(int32(binary.LittleEndian.Uint32(b)))
	}
	return strconv.AppendInt(nil, v, 10), nil
}

// compressed reads a compressed string behind its first byte.
func (r *Reader) compressed() ([]byte, error) {
	packed, _, err := r.Len()
	if err != nil {
		return nil, err
	}
	n, _, err := r.Len()
	if err != nil {
		return nil, err
	}
	b, err := r.take(packed)
	if err != nil {
		return nil, err
	}
	return expandLZF(b, n)
}

// Double reads what AppendDouble wrote.
func (r *Reader) Double() (float64, error) {
	b, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
}

// Float reads what AppendFloat wrote.
func (r *Reader) Float() (float32, error) {
	b, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b)), nil
}

package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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

// Reader reads a slice, or a stream, from its beginning. After an error its
// position is undefined.
type Reader struct {
	b   []byte
	pos int
	// What follows is for streams.
	src    io.Reader
	before int    // bytes of the stream before b
	mark   int    // where what Since returns begins in b, -1 for nowhere
	sum    uint64 // checksum of what was read up to summed
	summed int
	onFill func(read int) error
}

// NewReader reads b, which must not change meanwhile.
func NewReader(b []byte) *Reader { return &Reader{b: b, mark: -1} }

// NewStream reads what src reads. What a method returned is good until the next
// call, or, behind a call of Mark, until Since.
func NewStream(src io.Reader) *Reader { return &Reader{src: src, mark: -1} }

// OnFill has fn called each time the stream was read from, with the number of
// bytes that came from it so far. An error of fn's is returned by who reads.
func (r *Reader) OnFill(fn func(read int) error) { r.onFill = fn }

// Pos is how many bytes were read.
func (r *Reader) Pos() int { return r.before + r.pos }

// Done reports whether everything was read.
func (r *Reader) Done() bool {
	return r.pos == len(r.b) && (r.src == nil || r.fill(1) != nil)
}

// Sum is the checksum of all that was read.
func (r *Reader) Sum() uint64 {
	r.sum = Checksum(r.sum, r.b[r.summed:r.pos])
	r.summed = r.pos
	return r.sum
}

// Mark has everything kept that is read until Since.
func (r *Reader) Mark() { r.mark = r.pos }

// Since is what was read since Mark, good until more is read.
func (r *Reader) Since() []byte {
	b := r.b[r.mark:r.pos:r.pos]
	r.mark = -1
	return b
}

// Rest is what was taken from the stream and not yet read.
func (r *Reader) Rest() []byte { return r.b[r.pos:] }

// Sizes of a stream's buffer, in bytes.
const (
	streamBuffer = 64 << 10
	// streamStep bounds what is asked for at once before the stream has shown that
	// it is that long.
	streamStep = 1 << 20
)

// fill reads from the stream until n bytes are there behind pos.
func (r *Reader) fill(n int) error {
	r.Sum()
	keep := r.pos
	if r.mark >= 0 {
		keep = r.mark
	}
	for len(r.b)-r.pos < n {
		missing := n - (len(r.b) - r.pos)
		want := min(max(missing, streamBuffer/2), max(streamStep, len(r.b)-keep))
		if cap(r.b)-len(r.b) < min(want, missing) {
			// What aliases the old buffer stays good while there is a mark.
			old := r.b[keep:]
			if r.mark < 0 && len(old)+want <= cap(r.b) {
				r.b = append(r.b[:0], old...)
			} else {
				r.b = append(make([]byte, 0, max(streamBuffer, len(old)+want)), old...)
			}
			r.before += keep
			r.pos -= keep
			r.summed -= keep
			if r.mark >= 0 {
				r.mark = 0
			}
			keep = 0
		}
		room := r.b[len(r.b):cap(r.b)]
		got, err := r.src.Read(room)
		r.b = r.b[:len(r.b)+got]
		if got > 0 && r.onFill != nil {
			if err := r.onFill(r.before + len(r.b)); err != nil {
				return err
			}
		}
		switch {
		case got > 0:
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w: %d bytes wanted, %d there", ErrShort, n, len(r.b)-r.pos)
		case err != nil:
			return fmt.Errorf("rdb: reading: %w", err)
		}
	}
	return nil
}

// take is the next n bytes.
func (r *Reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.pos) {
		if r.src == nil {
			return nil, fmt.Errorf("%w: %d bytes wanted at %d of %d", ErrShort, n, r.pos, len(r.b))
		}
		if n > math.MaxInt64/2 {
			return nil, fmt.Errorf("%w: %d bytes wanted", ErrShort, n)
		}
		if err := r.fill(int(n)); err != nil {
			return nil, err
		}
	}
	b := r.b[r.pos:][:n:n]
	r.pos += int(n)
	return b, nil
}

// Raw reads n bytes as they are.
func (r *Reader) Raw(n int) ([]byte, error) { return r.take(uint64(n)) }

// Byte reads one byte.
func (r *Reader) Byte() (byte, error) {
	b, err := r.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// Uint64 reads eight bytes, the lowest first: times and checksums.
func (r *Reader) Uint64() (uint64, error) {
	b, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// Uint32 reads four bytes, the lowest first.
func (r *Reader) Uint32() (uint32, error) {
	b, err := r.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// Number reads a length that must be none of the special encodings.
func (r *Reader) Number() (uint64, error) {
	n, enc, err := r.Len()
	if err == nil && enc {
		err = fmt.Errorf("%w: an encoding stands where a length should", ErrCorrupt)
	}
	return n, err
}

// The lengths of old doubles that stand for a value.
const (
	oldNaN    = 253
	oldInf    = 254
	oldNegInf = 255
)

// OldDouble reads a number as ObjZSet has it: its length and its text.
func (r *Reader) OldDouble() (float64, error) {
	n, err := r.Byte()
	if err != nil {
		return 0, err
	}
	switch n {
	case oldNaN:
		return math.NaN(), nil
	case oldInf:
		return math.Inf(1), nil
	case oldNegInf:
		return math.Inf(-1), nil
	}
	b, err := r.take(uint64(n))
	if err != nil {
		return 0, err
	}
	x, err := strconv.ParseFloat(string(b), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%w: %q is no score", ErrCorrupt, b)
	}
	return x, nil
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

// passString goes over a string, as it is.
func (r *Reader) passString() error {
	n, enc, err := r.Len()
	if err != nil {
		return err
	}
	switch {
	case !enc:
	case n == encLZF:
		if n, _, err = r.Len(); err == nil {
			_, _, err = r.Len()
		}
		if err != nil {
			return err
		}
	case n > encInt32:
		return fmt.Errorf("%w: a string has the encoding %d", ErrCorrupt, n)
	default:
		n = 1 << n
	}
	_, err = r.take(n)
	return err
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

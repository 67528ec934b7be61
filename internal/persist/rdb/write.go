package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The two upper bits of the first byte of a length, or the whole byte.
const (
	len6    = 0 << 6 // the length is in the other six bits
	len14   = 1 << 6 // it is in the other six bits and the next byte
	len32   = 0x80   // it is in the next four bytes, big-endian
	len64   = 0x81   // it is in the next eight bytes, big-endian
	encoded = 3 << 6 // the other six bits are one of the encodings below
	lenBits = 3 << 6
)

// The encodings of strings.
const (
	encInt8  = 0
	encInt16 = 1
	encInt32 = 2
	encLZF   = 3
)

// AppendLen appends a length, or any number that is not negative.
func AppendLen(b []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n)|len6)
	case n < 1<<14:
		return append(b, byte(n>>8)|len14, byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, len32), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, len64), n)
}

const (
	// maxIntText is the longest text that a 32-bit number has.
	maxIntText = 11
	// minCompress is the length that a string must exceed to be compressed.
	minCompress = 20
)

// AppendString appends a string, as a number if it spells a small one. Long ones
// are compressed if compress is set and that makes them shorter.
func AppendString(b, s []byte, compress bool) []byte {
	if len(s) <= maxIntText {
		if n, ok := spelled(s); ok {
			return appendInt(b, n)
		}
	}
	if compress && Compressible(len(s)) {
		return AppendCompressed(b, s)
	}
	return append(AppendLen(b, uint64(len(s))), s...)
}

// Compressible reports whether a string of n bytes is long enough to be worth an
// attempt.
func Compressible(n int) bool { return n > minCompress }

// maxHead is the most bytes that stand before the bytes of a compressed string.
const maxHead = 1 + 9 + 9

// AppendCompressed appends a long string compressed, if that makes it shorter.
func AppendCompressed(b, s []byte) []byte {
	from := len(b)
	var room [maxHead]byte
	out := appendLZF(append(b, room[:]...), s, len(s)-4)
	if out == nil {
		return append(AppendLen(b, uint64(len(s))), s...)
	}
	packed := out[from+maxHead:]
	head := AppendLen(AppendLen(append(room[:0], encoded|encLZF), uint64(len(packed))), uint64(len(s)))
	out = append(out[:from], head...)
	return append(out, packed...)
}

// AppendInt appends a number as a string that spells it.
func AppendInt(b []byte, n int64) []byte {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return appendInt(b, int32(n))
	}
	var tmp [20]byte
	text := strconv.AppendInt(tmp[:0], n, 10)
	return append(AppendLen(b, uint64(len(text))), text...)
}

// spelled is the 32-bit number that s spells in the one way that strconv would. It
// is asked of every short string: strconv's error for what is no number takes more
// time than all the rest.
func spelled(s []byte) (int32, bool) {
	digits := s
	if len(s) > 1 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := int64(0)
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int64(d-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return int32(n), n == int64(int32(n))
}

func appendInt(b []byte, n int32) []byte {
	switch {
	case n >= math.MinInt8 && n <= math.MaxInt8:
		return append(b, encoded|encInt8, byte(n))
	case n >= math.MinInt16 && n <= math.MaxInt16:
		return binary.LittleEndian.AppendUint16(append(b, encoded|encInt16), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, encoded|encInt32), uint32(n))
}

// AppendDouble appends a number in its eight bytes.
func AppendDouble(b []byte, x float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
}

// AppendFloat appends a number in its four bytes.
func AppendFloat(b []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
}

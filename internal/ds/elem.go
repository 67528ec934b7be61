package ds

import (
	"math"
	"strconv"
)

// Elem is an element of a packed structure: a byte string, or a number that was
// spelled the way numbers are written and is kept as one. A byte string aliases
// the structure and is valid until that is changed.
type Elem struct {
	b []byte // nil for a number
	n int64
}

// empty is a byte string without bytes that is not nil.
var empty = []byte{}

// Int makes a number.
func Int(n int64) Elem { return Elem{n: n} }

// Raw makes a byte string, whatever b looks like. The element aliases b.
func Raw(b []byte) Elem {
	if b == nil {
		b = empty
	}
	return Elem{b: b}
}

// Of makes the element that b is stored as: a number if b is spelled like one.
// The element aliases b.
func Of(b []byte) Elem {
	if n, ok := ParseInt(b); ok {
		return Elem{n: n}
	}
	return Raw(b)
}

// Int is the number and true, or false for a byte string.
func (e Elem) Int() (int64, bool) { return e.n, e.b == nil }

// Bytes is the element as a byte string: for a number written to tmp, whose
// capacity should be 20, otherwise the aliased bytes.
func (e Elem) Bytes(tmp []byte) []byte {
	if e.b == nil {
		return strconv.AppendInt(tmp[:0], e.n, 10)
	}
	return e.b
}

// Stored is the aliased bytes, nil for a number.
func (e Elem) Stored() []byte { return e.b }

// Append appends the element as a byte string to dst.
func (e Elem) Append(dst []byte) []byte {
	if e.b == nil {
		return strconv.AppendInt(dst, e.n, 10)
	}
	return append(dst, e.b...)
}

// Len is the length of the element as a byte string.
func (e Elem) Len() int {
	if e.b == nil {
		return DigitsOf(e.n)
	}
	return len(e.b)
}

// Equal reports whether two elements are the same byte string. Both must have
// been made by Of or come from a structure filled with such elements.
func (e Elem) Equal(o Elem) bool {
	if e.b == nil || o.b == nil {
		return e.b == nil && o.b == nil && e.n == o.n
	}
	return string(e.b) == string(o.b)
}

// EqualBytes reports whether the element is the byte string b.
func (e Elem) EqualBytes(b []byte) bool {
	if e.b != nil {
		return string(e.b) == string(b)
	}
	var tmp [20]byte
	return string(strconv.AppendInt(tmp[:0], e.n, 10)) == string(b)
}

// ParseInt reads a 64-bit number in the one spelling that writing it gives
// back: no sign but a minus, no zeros ahead, no spaces.
func ParseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || b[0] < '1' || b[0] > '9' {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		d := uint64(c - '0')
		if d > 9 || n > math.MaxUint64/10 {
			return 0, false
		}
		n *= 10
		if n+d < n {
			return 0, false
		}
		n += d
	}
	if neg {
		if n > 1<<63 {
			return 0, false
		}
		return -int64(n), true
	}
	return int64(n), n <= math.MaxInt64
}

// DigitsOf is the length of n as it is written.
func DigitsOf(n int64) int {
	digits, u := 1, uint64(n)
	if n < 0 {
		digits, u = 2, -u
	}
	for ; u >= 10; u /= 10 {
		digits++
	}
	return digits
}

// Needle is a byte string made ready to be compared with many elements.
type Needle struct {
	b   []byte
	n   int64
	num bool
}

// NeedleOf makes a needle that aliases b.
func NeedleOf(b []byte) Needle {
	n, ok := ParseInt(b)
	return Needle{b: b, n: n, num: ok}
}

// Is reports whether e is the same byte string as the needle.
func (x *Needle) Is(e Elem) bool {
	if e.b != nil {
		return string(e.b) == string(x.b)
	}
	return x.num && e.n == x.n
}

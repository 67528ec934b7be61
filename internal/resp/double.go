package resp

import (
	"math"
	"strconv"
)

// maxExactInt bounds the whole numbers that FormatDouble prints through an
// integer, which is faster; beyond it the exponent form may be shorter.
const maxExactInt = 1 << 62

// FormatDouble adds the digits of f to b as Redis 7.2 prints them: whole
// numbers plainly, infinities as inf and -inf, anything else by the fewest
// digits that read back equal. Very large and very small numbers get an
// exponent.
func FormatDouble(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	case f == 0 && math.Signbit(f):
		return append(b, "-0"...)
	case f >= -maxExactInt && f <= maxExactInt && f == math.Trunc(f):
		return strconv.AppendInt(b, int64(f), 10)
	}
	var tmp [32]byte
	digits, exp := shortest(tmp[:0], math.Abs(f))
	neg := f < 0
	if neg {
		b = append(b, '-')
	}
	return layDigits(b, digits, exp, neg)
}

// shortest gives the fewest digits of f and the power of ten of the last one.
func shortest(tmp []byte, f float64) (digits []byte, exp int) {
	tmp = strconv.AppendFloat(tmp, f, 'e', -1, 64) // d.ddde±dd
	mark := len(tmp) - 1
	for tmp[mark] != 'e' {
		mark--
	}
	exp, _ = strconv.Atoi(string(tmp[mark+1:])) // strconv wrote it
	digits = tmp[:1]
	if mark > 1 {
		digits = append(digits, tmp[2:mark]...)
	}
	return digits, exp - (len(digits) - 1)
}

// layDigits places the decimal point. The thresholds are those of the library
// that Redis prints doubles with; clients compare such texts.
func layDigits(b, digits []byte, exp int, neg bool) []byte {
	n := len(digits)
	sci := exp + n - 1
	size := sci
	if size < 0 {
		size = -size
	}
	switch {
	case exp >= 0 && size < n+7:
		b = append(b, digits...)
		for ; exp > 0; exp-- {
			b = append(b, '0')
		}
		return b
	case exp < 0 && (exp > -7 || size < 4):
		point := n + exp
		if point > 0 {
			b = append(b, digits[:point]...)
			b = append(b, '.')
			return append(b, digits[point:]...)
		}
		b = append(b, "0."...)
		for ; point < 0; point++ {
			b = append(b, '0')
		}
		return append(b, digits...)
	}
	if most := 18; n > most || neg && n > most-1 {
		n = most
		if neg {
			n--
		}
	}
	b = append(b, digits[0])
	if n > 1 {
		b = append(b, '.')
		b = append(b, digits[1:n]...)
	}
	b = append(b, 'e')
	if sci < 0 {
		b = append(b, '-')
	} else {
		b = append(b, '+')
	}
	return strconv.AppendInt(b, int64(size), 10)
}

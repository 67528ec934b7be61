package longdouble

import (
	"bytes"
	"math/big"
)

const (
	// precision is the number of bits of the mantissa.
	precision = 64
	// maxLen is the length from which Redis reads no text as a number.
	maxLen = 5 * 1024
	// maxExp and minExp bound a number's exponent, for a mantissa from 0.5 to 1.
	// Below minExp nothing is left of a number but zero.
	maxExp, minExp = 16384, -16444
	// maxTen and minTen are powers of ten beyond the largest and the smallest
	// number.
	maxTen, minTen = 4933, -4952
	// farExp is an exponent for those too large to be read: beyond everything.
	farExp = 1 << 24
)

// Parse reads a whole text as a number: decimal or hexadecimal, with or without
// an exponent, or an infinity. It refuses what Redis refuses: space around it,
// a NaN, numbers too large, and numbers so small that they become zero.
func Parse(b []byte) (*big.Float, bool) {
	if len(b) >= maxLen {
		return nil, false
	}
	neg := false
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		neg = b[0] == '-'
		b = b[1:]
	}
	var f *big.Float
	ok := false
	switch {
	case fold(b, "inf"), fold(b, "infinity"):
		f, ok = new(big.Float).SetPrec(precision).SetInf(false), true
	case len(b) > 1 && b[0] == '0' && b[1]|0x20 == 'x':
		f, ok = parseHex(b[2:])
	default:
		f, ok = parseDecimal(b)
	}
	if ok && neg {
		f.Neg(f)
	}
	return f, ok
}

// fold compares with a word in lower case.
func fold(b []byte, word string) bool {
	return len(b) == len(word) && string(bytes.ToLower(b)) == word
}

// FromInt is the number of an integer, which it holds exactly.
func FromInt(n int64) *big.Float { return new(big.Float).SetPrec(precision).SetInt64(n) }

// parseDecimal reads digits with a point and a power of ten.
func parseDecimal(b []byte) (*big.Float, bool) {
	digits, fraction, rest, ok := mantissa(b, isDigit)
	if !ok {
		return nil, false
	}
	exp, ok := exponent(rest, 'e')
	if !ok {
		return nil, false
	}
	f := new(big.Float).SetPrec(precision)
	if len(digits) == 0 {
		return f, true
	}
	exp -= fraction
	// Powers that the number cannot survive are not worked out.
	if size := len(digits) + exp; size > maxTen || size < minTen {
		return nil, false
	}
	n, _ := new(big.Int).SetString(string(digits), 10)
	if exp >= 0 {
		f.SetInt(n.Mul(n, power(exp)))
	} else {
		// Both are exact, so that only the quotient is rounded.
		f.Quo(new(big.Float).SetInt(n), new(big.Float).SetInt(power(-exp)))
	}
	return f, inRange(f)
}

// power is ten to the n.
func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// parseHex reads hexadecimal digits with a point and a power of two.
func parseHex(b []byte) (*big.Float, bool) {
	digits, fraction, rest, ok := mantissa(b, isHex)
	if !ok {
		return nil, false
	}
	exp, ok := exponent(rest, 'p')
	if !ok {
		return nil, false
	}
	f := new(big.Float).SetPrec(precision)
	if len(digits) == 0 {
		return f, true
	}
	n, _ := new(big.Int).SetString(string(digits), 16)
	f.SetMantExp(f.SetInt(n), exp-4*fraction)
	return f, inRange(f)
}

// mantissa reads digits with a point among them. It gives the digits without
// zeros at the beginning, the number of those behind the point, and what
// follows. There must be a digit.
func mantissa(b []byte, is func(byte) bool) (digits []byte, fraction int, rest []byte, ok bool) {
	point := false
	i := 0
	for ; i < len(b); i++ {
		switch {
		case is(b[i]):
			ok = true
			if len(digits) > 0 || b[i] != '0' {
				digits = append(digits, b[i])
			}
			if point {
				fraction++
			}
		case b[i] == '.' && !point:
			point = true
		default:
			return digits, fraction, b[i:], ok
		}
	}
	return digits, fraction, nil, ok
}

// exponent reads a mark, a sign and decimal digits, or nothing.
func exponent(b []byte, mark byte) (n int, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]|0x20 != mark {
		return 0, false
	}
	b = b[1:]
	neg := false
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	for _, ch := range b {
		if !isDigit(ch) {
			return 0, false
		}
		n = min(10*n+int(ch-'0'), farExp)
	}
	if neg {
		n = -n
	}
	return n, true
}

func isDigit(ch byte) bool { return '0' <= ch && ch <= '9' }

func isHex(ch byte) bool { return isDigit(ch) || 'a' <= ch|0x20 && ch|0x20 <= 'f' }

// inRange reports whether the type has the number, other than as zero.
func inRange(f *big.Float) bool {
	if f.Sign() == 0 {
		return true
	}
	exp := f.MantExp(nil)
	if exp == minExp-1 {
		// The smallest number is nearer than zero from its half on, except
		// for the half itself, which goes to the even one.
		return f.MinPrec() > 1
	}
	return exp <= maxExp && exp >= minExp
}

package longdouble

import (
	"bytes"
	"math/big"
)

// Add is the sum of two numbers; false when it is infinite or none.
func Add(a, b *big.Float) (*big.Float, bool) {
	if a.IsInf() || b.IsInf() {
		return nil, false
	}
	sum := new(big.Float).SetPrec(precision).Add(a, b)
	return sum, sum.Sign() == 0 || sum.MantExp(nil) <= maxExp
}

// digits is the number of digits behind the point.
const digits = 17

// Append adds a finite number to dst as Redis writes it for people: without an
// exponent, with up to seventeen digits behind the point and no zeros at the
// end.
func Append(dst []byte, f *big.Float) []byte {
	from := len(dst)
	dst = f.Append(dst, 'f', digits)
	dst = bytes.TrimRight(dst, "0")
	dst = bytes.TrimSuffix(dst, []byte("."))
	if string(dst[from:]) == "-0" {
		dst = append(dst[:from], '0')
	}
	return dst
}

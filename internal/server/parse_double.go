package server

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"berth/internal/ds"
)

// ParseDouble reads a whole argument as C's strtod does, by Redis's rules: no
// space before, nothing behind, not a NaN, neither too large nor too small.
func ParseDouble(b []byte) (float64, bool) {
	if n, ok := ds.ParseInt(b); ok && n > -1<<53 && n < 1<<53 {
		return float64(n), true
	}
	f, small, err := toDouble(string(b))
	return f, err == nil && !small && !math.IsNaN(f)
}

// rangeDouble reads an end of a range of scores, which Redis checks less: it may
// have spaces before it, end at a NUL, and be nothing at all, which is zero.
func rangeDouble(b []byte) (float64, bool) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if len(b) == 0 {
		return 0, true
	}
	f, _, err := toDouble(string(bytes.TrimLeft(b, " \t\n\v\f\r")))
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return f, err == nil && !math.IsNaN(f)
}

// toDouble is strconv.ParseFloat for what strtod takes. small says that the
// number is not zero but too small for a double.
func toDouble(s string) (f float64, small bool, err error) {
	digits := strings.TrimLeft(s, "+-")
	if strings.IndexByte(s, '_') >= 0 || len(s)-len(digits) > 1 {
		return 0, false, strconv.ErrSyntax
	}
	hex := len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x'
	if hex && strings.IndexAny(s, "pP") < 0 {
		s += "p0" // which C may leave out
	}
	f, err = strconv.ParseFloat(s, 64)
	if f != 0 || err != nil || hex {
		return f, false, err
	}
	for i := 0; i < len(digits) && digits[i]|0x20 != 'e'; i++ {
		small = small || digits[i] >= '1' && digits[i] <= '9'
	}
	return f, small, nil
}

// doubleOf reads an argument as a double, replying text, or Redis's usual error
// if that is empty.
func (c *Client) doubleOf(arg []byte, text string) (float64, bool) {
	f, ok := ParseDouble(arg)
	if !ok {
		if text == "" {
			text = ErrTextNotFloat
		}
		c.WriteError(text)
	}
	return f, ok
}

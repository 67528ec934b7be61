package script

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// formatNumber is C's "%.14g", Lua's form of a number as text.
func formatNumber(f float64) string {
	if n := int64(f); float64(n) == f && n > -1e14 && n < 1e14 {
		if n == 0 && math.Signbit(f) {
			return "-0"
		}
		return strconv.FormatInt(n, 10)
	}
	return string(appendG(nil, f, 14, false, false))
}

// appendSpecial appends what C prints for what is no finite number.
func appendSpecial(b []byte, f float64) ([]byte, bool) {
	switch {
	case math.IsNaN(f):
		if math.Signbit(f) {
			return append(b, "-nan"...), true
		}
		return append(b, "nan"...), true
	case math.IsInf(f, 1):
		return append(b, "inf"...), true
	case math.IsInf(f, -1):
		return append(b, "-inf"...), true
	}
	return b, false
}

// appendG appends f as C's "%.<prec>g" does, "%#.<prec>g" when alternate: Go's own 'g' changes to the exponent at other places.
func appendG(b []byte, f float64, prec int, alternate, upper bool) []byte {
	if b, ok := appendSpecial(b, f); ok {
		return b
	}
	if prec == 0 {
		prec = 1
	}
	e := byte('e')
	if upper {
		e = 'E'
	}
	mantissa := strconv.AppendFloat(nil, f, 'e', prec-1, 64)
	at := strings.LastIndexByte(string(mantissa), 'e')
	exp, _ := strconv.Atoi(string(mantissa[at+1:]))
	from := len(b)
	if exp < -4 || exp >= prec {
		b = append(b, mantissa[:at]...)
		if !alternate {
			b = trimZeros(b, from)
		}
		b = append(b, e, mantissa[at+1])
		return append(b, mantissa[at+2:]...)
	}
	b = strconv.AppendFloat(b, f, 'f', prec-1-exp, 64)
	if !alternate {
		b = trimZeros(b, from)
	}
	return b
}

// trimZeros takes the zeros off the end of the fraction of b[from:], and the point when nothing is left behind it.
func trimZeros(b []byte, from int) []byte {
	point := false
	for _, c := range b[from:] {
		point = point || c == '.'
	}
	if !point {
		return b
	}
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	return b
}

// isSpace is C's isspace in the C locale.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// trimSpace cuts C's white space off both ends.
func trimSpace(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// parseNumber reads a number as Lua 5.1 does: strtod with white space around it, or a hexadecimal integer. Go's own forms
// (underscores, 0b, 0o) are no numbers.
func parseNumber(s string) (float64, bool) {
	s = trimSpace(s)
	f, n := scanNumber(s)
	return f, n > 0 && n == len(s)
}

// scanNumber is strtod in the C locale: the number that s begins with and how long it is, 0 for none.
func scanNumber(s string) (f float64, n int) {
	i, neg := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		neg = s[i] == '-'
		i++
	}
	rest := s[i:]
	for _, name := range [...]string{"infinity", "inf", "nan"} {
		if len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
			f = math.Inf(1)
			if name == "nan" {
				f = math.NaN()
			}
			if neg {
				f = -f
			}
			return f, i + len(name)
		}
	}
	if len(rest) > 2 && rest[0] == '0' && rest[1]|0x20 == 'x' {
		if size := scanDigits(rest[2:], true); size > 0 {
			text := rest[:2+size]
			if !strings.ContainsAny(text, "pP") {
				text += "p0"
			}
			f, _ = strconv.ParseFloat(text, 64)
			if neg {
				f = -f
			}
			return f, i + 2 + size
		}
	}
	size := scanDigits(rest, false)
	if size == 0 {
		return 0, 0
	}
	f, _ = strconv.ParseFloat(s[:i+size], 64)
	return f, i + size
}

// scanDigits is the length of the digits, fraction and exponent that s begins with; without a digit it is 0.
func scanDigits(s string, hex bool) int {
	digits := func(i int) int {
		for i < len(s) && (s[i] >= '0' && s[i] <= '9' || hex && hexDigit(s[i]) >= 0) {
			i++
		}
		return i
	}
	i := digits(0)
	some := i > 0
	if i < len(s) && s[i] == '.' {
		end := digits(i + 1)
		if some = some || end > i+1; some {
			i = end
		}
	}
	if !some {
		return 0
	}
	mark := byte('e')
	if hex {
		mark = 'p'
	}
	if i < len(s) && s[i]|0x20 == mark {
		end := i + 1
		if end < len(s) && (s[end] == '-' || s[end] == '+') {
			end++
		}
		hex = false
		if stop := digits(end); stop > end {
			return stop
		}
	}
	return i
}

// toNumber is Lua's conversion of a number or of a text that is one.
func toNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// toString is Lua's conversion of a text or number to a text; it asks no metatable.
func toString(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return formatNumber(float64(v)), true
	}
	return "", false
}

// toInt64 is C's conversion of a double to an integer on x86-64: what does not fit becomes the least of all.
func toInt64(f float64) int64 {
	if math.IsNaN(f) || f >= math.MaxInt64 || f < math.MinInt64 {
		return math.MinInt64
	}
	return int64(f)
}

// toInt is a conversion to a C int of an argument: through ptrdiff_t, as luaL_checkint does it.
func toInt(f float64) int { return int(int32(toInt64(f))) }

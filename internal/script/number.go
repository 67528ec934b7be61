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
	if s == "" {
		return 0, false
	}
	digits, neg := s, false
	if digits[0] == '-' || digits[0] == '+' {
		neg = digits[0] == '-'
		digits = digits[1:]
	}
	if len(digits) > 1 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') {
		return parseHex(digits[2:], neg)
	}
	switch strings.ToLower(digits) {
	case "inf", "infinity":
		return math.Inf(map[bool]int{true: -1, false: 1}[neg]), true
	case "nan":
		return math.NaN(), true
	}
	for i := 0; i < len(digits); i++ {
		switch c := digits[i]; {
		case c >= '0' && c <= '9', c == '.', c == 'e', c == 'E', c == '+', c == '-':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// parseHex reads what follows 0x: strtod takes fractions and binary exponents too.
func parseHex(digits string, neg bool) (float64, bool) {
	if digits == "" || strings.ContainsRune(digits, '_') {
		return 0, false
	}
	text := "0x" + digits
	if !strings.ContainsAny(digits, "pP") {
		text += "p0"
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	if neg {
		f = -f
	}
	return f, true
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

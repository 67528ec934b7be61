package script

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one %… of a format.
type directive struct {
	minus, plus, space, alternate, zero bool

	width, precision int // precision is -1 for none
	verb             byte
}

func stringFormat(s *state, L *lua.LState) int {
	format := s.checkString(L, 1)
	b := make([]byte, 0, len(format)+16)
	arg := 1
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b = append(b, format[i])
			continue
		}
		if i++; i < len(format) && format[i] == '%' {
			b = append(b, '%')
			continue
		}
		if arg++; arg > L.GetTop() {
			s.argError(L, arg, "no value")
		}
		d, size := s.directive(L, format[i:])
		i += size - 1
		b = s.appendDirective(L, b, d, arg)
		if len(b) > maxText {
			s.tooLong(L)
		}
	}
	s.allocate(L, len(b))
	L.Push(textOf(b))
	return 1
}

// directive reads what follows a % sign.
func (s *state) directive(L *lua.LState, f string) (d directive, size int) {
	i := 0
	at := func() byte {
		if i < len(f) {
			return f[i]
		}
		return 0
	}
	for ; i < len(f) && strings.IndexByte("-+ #0", f[i]) >= 0; i++ {
		switch f[i] {
		case '-':
			d.minus = true
		case '+':
			d.plus = true
		case ' ':
			d.space = true
		case '#':
			d.alternate = true
		case '0':
			d.zero = true
		}
	}
	if i > len("-+ #0") {
		s.fail(L, "invalid format (repeated flags)")
	}
	number := func() (n int) {
		for k := 0; k < 2 && at() >= '0' && at() <= '9'; k++ {
			n = n*10 + int(at()-'0')
			i++
		}
		return n
	}
	d.width, d.precision = number(), -1
	if at() == '.' {
		i++
		d.precision = number()
	}
	if at() >= '0' && at() <= '9' {
		s.fail(L, "invalid format (width or precision too long)")
	}
	d.verb = at()
	return d, i + 1
}

func (s *state) appendDirective(L *lua.LState, b []byte, d directive, arg int) []byte {
	switch d.verb {
	case 'c':
		c := byte(s.checkInt(L, arg))
		return append(b, cString(d.pad(string([]byte{c}), false))...)
	case 'd', 'i':
		return append(b, d.integer(toInt64(s.checkNumber(L, arg)))...)
	case 'o', 'u', 'x', 'X':
		f := s.checkNumber(L, arg)
		u := uint64(toInt64(f))
		if f >= 1<<63 {
			u = uint64(f)
		}
		return append(b, d.unsigned(u)...)
	case 'e', 'E', 'f', 'g', 'G':
		return append(b, d.float(s.checkNumber(L, arg))...)
	case 'q':
		return appendQuoted(b, s.checkString(L, arg))
	case 's':
		text := s.checkString(L, arg)
		if d.precision < 0 && len(text) >= 100 {
			return append(b, text...)
		}
		text = cString(text)
		if d.precision >= 0 && d.precision < len(text) {
			text = text[:d.precision]
		}
		return append(b, d.pad(text, false)...)
	}
	option := "%"
	if d.verb != 0 {
		option += string([]byte{d.verb})
	}
	s.fail(L, "invalid option '"+option+"' to 'format'")
	return nil
}

// pad fills a text up to the width; zeros go behind a sign or 0x.
func (d *directive) pad(text string, zeros bool) string {
	n := d.width - len(text)
	switch {
	case n <= 0:
		return text
	case d.minus:
		return text + strings.Repeat(" ", n)
	case zeros && d.zero:
		at := 0
		if text[0] == '-' || text[0] == '+' || text[0] == ' ' {
			at = 1
		}
		if strings.HasPrefix(text[at:], "0x") || strings.HasPrefix(text[at:], "0X") {
			at += 2
		}
		return text[:at] + strings.Repeat("0", n) + text[at:]
	}
	return strings.Repeat(" ", n) + text
}

func (d *directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

// digits gives an integer's digits the precision.
func (d *directive) digits(digits string) string {
	if d.precision == 0 && digits == "0" {
		return ""
	}
	if n := d.precision - len(digits); n > 0 {
		return strings.Repeat("0", n) + digits
	}
	return digits
}

func (d *directive) integer(n int64) string {
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	return d.pad(d.sign(n < 0)+d.digits(strconv.FormatUint(u, 10)), d.precision < 0)
}

func (d *directive) unsigned(u uint64) string {
	switch d.verb {
	case 'o':
		digits := d.digits(strconv.FormatUint(u, 8))
		if d.alternate && !strings.HasPrefix(digits, "0") {
			digits = "0" + digits
		}
		return d.pad(digits, d.precision < 0)
	case 'u':
		return d.pad(d.digits(strconv.FormatUint(u, 10)), d.precision < 0)
	}
	digits, prefix := d.digits(strconv.FormatUint(u, 16)), "0x"
	if !d.alternate || u == 0 {
		prefix = ""
	}
	if d.verb == 'X' {
		return d.pad(strings.ToUpper(prefix+digits), d.precision < 0)
	}
	return d.pad(prefix+digits, d.precision < 0)
}

func (d *directive) float(f float64) string {
	text := d.sign(math.Signbit(f))
	finite := !math.IsNaN(f) && !math.IsInf(f, 0)
	upper := d.verb == 'E' || d.verb == 'G'
	digits := string(d.appendDigits(nil, math.Abs(f), upper))
	if upper && !finite {
		digits = strings.ToUpper(digits)
	}
	return d.pad(text+digits, finite)
}

func (d *directive) appendDigits(b []byte, f float64, upper bool) []byte {
	precision := d.precision
	if precision < 0 {
		precision = 6
	}
	if b, ok := appendSpecial(b, f); ok {
		return b
	}
	switch d.verb {
	case 'g', 'G':
		return appendG(b, f, precision, d.alternate, upper)
	case 'f':
		b = strconv.AppendFloat(b, f, 'f', precision, 64)
		if d.alternate && precision == 0 {
			b = append(b, '.')
		}
		return b
	}
	b = strconv.AppendFloat(b, f, d.verb, precision, 64)
	if d.alternate && precision == 0 {
		at := strings.IndexByte(string(b), d.verb)
		b = append(b[:at], "."+string(b[at:])...)
	}
	return b
}

// appendQuoted writes a text so that Lua reads it back.
func appendQuoted(b []byte, text string) []byte {
	b = append(b, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"', '\\', '\n':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, `\r`...)
		case 0:
			b = append(b, `\000`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

package sessiontest

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Gen makes random commands. It is deterministic: the same seed gives the same
// commands.
type Gen struct {
	*rand.Rand
	// Spread is how many times as many keys there are as usual.
	Spread int
}

// NewGen makes a generator from a seed.
func NewGen(seed uint64) *Gen { return &Gen{rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15)), 1} }

// pick returns one of the words.
func (g *Gen) pick(words ...string) string { return words[g.IntN(len(words))] }

// maybe returns a word now and then, and else none.
func (g *Gen) maybe(percent int, words ...string) []string {
	if g.IntN(100) < percent {
		return words
	}
	return nil
}

// key is one of a few keys: so few, by default, that commands meet.
func (g *Gen) key() string {
	if g.IntN(200) == 0 {
		return g.pick("", "k\x00y", "{tag}k", strings.Repeat("long", 100))
	}
	return "k" + strconv.Itoa(g.IntN(12*g.Spread))
}

// count is a small number.
func (g *Gen) count(below int) string { return strconv.Itoa(g.IntN(below)) }

// index is a number around the length of short values, sometimes nonsense.
func (g *Gen) index() string {
	switch g.IntN(25) {
	case 0:
		return g.integer()
	case 1:
		return g.junk()
	}
	return strconv.Itoa(g.IntN(14) - 7)
}

// integer is a whole number, often at a border.
func (g *Gen) integer() string {
	switch g.IntN(6) {
	case 0:
		return g.pick("9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807",
			"4611686018427387904", "-4611686018427387904", "9223372036854775808", "18446744073709551615", "-9223372036854775809")
	case 1:
		return g.pick("2147483647", "-2147483648", "2147483648", "4294967296", "255", "256", "127", "128", "-128", "-129", "32767", "65536")
	case 2:
		return strconv.FormatInt(int64(g.Uint64()), 10)
	}
	return strconv.Itoa(g.IntN(200) - 100)
}

// junk is what a number should not be.
func (g *Gen) junk() string {
	return g.pick("", "abc", " 1", "1 ", "+1", "01", "-0", "1.5", "0x10", "1e3", "--1", "nan", "\x00", "1\x00", "99999999999999999999")
}

// double is a number with a fraction, in one of many notations.
func (g *Gen) double() string {
	switch g.IntN(10) {
	case 0:
		return g.junk()
	case 1:
		return g.integer()
	case 2:
		return g.pick("1e-17", "1e-18", "-1e-17", "1e300", "-1e300", "1e22", "0.1", "-0.1", "0", "-0", "+.5", "5.", "1E5", "0x1.8p3",
			"3.0e-2", "inf", "-inf", "infinity", "nan", "1e400", "1e4931", "1e5000", "1e-5000", "123456789012345678901234567890")
	case 3:
		return strconv.FormatFloat(g.NormFloat64()*1e15, 'f', g.IntN(6), 64)
	case 4:
		return strconv.FormatFloat(g.NormFloat64(), 'e', g.IntN(17), 64)
	}
	return strconv.FormatFloat(float64(g.IntN(20000)-10000)/1000, 'f', -1, 64)
}

// value is what a string or an element of a collection holds. Short ones come
// again, so that searches hit.
func (g *Gen) value() string {
	switch g.IntN(20) {
	case 0:
		return g.integer()
	case 1:
		return g.double()
	case 2:
		return g.junk()
	case 3:
		return strings.Repeat(g.pick("x", "ab", "\xff\x00"), g.IntN(120))
	case 4:
		return strings.Repeat("v", 40+g.IntN(8)) // around the limit of short strings
	case 5:
		return strings.Repeat("big", g.IntN(1500))
	}
	return g.pick("a", "b", "c", "1", "2", "10", "hello", "")
}

// values are several of them.
func (g *Gen) values(most int) []string {
	out := make([]string, 1+g.IntN(most))
	for i := range out {
		out[i] = g.value()
	}
	return out
}

// keys are several keys.
func (g *Gen) keys(most int) []string {
	out := make([]string, 1+g.IntN(most))
	for i := range out {
		out[i] = g.key()
	}
	return out
}

// seconds is a time span that is over or far away, so that both servers agree
// what is left; sometimes no time at all.
func (g *Gen) seconds() string {
	if g.IntN(8) == 0 {
		return g.pick(g.integer(), g.junk(), "0", "-1", "9223372036854775", "9223372036854776")
	}
	return strconv.Itoa(10000 + g.IntN(1000000))
}

// stamp is a point in time with the same properties.
func (g *Gen) stamp() string {
	if g.IntN(8) == 0 {
		return g.pick(g.integer(), g.junk(), "0", "1", "-1", "1000000000")
	}
	return strconv.Itoa(33177117420 + g.IntN(10000))
}

// millis makes milliseconds of seconds.
func millis(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 && n < 1<<40 {
		return strconv.FormatInt(n*1000+499, 10)
	}
	return s
}

// mangle breaks a command now and then: it drops, doubles or adds an argument. Not
// that of SPOP, which would take random members then.
func (g *Gen) mangle(args []string) []string {
	if g.IntN(40) != 0 || len(args) < 2 || slices.Contains(args, "SPOP") {
		return args
	}
	at := 1 + g.IntN(len(args)-1)
	switch g.IntN(3) {
	case 0:
		return append(args[:at:at], args[at+1:]...)
	case 1:
		return append(args[:at:at], append([]string{args[at]}, args[at:]...)...)
	}
	return append(args, g.value())
}

// caps writes a word in some case.
func (g *Gen) caps(word string) string {
	switch g.IntN(4) {
	case 0:
		return strings.ToLower(word)
	case 1:
		return strings.ToUpper(word[:1]) + strings.ToLower(word[1:])
	}
	return word
}

// options joins some of the option lists, each with its chance in percent.
func (g *Gen) options(percent int, lists ...[]string) []string {
	var out []string
	for _, i := range g.Perm(len(lists)) {
		if g.IntN(100) < percent {
			out = append(out, g.caps(lists[i][0]))
			out = append(out, lists[i][1:]...)
		}
	}
	return out
}

// join makes a command of words and lists of words.
func join(parts ...any) []string {
	var out []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p)
		case []string:
			out = append(out, p...)
		}
	}
	return out
}

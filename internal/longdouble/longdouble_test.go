package longdouble

import (
	"strings"
	"testing"
)

// The expected texts are what strtold, an x87 and printf make of them.
func TestAdd(t *testing.T) {
	for _, tc := range []struct{ a, b, want string }{
		{"0", "0.1", "0.1"},
		{"0.1", "0.2", "0.3"},
		{"10.50", "0.1", "10.6"},
		{"5.0e3", "2.0e2", "5200"},
		{"3", "-3.3", "-0.3"},
		{"1", "-1", "0"},
		{"-0", "-0", "0"},
		{"0", "-1e-18", "0"},
		{"0", "1e-17", "0.00000000000000001"},
		{"0", "5e-18", "0"}, // read as a little less
		{"1.1", "2.2", "3.3"},
		{"9007199254740993", "0", "9007199254740993"},
		{"18446744073709551615", "1", "18446744073709551616"},
		{"18446744073709551615", "0", "18446744073709551615"},
		{"36893488147419103233", "0", "36893488147419103232"},
		{"36893488147419103235", "0", "36893488147419103236"},
		{"1e22", "1e-1", "10000000000000000000000"},
		{"1.23456789012345678", "0", "1.23456789012345678"},
		{"0x10", "0x1.8p3", "28"},
		{"0X.8P1", "+.5", "1.5"},
		{"5.", "-00.5e+1", "0"},
		{"1e-4950", "1", "1"},
		{"1e400", "-1e400", "0"},
	} {
		a, ok1 := Parse([]byte(tc.a))
		b, ok2 := Parse([]byte(tc.b))
		if !ok1 || !ok2 {
			t.Errorf("%s, %s: %v, %v", tc.a, tc.b, ok1, ok2)
			continue
		}
		sum, ok := Add(a, b)
		if !ok {
			t.Errorf("%s + %s is none", tc.a, tc.b)
			continue
		}
		if got := string(Append([]byte("x"), sum)); got != "x"+tc.want {
			t.Errorf("%s + %s = %s, want %s", tc.a, tc.b, got[1:], tc.want)
		}
	}
}

func TestNoSum(t *testing.T) {
	for _, tc := range [][2]string{{"inf", "1"}, {"1", "-Inf"}, {"infinity", "-inf"}, {"1.18e4932", "1.18e4932"}} {
		a, ok1 := Parse([]byte(tc[0]))
		b, ok2 := Parse([]byte(tc[1]))
		if !ok1 || !ok2 {
			t.Errorf("%v: %v, %v", tc, ok1, ok2)
			continue
		}
		if _, ok := Add(a, b); ok {
			t.Errorf("%v have a sum", tc)
		}
	}
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		text string
		ok   bool
	}{
		{"", false}, {"+", false}, {".", false}, {"e5", false}, {"1e", false}, {"1e+", false}, {"1e1.5", false}, {"--1", false},
		{" 1", false}, {"1 ", false}, {"1\x00", false}, {"1_0", false}, {"1.5.5", false}, {"nan", false}, {"nan(1)", false}, {"in", false},
		{"0x", false}, {"0x.", false}, {"0xg", false}, {"0x1p", false}, {"0x1e+1", false}, {"1p5", false}, {"0b1", false}, {"abc", false},
		{"1.18973149535723176e4932", true}, {"1.18973149535723177e4932", false}, {"1e4933", false}, {"1e99999999999999999999", false},
		{"1e-99999999999999999999", false}, {"0e99999999999999999999", true}, {"0x0p99999999", true}, {"0x1p99999999999", false},
		{"0x1p16383", true}, {"0x1p16384", false}, {"0x1p-16445", true}, {"0x1p-16446", false}, {"0x1.8p-16446", true}, {"0x1p-16447", false},
		{"3.6e-4951", true}, {"1.8e-4951", false}, {"1.9e-4951", true}, {"1e-4952", false}, {"1e-5000", false},
		{"+INF", true}, {"-Infinity", true}, {"0x1E1", true}, {"000000", true}, {"1" + strings.Repeat("0", 5118), false},
		{"0." + strings.Repeat("0", 4940) + "1", true}, {strings.Repeat("0", 5119), true}, {strings.Repeat("0", 5120), false},
	} {
		if _, ok := Parse([]byte(tc.text)); ok != tc.ok {
			t.Errorf("%.60q: %v", tc.text, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.5", "-0x1.8p-3", "1e400", "inf", "1e-4951"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, ok := Parse(b)
		if !ok || x.IsInf() {
			return
		}
		// What is written is read again, and then stays.
		text := Append(nil, x)
		y, ok := Parse(text)
		if !ok {
			t.Fatalf("%q becomes %q, which is no number", b, text)
		}
		if again := Append(nil, y); string(again) != string(text) {
			t.Fatalf("%q becomes %q becomes %q", b, text, again)
		}
	})
}

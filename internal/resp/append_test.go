package resp

import (
	"bytes"
	"math"
	"testing"
)

func TestAppend(t *testing.T) {
	for _, tc := range []struct {
		name         string
		resp2, resp3 []byte
		want2, want3 string
	}{
		{"int", AppendInt(nil, 7), AppendInt(nil, -1234567), ":7\r\n", ":-1234567\r\n"},
		{"int edge", AppendInt(nil, 127), AppendInt(nil, 128), ":127\r\n", ":128\r\n"},
		{"int min", AppendInt(nil, math.MinInt64), AppendInt(nil, math.MaxInt64), ":-9223372036854775808\r\n", ":9223372036854775807\r\n"},
		{"bulk", AppendBulk(nil, []byte("a\r\nb")), AppendBulk(nil, nil), "$4\r\na\r\nb\r\n", "$0\r\n\r\n"},
		{"bulk int", AppendBulkInt(nil, -12), AppendBulkInt(nil, 5), "$3\r\n-12\r\n", "$1\r\n5\r\n"},
		{"bulk long", AppendBulkHeader(nil, 127), AppendBulkHeader(nil, 128), "$127\r\n", "$128\r\n"},
		{"status", AppendStatus(nil, "OK"), AppendError(nil, "ERR no"), "+OK\r\n", "-ERR no\r\n"},
		{"array", AppendArray(nil, 0), AppendArray(nil, 200), "*0\r\n", "*200\r\n"},
		{"map", AppendMap(nil, 2, false), AppendMap(nil, 2, true), "*4\r\n", "%2\r\n"},
		{"set", AppendSet(nil, 2, false), AppendSet(nil, 2, true), "*2\r\n", "~2\r\n"},
		{"push", AppendPush(nil, 2, false), AppendPush(nil, 2, true), "*2\r\n", ">2\r\n"},
		{"attribute", nil, AppendAttribute(nil, 1), "", "|1\r\n"},
		{"null", AppendNull(nil, false), AppendNull(nil, true), "$-1\r\n", "_\r\n"},
		{"null array", AppendNullArray(nil, false), AppendNullArray(nil, true), "*-1\r\n", "_\r\n"},
		{"true", AppendBool(nil, true, false), AppendBool(nil, true, true), ":1\r\n", "#t\r\n"},
		{"false", AppendBool(nil, false, false), AppendBool(nil, false, true), ":0\r\n", "#f\r\n"},
		{"double", AppendDouble(nil, 3.5, false), AppendDouble(nil, 3.5, true), "$3\r\n3.5\r\n", ",3.5\r\n"},
		{"long double", AppendLongDouble(nil, []byte("0.1"), false), AppendLongDouble(nil, []byte("0.1"), true), "$3\r\n0.1\r\n", ",0.1\r\n"},
		{"big number", AppendBigNumber(nil, "123", false), AppendBigNumber(nil, "123", true), "$3\r\n123\r\n", "(123\r\n"},
		{"verbatim", AppendVerbatim(nil, "txt", []byte("hi"), false), AppendVerbatim(nil, "txt", []byte("hi"), true), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
		{"verbatim format", AppendVerbatim(nil, "toolong", nil, true), AppendVerbatim(nil, "m", nil, true), "=4\r\ntoo:\r\n", "=4\r\nm  :\r\n"},
	} {
		if got := string(tc.resp2); got != tc.want2 {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want2)
		}
		if got := string(tc.resp3); got != tc.want3 {
			t.Errorf("%s (3): %q, want %q", tc.name, got, tc.want3)
		}
	}
}

// TestPutBulk compares bulk strings of all sizes that have another number of
// digits, and their neighbours, with those that are appended.
func TestPutBulk(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 99, 100, 101, 127, 128, 999, 1000, 4095, 10000} {
		s := bytes.Repeat([]byte("x"), n)
		b := make([]byte, BulkSize(n))
		PutBulk(b, s)
		if want := AppendBulk(nil, s); !bytes.Equal(b, want) {
			t.Errorf("%d bytes: %.40q, want %.40q", n, b, want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		b := AppendArray(buf, 3)
		b = AppendInt(b, 123456)
		b = AppendBulkString(b, "value")
		b = AppendDouble(b, 1.25, true)
		_ = AppendNull(b, false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestFormatDouble holds what redis-server 7.2 prints for the same doubles.
func TestFormatDouble(t *testing.T) {
	for _, tc := range []struct {
		f    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "-0"},
		{1, "1"},
		{-17, "-17"},
		{1 << 53, "9007199254740992"},
		{1 << 62, "4611686018427387904"},
		{1e18, "1000000000000000000"},
		{1e19, "1e+19"},
		{123456789012345680000, "123456789012345680000"},
		{12345678901234567890123, "12345678901234568000000"},
		{0.00001234, "1.234e-5"},
		{1e21, "1e+21"},
		{1.5e300, "1.5e+300"},
		{3.14, "3.14"},
		{-0.001, "-0.001"},
		{0.000001, "0.000001"},
		{0.0000001, "1e-7"},
		{1.5e-7, "1.5e-7"},
		{123456.789, "123456.789"},
		{5e-324, "5e-324"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{math.NaN(), "nan"},
	} {
		if got := string(FormatDouble(nil, tc.f)); got != tc.want {
			t.Errorf("%g: %s, want %s", tc.f, got, tc.want)
		}
	}
}

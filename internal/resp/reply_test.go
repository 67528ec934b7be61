package resp

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// show prints a reply and all in it, so that tests compare texts.
func show(r *Reply) string {
	text := ""
	if a := r.Attr(); a != nil {
		text = "|" + show(a) + "| "
	}
	switch r.Kind {
	case KindInt:
		return text + fmt.Sprint(r.Int)
	case KindBool:
		return text + fmt.Sprint(r.Bool())
	case KindDouble:
		return text + fmt.Sprintf("%gd", r.Double)
	case KindNull:
		return text + "null"
	case KindVerbatim:
		return text + r.Format + ":" + string(r.Str)
	case KindArray, KindSet, KindPush:
		parts := make([]string, r.Len)
		for i := range parts {
			parts[i] = show(r.Elem(i))
		}
		return text + r.Kind.String() + "[" + strings.Join(parts, " ") + "]"
	case KindMap:
		parts := make([]string, r.Len)
		for i := range parts {
			k, v := r.Pair(i)
			parts[i] = show(k) + "=" + show(v)
		}
		return text + "map[" + strings.Join(parts, " ") + "]"
	}
	return text + r.Kind.String() + ":" + string(r.Str)
}

func TestParseReply(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"+OK\r\n", "status:OK"},
		{"-ERR no\r\n", "error:ERR no"},
		{"!6\r\nERR no\r\n", "error:ERR no"},
		{":-12\r\n", "-12"},
		{"$5\r\nhe\r\no\r\n", "bulk:he\r\no"},
		{"$0\r\n\r\n", "bulk:"},
		{"$-1\r\n", "null"}, {"*-1\r\n", "null"}, {"_\r\n", "null"},
		{"#t\r\n", "true"}, {"#f\r\n", "false"},
		{",3.25\r\n", "3.25d"}, {",-inf\r\n", "-Infd"}, {",inf\r\n", "+Infd"},
		{"(123456789012345678901234567890\r\n", "bignumber:123456789012345678901234567890"},
		{"=6\r\ntxt:hi\r\n", "txt:hi"},
		{"*0\r\n", "array[]"},
		{"*3\r\n:1\r\n*2\r\n+a\r\n$-1\r\n_\r\n", "array[1 array[status:a null] null]"},
		{"%2\r\n+a\r\n:1\r\n+b\r\n~1\r\n#t\r\n", "map[status:a=1 status:b=set[true]]"},
		{">2\r\n+message\r\n:1\r\n", "push[status:message 1]"},
		{"|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n", "|map[status:ttl=5]| bulk:v"},
		{"*2\r\n|1\r\n+a\r\n|1\r\n+x\r\n:0\r\n:1\r\n:2\r\n:3\r\n", "array[|map[status:a=|map[status:x=0]| 1]| 2 3]"},
	} {
		r, n, err := ParseReply([]byte(tc.in + "rest"))
		if err != nil || n != len(tc.in) {
			t.Errorf("%q: %d bytes, %v", tc.in, n, err)
			continue
		}
		if got := show(&r); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.in, got, tc.want)
		}
		if string(r.Raw) != tc.in {
			t.Errorf("%q: raw is %q", tc.in, r.Raw)
		}
		for cut := range tc.in {
			if _, _, err := ParseReply([]byte(tc.in[:cut])); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%q: %v", tc.in[:cut], err)
			}
		}
	}
}

func TestParseReplyMalformed(t *testing.T) {
	for _, in := range []string{"x\r\n", "\r\n", ":x\r\n", "#x\r\n", "$x\r\n", "*x\r\n", "%-1\r\n",
		",x\r\n", "=2\r\nhi\r\n", "+a\rb\r\n", "*99999999999999\r\n", "|x\r\n"} {
		if _, _, err := ParseReply([]byte(in)); !errors.Is(err, ErrReply) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestReplyOutOfRange(t *testing.T) {
	r, _, err := ParseReply([]byte("*1\r\n:1\r\n"))
	if err != nil || r.Elem(1) != nil || r.Elem(-1) != nil {
		t.Error("an element that is not there", err)
	}
	if k, v := r.Pair(0); k != nil || v != nil {
		t.Error("a pair in an array")
	}
}

// TestReplyDeep nests far deeper than a stack would bear if each level took a
// frame.
func TestReplyDeep(t *testing.T) {
	const depth = 200_000
	in := []byte(strings.Repeat("*1\r\n", depth) + ":7\r\n")
	r, n, err := ParseReply(in)
	if err != nil || n != len(in) || r.Elem(0) == nil {
		t.Fatal(n, err)
	}
}

// TestReplyOfWriters reads back what the writers write.
func TestReplyOfWriters(t *testing.T) {
	b := AppendMap(nil, 3, true)
	b = AppendBulkString(b, "d")
	b = AppendDouble(b, math.Pi, true)
	b = AppendBulkString(b, "v")
	b = AppendVerbatim(b, "mkd", []byte("# x"), true)
	b = AppendAttribute(b, 1)
	b = AppendStatus(b, "k")
	b = AppendBool(b, false, true)
	b = AppendNullArray(b, true)
	b = AppendBigNumber(b, "-5", true)
	r, n, err := ParseReply(b)
	if err != nil || n != len(b) {
		t.Fatal(n, err)
	}
	const want = "map[bulk:d=3.141592653589793d bulk:v=mkd:# x |map[status:k=false]| null=bignumber:-5]"
	if got := show(&r); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// FuzzParseReply checks that whatever a module passes off as a reply is either
// refused or can be walked to its last leaf.
func FuzzParseReply(f *testing.F) {
	for _, s := range []string{"*2\r\n|1\r\n+a\r\n:1\r\n:2\r\n:3\r\n", "%1\r\n+a\r\n$-1\r\n", "=6\r\ntxt:hi\r\n", "*-1\r\n", "|0\r\n:1\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2048 {
			return
		}
		r, n, err := ParseReply(data)
		if err != nil {
			return
		}
		if n <= 0 || n > len(data) || len(r.Raw) != n {
			t.Fatalf("%d of %d bytes", n, len(data))
		}
		show(&r)
	})
}

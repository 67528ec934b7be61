package abi

import (
	"bytes"
	"testing"
)

// newTestReply is a reply of the bytes, as a command's.
func newTestReply(b []byte, sound bool) *callReply {
	r := newReply(nil)
	r.buf = append(r.buf, b...)
	r.parse(sound)
	return r
}

func TestCallReply(t *testing.T) {
	onLoop(t)
	for _, tc := range []struct {
		wire  string
		kind  int32
		n     int64
		len   uint64
		text  string
		resp3 bool
	}{
		{"$5\r\nhello\r\n", replyString, 0, 5, "hello", false},
		{"$0\r\n\r\n", replyString, 0, 0, "", false},
		{"$-1\r\n", replyNull, 0, 0, "", false},
		{"*-1\r\n", replyNull, 0, 0, "", false},
		{"+OK\r\n", replyString, 0, 2, "OK", false},
		{"+\r\n", replyString, 0, 0, "", false},
		{"-ERR no\r\n", replyError, 0, 6, "ERR no", false},
		{":-12\r\n", replyInteger, -12, 0, "", false},
		{":12\r\n", replyInteger, 12, 0, "", false},
		{"*0\r\n", replyArray, 0, 0, "", false},
		{"*2\r\n:1\r\n*1\r\n:2\r\n", replyArray, 0, 2, "", false},
		{"_\r\n", replyNull, 0, 0, "", true},
		{"#t\r\n", replyBool, 1, 0, "", true},
		{"#f\r\n", replyBool, 0, 0, "", true},
		{",1.5\r\n", replyDouble, 0, 0, "", true},
		{"(123\r\n", replyBigNumber, 0, 3, "123", true},
		{"=7\r\ntxt:abc\r\n", replyVerbatim, 't' | 'x'<<8 | 't'<<16, 3, "abc", true},
		{"%1\r\n+k\r\n:1\r\n", replyMap, 0, 1, "", true},
		{"~2\r\n:1\r\n:2\r\n", replySet, 0, 2, "", true},
		{">1\r\n+x\r\n", replySet, 0, 1, "", true},
		{"|1\r\n+k\r\n:1\r\n:5\r\n", replyInteger, 5, 0, "", true},
		{"*1\r\n|1\r\n+k\r\n:1\r\n:5\r\n", replyArray, 0, 1, "", true},
		// Damage.
		{"", replyUnknown, 0, 0, "", false},
		{"$", replyUnknown, 0, 0, "", false},
		{"$9\r\nhello\r\n", replyUnknown, 0, 0, "", false},
		{"*2\r\n:1\r\n", replyUnknown, 0, 0, "", false},
		{"*99999999999\r\n", replyUnknown, 0, 0, "", false},
		{"!1\r\nx\r\n", replyUnknown, 0, 0, "", false},
		{"+no end", replyUnknown, 0, 0, "", false},
	} {
		r := newTestReply([]byte(tc.wire), false)
		c := r.cell
		text := ""
		if c.str != 0 {
			text = string(c.text())
		}
		if c.kind != tc.kind || c.n != tc.n || c.len != tc.len || text != tc.text || r.resp3 != tc.resp3 {
			t.Errorf("%q: kind %d, n %d, %d long, %q, resp3 %v", tc.wire, c.kind, c.n, c.len, text, r.resp3)
		}
		r.free(true)
	}
}

// Elements of a long reply do not stay when it is freed, nor do their handles live.
func TestCallReplyLong(t *testing.T) {
	onLoop(t)
	const n = 70_000 // more than a chunk has
	wire := append([]byte("*70000\r\n"), bytes.Repeat([]byte(":7\r\n"), n)...)
	for range 3 {
		r := newTestReply(wire, false)
		first := r.cell.elements(true)
		if last := replyAt(first + (n-1)*cellSize); last.kind != replyInteger || last.n != 7 {
			t.Fatalf("the last element is %+v", last)
		}
		r.free(true)
		for _, i := range []uintptr{0, 1, n - 1} {
			if headOf(first+i*cellSize) == headReply {
				t.Errorf("element %d lives on", i)
			}
		}
	}
}

// FuzzCallReply has any bytes read as a reply: elements together are what the whole is.
func FuzzCallReply(f *testing.F) {
	for _, seed := range []string{
		"$5\r\nhello\r\n", "*2\r\n:1\r\n*1\r\n$-1\r\n", "%1\r\n+k\r\n~1\r\n,1.5\r\n", "|1\r\n+a\r\n+b\r\n*1\r\n|1\r\n+c\r\n+d\r\n:1\r\n",
		"=7\r\ntxt:abc\r\n", "*1\r\n*1\r\n*1\r\n*0\r\n", "-ERR x\r\n", "(1\r\n", "_\r\n", "#t\r\n", "*-1\r\n", ">1\r\n+x\r\n", "*2\r\n:1\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		onLoop(t)
		r := newTestReply(b, false)
		defer r.free(true)
		if !r.resp3 && r.cell.kind != replyUnknown && int(r.cell.size) == len(b) {
			checkSound(t, r)
		}
		if r.cell.kind == replyUnknown && r.cell.size != uint64(len(b)) {
			t.Fatalf("%q is not known, and %d long", b, r.cell.size)
		}
		if !bytes.HasPrefix(r.buf, r.cell.wire()) && r.attrs == nil {
			t.Fatalf("%q became %q", b, r.cell.wire())
		}
		checkElements(t, r, r.cell)
	})
}

// checkSound has a sound reply read without going through it: that is no difference.
func checkSound(t *testing.T, r *callReply) {
	known := newTestReply(r.buf, true)
	defer known.free(true)
	a, b := *r.cell, *known.cell
	if a.proto-addrOf(&r.buf[0]) != b.proto-addrOf(&known.buf[0]) || a.str-a.proto != b.str-b.proto && a.str != 0 {
		t.Fatalf("%q: text at %d of %d, known to be sound %d of %d", r.buf, a.str, a.proto, b.str, b.proto)
	}
	a.proto, a.str, a.root = b.proto, b.str, b.root
	if a != b {
		t.Fatalf("%q is %+v, known to be sound %+v", r.buf, a, b)
	}
}

func checkElements(t *testing.T, r *callReply, c *replyCell) {
	base := c.elements(true)
	if base == 0 {
		return
	}
	sum := 0
	for i := range uintptr(c.count()) {
		e := replyAt(base + i*cellSize)
		if e.root != r.cell.addr() || headOf(e.addr()) != headReply {
			t.Fatalf("element %d of %q is of another tree, or none", i, c.wire())
		}
		if a := r.attrs[e.addr()]; a != 0 {
			sum += int(replyAt(a).size)
			checkElements(t, r, replyAt(a))
		}
		sum += int(e.size)
		checkElements(t, r, e)
	}
	if below := len(belowReply(c.wire())); sum != below && len(r.attrs) == 0 || sum > below {
		t.Fatalf("the elements of %q are %d long", c.wire(), sum)
	}
}

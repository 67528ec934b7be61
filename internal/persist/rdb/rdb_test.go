package rdb

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// appendModuleString appends a string to a module's value, compressed if it can be.
func appendModuleString(b, s []byte) []byte {
	return AppendString(AppendLen(b, uint64(ModuleString)), s, true)
}

// The bytes are those that Redis 7.2 writes.
func TestBytes(t *testing.T) {
	for _, tc := range []struct {
		name string
		got  []byte
		want string
	}{
		{"6 bits", AppendLen(nil, 63), "\x3f"},
		{"14 bits", AppendLen(nil, 64), "\x40\x40"},
		{"14 bits full", AppendLen(nil, 1<<14-1), "\x7f\xff"},
		{"32 bits", AppendLen(nil, 1<<14), "\x80\x00\x00\x40\x00"},
		{"32 bits full", AppendLen(nil, math.MaxUint32), "\x80\xff\xff\xff\xff"},
		{"64 bits", AppendLen(nil, 1<<32), "\x81\x00\x00\x00\x01\x00\x00\x00\x00"},
		{"empty", AppendString(nil, nil, true), "\x00"},
		{"text", AppendString(nil, []byte("abc"), true), "\x03abc"},
		{"8-bit number", AppendString(nil, []byte("-128"), true), "\xc0\x80"},
		{"16-bit number", AppendString(nil, []byte("128"), true), "\xc1\x80\x00"},
		{"32-bit number", AppendString(nil, []byte("-2147483648"), true), "\xc2\x00\x00\x00\x80"},
		{"beyond 32 bits", AppendString(nil, []byte("2147483648"), true), "\x0a2147483648"},
		{"not a number's way", AppendString(nil, []byte("+1"), true), "\x02+1"},
		{"nor this", AppendString(nil, []byte("-0"), true), "\x02-0"},
		{"or this", AppendString(nil, []byte("007"), true), "\x03007"},
		{"compressed", AppendString(nil, bytes.Repeat([]byte("a"), 30), true), ""},
		{"not compressed", AppendString(nil, bytes.Repeat([]byte("a"), 21), false), "\x15" + strings.Repeat("a", 21)},
		{"double", AppendDouble(nil, 1.5), "\x00\x00\x00\x00\x00\x00\xf8\x3f"},
		{"float", AppendFloat(nil, -2), "\x00\x00\x00\xc0"},
		{"module's number", AppendModuleUint(nil, 7), "\x02\x07"},
		{"module's double", AppendModuleDouble(nil, 0), "\x04\x00\x00\x00\x00\x00\x00\x00\x00"},
		{"module's float", AppendModuleFloat(nil, 0), "\x03\x00\x00\x00\x00"},
	} {
		if tc.name == "compressed" {
			// Another compressor may choose other references; Redis reads any.
			s, err := NewReader(tc.got).String()
			if err != nil || string(s) != strings.Repeat("a", 30) || len(tc.got) > 12 {
				t.Errorf("compressed: %q %v", tc.got, err)
			}
			continue
		}
		if string(tc.got) != tc.want {
			t.Errorf("%s: %q, not %q", tc.name, tc.got, tc.want)
		}
	}
}

func TestLenRoundTrip(t *testing.T) {
	for _, n := range []uint64{0, 1, 63, 64, 1<<14 - 1, 1 << 14, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64} {
		r := NewReader(AppendLen(nil, n))
		if got, enc, err := r.Len(); got != n || enc || err != nil || !r.Done() {
			t.Errorf("%d: %d %v %v", n, got, enc, err)
		}
	}
}

// Strings come back, of any length and any kind of contents.
func TestStringRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		s := make([]byte, rng.IntN(1<<rng.IntN(15)))
		letters := 1 + rng.IntN(1<<rng.IntN(9))
		for i := range s {
			s[i] = byte(rng.IntN(letters))
			if i > 10 && rng.IntN(4) == 0 {
				s[i] = s[i-10]
			}
		}
		b := AppendString(nil, s, true)
		if len(b) > len(s)+5 {
			t.Fatalf("%d bytes for %d", len(b), len(s))
		}
		r := NewReader(b)
		if got, err := r.String(); err != nil || !bytes.Equal(got, s) || !r.Done() {
			t.Fatalf("%q became %q: %v", s, got, err)
		}
	}
}

// What a C program compressed is read, and what nobody would write is refused.
func TestReaderRefuses(t *testing.T) {
	if s, err := NewReader([]byte("\xc3\x09\x1e\x01aa\xe0\x11\x00\x01aa")).String(); err != nil || string(s) != strings.Repeat("a", 30) {
		t.Errorf("%q %v", s, err)
	}
	for _, tc := range []struct {
		name, in string
		want     error
	}{
		{"nothing", "", ErrShort},
		{"half a length", "\x40", ErrShort},
		{"a third of a length", "\x80\x00", ErrShort},
		{"a length of no kind", "\x82", ErrCorrupt},
		{"a string cut", "\x05abcd", ErrShort},
		{"an enormous string", "\x81\xff\xff\xff\xff\xff\xff\xff\xff", ErrShort},
		{"a number cut", "\xc2\x00", ErrShort},
		{"an unknown encoding", "\xc4", ErrCorrupt},
		{"compressed, enormous", "\xc3\x01\x81\x7f\xff\xff\xff\xff\xff\xff\xff\x00", ErrCorrupt},
		{"compressed, a reference before the beginning", "\xc3\x02\x05\x20\x00", ErrCorrupt},
		{"compressed, a reference cut", "\xc3\x03\x05\x00a\x20", ErrCorrupt},
		{"compressed, a run cut", "\xc3\x02\x05\x04a", ErrCorrupt},
		{"compressed, too long", "\xc3\x03\x01\x01ab", ErrCorrupt},
		{"compressed, too short", "\xc3\x03\x05\x01ab", ErrCorrupt},
	} {
		if s, err := NewReader([]byte(tc.in)).String(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %q %v", tc.name, s, err)
		}
	}
	for _, in := range []string{"\x05", "\x01", "\x04\x00", "\x03\x00", "\x02", "\x07"} {
		if err := NewReader([]byte(in)).SkipModule(); err == nil {
			t.Errorf("%q is accepted as a module's value", in)
		}
		if err := NewReader([]byte(in)).PassModule(); err == nil {
			t.Errorf("%q is passed as a module's value", in)
		}
	}
	// What is passed ends where what is read ends, compressed or not.
	for _, text := range []string{"", "7", "-300", "70000", "plain text", strings.Repeat("x", 1000)} {
		b := append(appendModuleString(AppendModuleUint(nil, 5), []byte(text)), byte(ModuleEnd), 1, 2, 3)
		skip, pass := NewReader(b), NewReader(b)
		if err := errors.Join(skip.SkipModule(), pass.PassModule()); err != nil || skip.Pos() != len(b)-3 || pass.Pos() != len(b)-3 {
			t.Errorf("%.20q: %d and %d of %d: %v", text, skip.Pos(), pass.Pos(), len(b), err)
		}
	}
	whole := AppendModuleFloat(AppendModuleDouble(appendModuleString(AppendModuleUint(nil, 1<<40), []byte("s")), math.NaN()), 1)
	if err := NewReader(whole).SkipModule(); err != nil {
		t.Error(err)
	}
	r := NewReader(whole)
	n, err1 := r.ModuleUint()
	s, err2 := r.ModuleString()
	d, err3 := r.ModuleDouble()
	f, err4 := r.ModuleFloat()
	if err := errors.Join(err1, err2, err3, err4); err != nil || n != 1<<40 || string(s) != "s" || !math.IsNaN(d) || f != 1 {
		t.Errorf("%d %q %v %v: %v", n, s, d, f, err)
	}
	if _, err := NewReader(whole).ModuleString(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a number is read as a string: %v", err)
	}
}

// Whatever the bytes are, reading ends, and takes no more memory than they can
// stand for.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x02\x07\x05\x03abc\x04\x00\x00\x00\x00\x00\x00\xf8\x3f\x03\x00\x00\x00\xc0\x00"))
	f.Add(appendModuleString(nil, bytes.Repeat([]byte("abcab"), 100)))
	f.Add([]byte("\x05\xc3\x05\x1e\x01aa\xe0\x13\x00"))
	f.Add([]byte("\x05\xc2\x01\x02\x03\x04\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := NewReader(b).SkipModule(); err != nil && !errors.Is(err, ErrShort) && !errors.Is(err, ErrCorrupt) {
			t.Errorf("the error %v is none of the package's", err)
		}
		r := NewReader(b)
		if s, err := r.String(); err == nil {
			if len(s) > len(b)*lzfMatch && len(s) > maxIntText {
				t.Errorf("%d bytes from %d", len(s), len(b))
			}
			if got, err := NewReader(AppendString(nil, s, true)).String(); err != nil || !bytes.Equal(got, s) {
				t.Errorf("%q became %q: %v", s, got, err)
			}
		}
		_, _ = NewReader(b).ModuleDouble()
		_, _ = NewReader(b).ModuleFloat()
		_, _ = NewReader(b).ModuleUint()
	})
}

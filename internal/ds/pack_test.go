package ds

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"berth/internal/mem"
)

func TestParseInt(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"7", 7, true}, {"-1", -1, true}, {"1234567890", 1234567890, true},
		{"9223372036854775807", math.MaxInt64, true}, {"-9223372036854775808", math.MinInt64, true},
		{"9223372036854775808", 0, false}, {"-9223372036854775809", 0, false}, {"18446744073709551616", 0, false},
		{"99999999999999999999", 0, false}, {"", 0, false}, {"-", 0, false}, {"-0", 0, false}, {"00", 0, false},
		{"01", 0, false}, {"+1", 0, false}, {" 1", 0, false}, {"1 ", 0, false}, {"1a", 0, false}, {"--1", 0, false},
	} {
		if n, ok := ParseInt([]byte(tc.in)); ok != tc.ok || ok && n != tc.want {
			t.Errorf("ParseInt(%q) = %d, %v", tc.in, n, ok)
		}
	}
}

// samples are byte strings about every border of the encodings.
func samples() [][]byte {
	var out [][]byte
	for _, n := range []int64{0, 1, 127, 128, -1, 4095, 4096, -4096, -4097, 32767, 32768, -32768, -32769, 1<<23 - 1, 1 << 23,
		-1 << 23, -1<<23 - 1, math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64} {
		out = append(out, strconv.AppendInt(nil, n, 10))
	}
	for _, n := range []int{0, 1, 62, 63, 64, 125, 126, 127, 128, 4095, 4096, 16379, 16380, 16381, 16382, 16383, 16384, 70_000, 2097145, 2097150} {
		out = append(out, bytes.Repeat([]byte{'x'}, n))
	}
	return out
}

func TestElem(t *testing.T) {
	for _, s := range samples() {
		e := Of(s)
		var tmp [20]byte
		if got := e.Bytes(tmp[:]); string(got) != string(s) {
			t.Fatalf("%.30q became %.30q", s, got)
		}
		if e.Len() != len(s) || !e.EqualBytes(s) || !e.Equal(Of(s)) || e.EqualBytes([]byte("other")) || string(e.Append([]byte("a"))) != "a"+string(s) {
			t.Errorf("%.30q: wrong in Len, Equal or Append", s)
		}
		b := make([]byte, elemSize(e)+1)
		putElem(b, e)
		got, next := elemAt(b, 0)
		if !got.Equal(e) || next != elemSize(e) || skipElem(b, 0) != next || elemBefore(b, next) != 0 || checkedSize(b) != next {
			t.Errorf("%.30q (%d bytes): read back wrongly", s, len(s))
		}
	}
}

// TestPackBytes compares with listpacks that redis-server wrote (RPUSH, DUMP).
func TestPackBytes(t *testing.T) {
	h := mem.New()
	defer h.Close()
	k := NewPack(h)
	for _, s := range []string{"a", "-5", "1000", "hello", "100000"} {
		k = k.Append(h, Of([]byte(s)))
	}
	want := "\x1f\x00\x00\x00\x05\x00\x81a\x02\xdf\xfb\x02\xc3\xe8\x02\x85hello\x06\xf2\xa0\x86\x01\x04\xff"
	want = string(byte(len(want))) + want[1:]
	if got := string(k.Bytes()); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestPackAgainstSlice runs random changes on a pack and on a slice.
func TestPackAgainstSlice(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	h := mem.New()
	defer h.Close()
	pool := samples()
	pool = pool[:len(pool)-3]
	pick := func() []byte {
		if rnd.IntN(30) == 0 {
			return pool[rnd.IntN(len(pool))]
		}
		return pool[rnd.IntN(25)]
	}
	k := NewPack(h)
	var model [][]byte
	for step := range 20_000 {
		n := len(model)
		i := rnd.IntN(n + 1)
		pos := k.Seek(i, n)
		s := pick()
		switch op := rnd.IntN(8); {
		case op < 4 && n < 200:
			k = k.Insert(h, pos, Of(s))
			model = slices.Insert(model, i, s)
		case op < 5 && i < n:
			k = k.Replace(h, pos, Of(s))
			model[i] = s
		case op < 7:
			m := min(rnd.IntN(4), n-i)
			k = k.Delete(h, pos, rnd.IntN(2)*1000*boolInt(i+m == n)+m)
			model = slices.Delete(model, i, i+m)
		default:
			left, right := k.Split(h, pos, i, n)
			if left.Len() != i || right.Len() != n-i {
				t.Fatalf("step %d: split into %d and %d at %d", step, left.Len(), right.Len(), i)
			}
			k = left.Join(h, right)
			right.Free(h)
		}
		if err := CheckPack(k.Bytes()); err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		if k.Len() != len(model) {
			t.Fatalf("step %d: %d elements, want %d", step, k.Len(), len(model))
		}
		j := 0
		for pos := k.First(); pos < k.End(); j++ {
			e, next := k.Get(pos)
			if !e.EqualBytes(model[j]) {
				t.Fatalf("step %d: element %d is %.20q, want %.20q", step, j, e.Append(nil), model[j])
			}
			pos = next
		}
		for pos := k.Last(); pos >= 0; pos = k.Prev(pos) {
			j--
			if e, _ := k.Get(pos); !e.EqualBytes(model[j]) {
				t.Fatalf("step %d: backwards, element %d is wrong", step, j)
			}
		}
		if x := NeedleOf(s); true {
			want := slices.IndexFunc(model, func(m []byte) bool { return string(m) == string(s) })
			got := k.Find(k.First(), &x, 0)
			if want < 0 != (got < 0) || want >= 0 && got != k.Seek(want, len(model)) {
				t.Fatalf("step %d: Find(%.20q) = %d", step, s, got)
			}
		}
	}
	k.Free(h)
	if h.Used() != 0 {
		t.Errorf("%d bytes are left", h.Used())
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestPackMany crosses the border above which a pack counts its elements.
func TestPackMany(t *testing.T) {
	h := mem.New()
	defer h.Close()
	k := NewPack(h)
	for i := range 65_540 {
		k = k.Append(h, Int(int64(i%100)))
		if i >= 65_530 && k.Len() != i+1 {
			t.Fatalf("%d elements, want %d", k.Len(), i+1)
		}
	}
	k = k.Delete(h, k.First(), 10)
	if k.Len() != 65_530 {
		t.Errorf("%d elements", k.Len())
	}
	if err := CheckPack(k.Bytes()); err != nil {
		t.Error(err)
	}
}

func FuzzLoadPack(f *testing.F) {
	h := mem.New()
	k := NewPack(h)
	f.Add(slices.Clone(k.Bytes()))
	for _, s := range samples() {
		if len(s) < 5000 {
			k = k.Append(h, Of(s))
		}
	}
	f.Add(slices.Clone(k.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := LoadPack(h, b)
		if err != nil {
			if !errors.Is(err, ErrPack) {
				t.Fatal(err)
			}
			return
		}
		// What was accepted can be walked and changed without harm.
		n := 0
		for pos := k.First(); pos < k.End(); pos = k.Next(pos) {
			k.Get(pos)
			n++
		}
		for pos := k.Last(); pos >= 0; pos = k.Prev(pos) {
			n--
		}
		if n != 0 {
			t.Fatalf("%d more elements forwards than backwards", n)
		}
		k = k.Insert(h, k.First(), Raw([]byte("first")))
		k = k.Delete(h, k.First(), 1)
		k.Free(h)
	})
}

func BenchmarkPackAppend(b *testing.B) {
	h := mem.New()
	defer h.Close()
	e := Raw([]byte("0123456789"))
	k := NewPack(h)
	for range b.N {
		if k.Size() > 8000 {
			k.Free(h)
			k = NewPack(h)
		}
		k = k.Append(h, e)
	}
}

func BenchmarkPackPrepend(b *testing.B) {
	h := mem.New()
	defer h.Close()
	e := Raw([]byte("0123456789"))
	k := NewPack(h)
	for range b.N {
		if k.Size() > 8000 {
			k.Free(h)
			k = NewPack(h)
		}
		k = k.Insert(h, k.First(), e)
	}
}

func ExamplePack() {
	h := mem.New()
	defer h.Close()
	k := NewPack(h)
	for _, s := range []string{"one", "2", "three"} {
		k = k.Append(h, Of([]byte(s)))
	}
	for pos := k.First(); pos < k.End(); {
		var e Elem
		e, pos = k.Get(pos)
		fmt.Printf("%s\n", e.Append(nil))
	}
	// Output:
	// one
	// 2
	// three
}

package hll

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

func add(t testing.TB, b []byte, n, limit int) []byte {
	t.Helper()
	for i := range n {
		var err error
		if b, _, err = Add(b, fmt.Appendf(nil, "element:%d", i), limit); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestEstimate(t *testing.T) {
	for _, n := range []int{0, 1, 10, 100, 1000, 10_000, 100_000} {
		for _, limit := range []int{0, 3000, 1 << 20} {
			got, err := Count(add(t, New(), n, limit))
			// Three standard errors.
			if err != nil || math.Abs(float64(got)-float64(n)) > 3*0.0081*float64(n)+0.5 {
				t.Errorf("%d elements, limit %d: estimated at %d, %v", n, limit, got, err)
			}
		}
	}
}

// The encodings of one set have the same registers, and so the same estimate.
func TestEncodings(t *testing.T) {
	for _, n := range []int{1, 50, 700, 3000} {
		small, big := add(t, New(), n, 1<<20), add(t, New(), n, 0)
		if Dense(small) || !Dense(big) {
			t.Fatalf("%d elements: dense is %v and %v", n, Dense(small), Dense(big))
		}
		d, err := ToDense(small)
		if err != nil || string(d[headerSize:]) != string(big[headerSize:]) {
			t.Errorf("%d elements: the registers differ, %v", n, err)
		}
		a, _ := Count(small)
		b, _ := Count(big)
		max := make([]uint8, Registers)
		if err := errors.Join(Merge(max, small), Merge(max, big)); err != nil || a != b || CountMerged(max) != a {
			t.Errorf("%d elements: %d, %d and %d, %v", n, a, b, CountMerged(max), err)
		}
	}
}

func TestRegisters(t *testing.T) {
	b := make([]byte, denseSize)
	for i := range Registers {
		raise(b, i, uint8(i%64))
	}
	for i := range Registers {
		if got := register(b, i); got != uint8(i%64) {
			t.Fatalf("register %d is %d", i, got)
		}
	}
}

func TestDamaged(t *testing.T) {
	head := string(New()[:headerSize])
	for _, body := range []string{"", "\x00", "\x7f", "\x7f\xff\x00", "\x7f\xfe", "\x80", "\x7f\xff\x7f\xff"} {
		b := []byte(head + body)
		if err := Check(b); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		if _, err := Count(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("Count of %q: %v", body, err)
		}
		if _, err := ToDense(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("ToDense of %q: %v", body, err)
		}
	}
	for _, b := range []string{"", "HYLL", head[:15], "HYLX" + head[4:], "HYLL\x02" + head[5:], "HYLL\x00" + head[5:] + "x"} {
		if err := Check([]byte(b)); !errors.Is(err, ErrForeign) {
			t.Errorf("%q: %v", b, err)
		}
	}
}

func FuzzSparse(f *testing.F) {
	f.Add([]byte("\x7f\xff"), 0, uint8(1))
	f.Add([]byte("\x7f"), 16383, uint8(32))
	f.Add([]byte("\x80\x7f\xfe"), 1, uint8(33))
	f.Add([]byte("\x3f\x83\x40"), 66, uint8(2))
	f.Fuzz(func(t *testing.T, body []byte, i int, val uint8) {
		b := append(New()[:headerSize:headerSize], body...)
		whole := eachRun(b, func(int, int, uint8) {}) == nil
		_, _ = Count(b)
		_ = Decode(b)
		i, val = i&(Registers-1), val%50+1
		after, changed, err := Raise(b, i, val, 3000)
		if !whole || err != nil {
			if whole {
				t.Fatalf("a sound one is damaged: %v", err)
			}
			return
		}
		d, err := ToDense(after)
		if err != nil || register(d, i) < val || changed && register(d, i) != val {
			t.Fatalf("register %d is %d after it was raised to %d: %v", i, register(d, i), val, err)
		}
	})
}

package ticks

import (
	"testing"
	"time"
)

// TestNanos measures the same stretch with both clocks, a few times should the
// test be held up between reading one and the other.
func TestNanos(t *testing.T) {
	var got, want time.Duration
	for range 5 {
		Calibrate()
		start, tick := time.Now(), Now()
		time.Sleep(20 * time.Millisecond)
		got, want = time.Duration(Nanos(Now()-tick)), time.Since(start)
		if (got - want).Abs() < want/20 {
			return
		}
	}
	t.Errorf("%v by ticks, %v by the clock", got, want)
}

func TestNanosBounds(t *testing.T) {
	if n := Nanos(-5); n != 0 {
		t.Errorf("a stretch below zero is %d ns", n)
	}
	old := scale.Load()
	defer scale.Store(old)
	scale.Store(1 << 31) // two ticks a nanosecond
	for _, tc := range []struct{ ticks, want int64 }{{0, 0}, {1, 0}, {2, 1}, {1 << 33, 1 << 32}, {1<<40 + 6, 1<<39 + 3}} {
		if got := Nanos(tc.ticks); got != tc.want {
			t.Errorf("%d ticks are %d ns, want %d", tc.ticks, got, tc.want)
		}
	}
}

// Without a counter that can be relied on there is the system's clock.
func TestUnreliable(t *testing.T) {
	was, old := usable, scale.Load()
	defer func() { usable = was; scale.Store(old) }()
	usable = false
	scale.Store(1 << 32)
	a, n := Now(), nanotime()
	if n < a || n-a > int64(time.Second) {
		t.Errorf("the clock says %d, the package %d", n, a)
	}
	Calibrate()
	if Nanos(1000) != 1000 {
		t.Errorf("1000 ns are %d", Nanos(1000))
	}
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		_ = Now()
	}
}

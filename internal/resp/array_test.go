package resp

import (
	"math"
	"testing"
)

func TestPutArray(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 99, 100, 1 << 40, math.MaxInt64} {
		b := make([]byte, ArraySize(n))
		PutArray(b, n)
		if want := string(AppendArray(nil, n)); string(b) != want {
			t.Errorf("%q, want %q", b, want)
		}
	}
}

package server

import (
	"math"
	"runtime/metrics"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	buckets := []float64{math.Inf(-1), 1e-6, 1e-3, 1, math.Inf(1)}
	for _, tc := range []struct {
		counts []uint64
		q      float64
		want   time.Duration
	}{
		{[]uint64{0, 0, 0, 0}, 1, 0},
		{[]uint64{0, 99, 1, 0}, 0.99, time.Millisecond},
		{[]uint64{0, 99, 1, 0}, 1, time.Second},
		{[]uint64{5, 0, 0, 0}, 1, time.Microsecond},
		{[]uint64{0, 0, 0, 1}, 1, time.Second},
	} {
		if got := quantile(&metrics.Float64Histogram{Counts: tc.counts, Buckets: buckets}, tc.q); got != tc.want {
			t.Errorf("quantile(%v, %v) = %v, want %v", tc.counts, tc.q, got, tc.want)
		}
	}
}

package bench

import (
	"math"
	"slices"
)

// Median is the middle of the values, or the mean of the middle two. It does not change them. Without values it is 0.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Spread is the values' range without its outer quarters: how far the median can be trusted.
func Spread(values []float64) (low, high float64) {
	if len(values) == 0 {
		return 0, 0
	}
	v := slices.Sorted(slices.Values(values))
	q := len(v) / 4
	return v[q], v[len(v)-1-q]
}

// Uncertainty is how far the median of other values from the same source may lie from that of these (95 in 100 times, for
// values that scatter evenly): 1.57 times the inner half's width, by the root of their number.
func Uncertainty(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	low, high := Spread(values)
	return 1.57 * (high - low) / math.Sqrt(float64(len(values)))
}

// Ratios are b[i]/a[i] of two series measured in turn.
func Ratios(a, b []float64) []float64 {
	r := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		r = append(r, b[i]/a[i])
	}
	return r
}

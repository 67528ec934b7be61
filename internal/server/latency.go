package server

import "math/bits"

// Histogram counts durations in buckets whose width grows with the duration,
// so that each value is known to about 3 %. It belongs to the loop.
type Histogram struct {
	counts [histBuckets]uint32
	total  uint64
}

const (
	// histSub is how many buckets share a power of two, as a power of two.
	histSub = 5
	// histMax is the longest duration told apart, as a power of two of
	// nanoseconds: a bit more than a second, as in Redis.
	histMax = 30
	// histBuckets is how many buckets that makes.
	histBuckets = (histMax - histSub + 2) << histSub
)

// bucket is where a duration is counted.
func bucket(nanos int64) int {
	n := uint64(max(nanos, 0))
	if n >= 1<<(histMax+1) {
		return histBuckets - 1
	}
	if n < 1<<(histSub+1) {
		return int(n)
	}
	shift := bits.Len64(n) - histSub - 1
	return shift<<histSub + int(n>>shift)
}

// upper is the largest duration that falls into a bucket.
func upper(b int) int64 {
	if b < 1<<(histSub+1) {
		return int64(b)
	}
	shift := b>>histSub - 1
	base := int64(b&(1<<histSub-1) | 1<<histSub)
	return (base+1)<<shift - 1
}

// Add counts one duration in nanoseconds.
func (h *Histogram) Add(nanos int64) {
	h.counts[bucket(nanos)]++
	h.total++
}

// Percentile is the duration in nanoseconds that p percent of those counted
// did not exceed; for 0 it is the least.
func (h *Histogram) Percentile(p float64) int64 {
	want := uint64(p/100*float64(h.total) + 0.5)
	want = max(want, 1)
	var seen uint64
	for b, n := range h.counts {
		seen += uint64(n)
		if seen >= want {
			if p == 0 && b > 0 {
				return upper(b-1) + 1
			}
			return upper(b)
		}
	}
	return 0
}

// observe counts the duration of one call for INFO latencystats.
func (s *Server) observe(cmd *Command, nanos int64) {
	if !s.Config.Values.LatencyTracking {
		return
	}
	if cmd.Stats.Latency == nil {
		cmd.Stats.Latency = new(Histogram)
	}
	cmd.Stats.Latency.Add(nanos)
}

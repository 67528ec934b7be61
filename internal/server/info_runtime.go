package server

import (
	"math"
	"runtime/metrics"
	"time"
)

// infoRuntime is about the Go runtime, which Redis does not have: INFO runtime
// (no other name shows it) tells whether the collector is worth a thought. Pauses are those in which
// nothing runs, the loop included.
func (s *Server) infoRuntime(w *InfoWriter) {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/sched/goroutines:goroutines"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(samples)
	w.uint("runtime_gc_cycles", samples[0].Value.Uint64())
	w.int("runtime_gc_pause_p99_usec", quantile(samples[4].Value.Float64Histogram(), 0.99).Microseconds())
	w.int("runtime_gc_pause_max_usec", quantile(samples[4].Value.Float64Histogram(), 1).Microseconds())
	w.uint("runtime_heap_bytes", samples[1].Value.Uint64())
	w.uint("runtime_mapped_bytes", samples[2].Value.Uint64())
	w.uint("runtime_goroutines", samples[3].Value.Uint64())
}

// quantile is the upper bound of the bucket in which a part q of all values
// lies or lies below; 0 without values.
func quantile(h *metrics.Float64Histogram, q float64) time.Duration {
	total := uint64(0)
	for _, n := range h.Counts {
		total += n
	}
	seen := uint64(0)
	for i, n := range h.Counts {
		seen += n
		if n == 0 || float64(seen) < q*float64(total) {
			continue
		}
		if bound := h.Buckets[i+1]; !math.IsInf(bound, 1) {
			return time.Duration(bound * float64(time.Second))
		}
		return time.Duration(h.Buckets[i] * float64(time.Second))
	}
	return 0
}

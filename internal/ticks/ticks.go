// Package ticks is a clock for what is measured so often that reading the system's
// would show: the processor's counter, a quarter of the price.
//
// It measures stretches of time only. Where the system itself does not trust the
// counter, or the processor's is not known here, the system's clock serves instead.
package ticks

import (
	"math/bits"
	"sync/atomic"
	_ "unsafe" // for go:linkname
)

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// usable says that counter may be read.
var usable = reliable()

// The first reading of both clocks, and how many nanoseconds a tick takes times
// 2^32, from then to the last calibration.
var (
	firstTick, firstNano = pair()
	scale                atomic.Uint64
)

func init() {
	scale.Store(1 << 32)
	if !usable {
		return
	}
	// Long enough to be right within a few percent: Calibrate does better.
	const first = 50_000
	for n := nanotime(); nanotime()-n < first; {
	}
	Calibrate()
}

// pair reads both clocks at the same moment, as nearly as it can.
func pair() (tick, nano int64) {
	if !usable {
		return 0, nanotime()
	}
	least := int64(1) << 62
	for range 5 {
		before := nanotime()
		t := counter()
		after := nanotime()
		if after-before < least {
			least, tick, nano = after-before, t, before+(after-before)/2
		}
	}
	return tick, nano
}

// Now is the present, in ticks.
func Now() int64 {
	if usable {
		return counter()
	}
	return nanotime()
}

// Nanos is a stretch of time in nanoseconds, of which there are none below zero:
// counters of two processors may differ by a few ticks.
func Nanos(ticks int64) int64 {
	if ticks <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(ticks), scale.Load())
	return int64(high<<32 | low>>32)
}

// Calibrate finds out anew how long a tick takes. Now and then is enough.
func Calibrate() {
	if !usable {
		return
	}
	tick, nano := pair()
	if tick > firstTick && nano > firstNano {
		scale.Store(uint64(float64(nano-firstNano) / float64(tick-firstTick) * (1 << 32)))
	}
}

package server

import "time"

const (
	// ratePeriod is how often the counters are sampled.
	ratePeriod = 100 * time.Millisecond
	// rateSamples is how many samples a rate is the mean of.
	rateSamples = 16
)

// The counters that INFO shows as rates.
const (
	rateCommands = iota
	rateIn
	rateOut
	rateCycles
	rateBusy
	rateCount
)

// rates are the sampled counters, and what the loop's cycles cost.
type rates struct {
	samples [rateCount][rateSamples]float64
	last    [rateCount]int64
	at      int64
	next    int
	// cycles counts iterations of the loop, busy the nanoseconds spent in
	// them outside of waiting.
	cycles, busy int64
	began        int64
}

// sampleRates takes one sample of each counter.
func (s *Server) sampleRates() {
	r := &s.info.rates
	now := nanotime()
	values := [rateCount]int64{s.Stats.Commands, s.Stats.NetIn, s.Stats.NetOut, r.cycles, r.busy}
	if elapsed := now - r.at; r.at != 0 && elapsed > 0 {
		for i, v := range values {
			// A counter below its last value was reset meanwhile.
			r.samples[i][r.next] = float64(max(v-r.last[i], 0)) * float64(time.Second) / float64(elapsed)
		}
		r.next = (r.next + 1) % rateSamples
	}
	r.last, r.at = values, now
	s.Stats.PeakMemory = max(s.Stats.PeakMemory, int64(s.UsedMemory()))
}

// perSecond is the mean of a counter's samples.
func (r *rates) perSecond(which int) float64 {
	sum := 0.0
	for _, v := range r.samples[which] {
		sum += v
	}
	return sum / rateSamples
}

// meanCycle is how long an iteration took of late, in microseconds.
func (r *rates) meanCycle() float64 {
	cycles := r.perSecond(rateCycles)
	if cycles == 0 {
		return 0
	}
	return r.perSecond(rateBusy) / cycles / 1000
}

// reset forgets the samples and the loop's figures.
func (r *rates) reset() { *r = rates{began: r.began} }

package server

import "time"

const (
	// ratePeriod is how often the counters are sampled at most.
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
	// began is when the running cycle began, commands how many had been
	// processed by then.
	began, commands int64
	// cycles counts iterations of the loop, busy the nanoseconds spent in
	// them outside of waiting, longest the longest, most the most commands
	// in one.
	cycles, busy, longest, most int64
	// cron is the time spent sampling, in nanoseconds.
	cron int64
}

// beginCycle notes that the loop has woken up.
func (s *Server) beginCycle() {
	s.info.rates.began = s.clock.now
	s.info.rates.commands = s.Stats.Commands
}

// endCycle notes that the loop is about to sleep. Samples are taken here too:
// a timer of their own would wake up an idle server for nothing.
func (s *Server) endCycle() {
	r := &s.info.rates
	now := nanotime()
	spent := now - r.began
	r.cycles++
	r.busy += spent
	r.longest = max(r.longest, spent)
	r.most = max(r.most, s.Stats.Commands-r.commands)
	if now-r.at >= int64(ratePeriod) {
		s.sampleRates()
		r.cron += nanotime() - now
	}
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
	if s.Config.Values.MaxMemory != 0 {
		s.sampleMemory()
	}
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

package server

import (
	"fmt"
	"strings"
	"time"
)

// advice is what the latency report suggests.
type advice uint16

const (
	adviseSlowlogOn advice = 1 << iota
	adviseSlowlogLower
	adviseSlowlogRead
	adviseScheduler
	adviseHz
	adviseSmaller
	adviseMaxMemory
)

// adviceFor are the suggestions by event.
var adviceFor = map[string]advice{
	"command":        adviseSlowlogRead | adviseSmaller,
	"fast-command":   adviseScheduler,
	"expire-cycle":   adviseHz | adviseSmaller,
	"eviction-del":   adviseSmaller,
	"eviction-cycle": adviseMaxMemory,
}

// latencyReport explains the samples that there are.
func (s *Server) latencyReport() string {
	threshold := s.LatencyThreshold()
	series := s.latency.series
	if len(series) == 0 && threshold == 0 {
		return "Latency is not being watched. CONFIG SET latency-monitor-threshold <milliseconds> turns that on.\n"
	}
	if len(series) == 0 {
		return "No latency spike was seen so far.\n"
	}
	var b strings.Builder
	b.WriteString("These latency spikes were seen:\n\n")
	var wanted advice
	for i, x := range series {
		f := x.facts()
		fmt.Fprintf(&b, "%d. %s: %d latency spikes (average %dms, mean deviation %dms, period %.2f sec). Worst all time event %dms.\n",
			i+1, x.event, len(x.samples), f.average, f.deviation, float64(f.period)/float64(len(x.samples)), x.max)
		wanted |= adviceFor[x.event]
	}
	if wanted&adviseSlowlogRead != 0 {
		switch micros := s.Config.Values.SlowlogThreshold; {
		case micros < 0:
			wanted |= adviseSlowlogOn
		case micros/int64(time.Millisecond/time.Microsecond) > threshold:
			wanted |= adviseSlowlogLower
		}
	}
	if s.Settings.Hz >= 100 {
		wanted &^= adviseHz
	}
	if wanted == 0 {
		b.WriteString("\nNothing that would help is known.\n")
		return b.String()
	}
	b.WriteString("\nWhat may help:\n\n")
	micros := threshold * int64(time.Millisecond/time.Microsecond)
	for _, a := range []struct {
		bit  advice
		text string
	}{
		{adviseSlowlogOn, fmt.Sprintf("The slow log is off: CONFIG SET slowlog-log-slower-than %d makes it keep the commands that take long.", micros)},
		{adviseSlowlogLower, fmt.Sprintf("The slow log keeps only commands slower than what counts as a spike: CONFIG SET slowlog-log-slower-than %d.", micros)},
		{adviseSlowlogRead, "SLOWLOG GET shows which commands take long."},
		{adviseScheduler, "Commands that do little took long, so the process did not get the processor. Look for load on this machine, and for other virtual machines on its host."},
		{adviseHz, "CONFIG SET hz 100 makes the server look for expired keys more often, and for less time."},
		{adviseSmaller, "Deleting a large value takes long: make values smaller, use UNLINK, or set lazyfree-lazy-expire, lazyfree-lazy-eviction and lazyfree-lazy-server-del."},
		{adviseMaxMemory, "Keys are evicted in masses after maxmemory was lowered or a large value was made: change either in smaller steps."},
	} {
		if wanted&a.bit != 0 {
			b.WriteString("- " + a.text + "\n")
		}
	}
	return b.String()
}

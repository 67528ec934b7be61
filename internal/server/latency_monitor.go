package server

import (
	"math"
	"slices"
	"strings"
	"time"
)

// latencyKept is how many samples of an event are kept.
const latencyKept = 160

// latencySample is one event that took long: when, in seconds since 1970, and
// how long, in milliseconds.
type latencySample struct {
	unix   int64
	millis int64
}

// latencySeries are the samples of one kind of event, oldest first.
type latencySeries struct {
	event   string
	max     int64
	samples []latencySample
}

// latencyState is the latency monitor.
type latencyState struct {
	series []*latencySeries
	// threshold is from what duration on an event is kept, in nanoseconds.
	threshold int64
}

// applyLatency takes over latency-monitor-threshold.
func (s *Server) applyLatency() error {
	s.latency.threshold = math.MaxInt64 // never
	millis := s.LatencyThreshold()
	if millis > 0 && millis < math.MaxInt64/int64(time.Millisecond) {
		s.latency.threshold = millis * int64(time.Millisecond)
	}
	return nil
}

// LatencyThreshold is from how many milliseconds on an event is worth a sample,
// 0 when the server's own are not watched.
func (s *Server) LatencyThreshold() int64 { return s.Config.Int("latency-monitor-threshold") }

// noteLatency keeps the duration of an event, in nanoseconds, if it is long.
func (s *Server) noteLatency(event string, nanos int64) {
	if nanos >= s.latency.threshold {
		s.AddLatency(event, nanos/int64(time.Millisecond))
	}
}

// AddLatency keeps a sample of an event, in milliseconds. In a second only the
// longest is kept.
func (s *Server) AddLatency(event string, millis int64) {
	l := &s.latency
	x := l.find(event)
	if x == nil {
		x = &latencySeries{event: event}
		l.series = append(l.series, x)
	}
	x.max = max(x.max, millis)
	now := time.Now().Unix()
	if n := len(x.samples); n != 0 && x.samples[n-1].unix == now {
		x.samples[n-1].millis = max(x.samples[n-1].millis, millis)
		return
	}
	if len(x.samples) == latencyKept {
		x.samples = slices.Delete(x.samples, 0, 1)
	}
	x.samples = append(x.samples, latencySample{now, millis})
}

// find finds the samples of an event, nil when there are none.
func (l *latencyState) find(event string) *latencySeries {
	for _, x := range l.series {
		if x.event == event {
			return x
		}
	}
	return nil
}

// reset drops the samples of an event, whose name may be spelled in any case, or
// of all when it is empty. It returns how many kinds of events that were.
func (l *latencyState) reset(event string) int {
	before := len(l.series)
	l.series = slices.DeleteFunc(l.series, func(x *latencySeries) bool {
		return event == "" || strings.EqualFold(x.event, event)
	})
	return before - len(l.series)
}

// latencyFacts sum up the samples of an event.
type latencyFacts struct {
	low, high, average, deviation int64
	// period is the time from the oldest sample to now, in seconds, at least one.
	period int64
}

func (x *latencySeries) facts() (f latencyFacts) {
	f.low = math.MaxInt64
	sum := int64(0)
	for _, v := range x.samples {
		f.low, f.high = min(f.low, v.millis), max(f.high, v.millis)
		sum += v.millis
	}
	n := int64(len(x.samples))
	f.average = sum / n
	f.period = max(1, time.Now().Unix()-x.samples[0].unix)
	sum = 0
	for _, v := range x.samples {
		sum += max(f.average-v.millis, v.millis-f.average)
	}
	f.deviation = sum / n
	return f
}

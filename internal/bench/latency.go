//go:build linux

package bench

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// LatencyResult is how long single commands took under a steady load.
type LatencyResult struct {
	// Server and Command say what was measured, beside Keys keys.
	Server, Command string
	Keys            int
	// Rate is the load in commands per second: half of what the reference took.
	Rate float64
	Times
	// Pause is the longest pause for garbage collection that the server knows of since it started; empty where there is none.
	Pause string
}

// Times say how long commands took, from the moment that they were due to their reply.
type Times struct{ P50, P99, P999, Max time.Duration }

// timesOf sorts the times and picks.
func timesOf(times []time.Duration) Times {
	if len(times) == 0 {
		return Times{}
	}
	slices.Sort(times)
	at := func(q float64) time.Duration { return times[min(int(q*float64(len(times))), len(times)-1)] }
	return Times{at(0.5), at(0.99), at(0.999), times[len(times)-1]}
}

// latencyLength is how long the load lasts.
const latencyLength = 5 * time.Second

// latencyConns is how many connections share the load. A command that is due goes out on the next that is free.
const latencyConns = 32

// LatencyCommands are what is measured.
var LatencyCommands = []string{"get", "set"}

// Saturate is the rate that a server takes of a command without pipelining.
func Saturate(p *Plan, s *Server, command string) (float64, error) {
	l, w, done, err := p.quietLoad(s, command)
	if err != nil {
		return 0, err
	}
	defer done()
	r, err := l.Run(w, 1, time.Second)
	return r.Rate(), err
}

// quietLoad is a load of single commands, in a process that nothing else happens in until
// done is called.
func (p *Plan) quietLoad(s *Server, command string) (l *Load, w *Workload, done func(), err error) {
	release, err := p.quiet()
	if err != nil {
		return nil, nil, nil, err
	}
	c := p.caseOf(command)
	if w, err = c.Workload(p.Keys, s); err == nil {
		l, err = NewLoad(s, latencyConns)
	}
	if err != nil {
		release()
		return nil, nil, nil, err
	}
	l.Spin = true
	return l, w, func() { l.Close(); release() }, nil
}

// caseOf is the case of a command.
func (p *Plan) caseOf(command string) Case {
	all := Cases(p.Value)
	return all[slices.IndexFunc(all, func(c Case) bool { return c.Name == command })]
}

// Latency loads a server with one command at a fixed rate. Times count from the moment a command was due, whether or not it
// could be sent then, so that a pause of the server is seen by all whom it kept waiting.
func Latency(p *Plan, s *Server, command string, rate float64) (LatencyResult, error) {
	r := LatencyResult{Server: s.Name, Command: command, Rate: rate}
	l, w, done, err := p.quietLoad(s, command)
	if err != nil {
		return r, err
	}
	defer done()
	stop := time.Now().Add(latencyLength)
	times, err := l.steady(w, rate, func(now time.Time) bool { return now.Before(stop) })
	if err != nil {
		return r, err
	}
	r.Pause = s.Info("runtime", "runtime_gc_pause_max_usec")
	r.Times = timesOf(times)
	p.say("%s: %s at %.0f/s: p50 %v, p99 %v, p99.9 %v, longest %v", s.Name, command, rate, r.P50, r.P99, r.P999, r.Max)
	return r, nil
}

// steady sends single commands at a rate, as long as more says so, and returns how long each took.
func (l *Load) steady(w *Workload, rate float64, more func(now time.Time) bool) ([]time.Duration, error) {
	gap := time.Duration(float64(time.Second) / rate)
	free := make([]int, 0, len(l.conns))
	for i := range l.conns {
		l.conns[i].next = i * (w.Count() / len(l.conns))
		free = append(free, i)
	}
	due := make([]time.Time, len(l.conns))
	times := make([]time.Duration, 0, int(rate*latencyLength.Seconds())+1)
	next := time.Now()
	last := next
	var end time.Time // what is due before is sent, however late
	left := func() bool { return end.IsZero() || next.Before(end) }
	for {
		now := time.Now()
		if end.IsZero() && !more(now) {
			end = now
		}
		for len(free) > 0 && !next.After(now) && left() {
			i := free[len(free)-1]
			free = free[:len(free)-1]
			due[i] = next
			if err := l.send(i, w, 1); err != nil {
				return nil, err
			}
			next = next.Add(gap)
		}
		if !left() && len(free) == len(l.conns) {
			return times, nil
		}
		n, err := l.wait()
		if err != nil {
			return nil, err
		}
		now = time.Now()
		if n == 0 {
			if now.Sub(last) > 5*time.Second {
				return nil, fmt.Errorf("%s: %w", l.server.Name, ErrStalled)
			}
			if err := l.nap(); err != nil {
				return nil, err
			}
			continue
		}
		last = now
		for _, ev := range l.events[:n] {
			i := int(ev.Fd)
			got, err := rawRead(l.conns[i].fd, l.buf)
			if err != nil || got != len(w.Reply) {
				return nil, fmt.Errorf("%s: %w: %d bytes, %v", l.server.Name, ErrChanged, got, err)
			}
			times = append(times, now.Sub(due[i]))
			free = append(free, i)
		}
	}
}

// nap sleeps for Nap. The goroutine stays on its thread: to have it woken by another costs more than it sleeps.
func (l *Load) nap() error {
	if l.Nap == 0 {
		return nil
	}
	t := unix.NsecToTimespec(int64(l.Nap))
	if err := unix.Nanosleep(&t, nil); err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("nanosleep: %w", err)
	}
	return nil
}

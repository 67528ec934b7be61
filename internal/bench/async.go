//go:build linux

package bench

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// AsyncRow is something that does not happen inside of one command, on both servers. The series have one value per round.
type AsyncRow struct {
	// Name says what it is.
	Name string
	// CPUA and CPUB are nanoseconds of the server's CPU for one.
	CPUA, CPUB []float64
	// RateA and RateB are how many were done in a second.
	RateA, RateB []float64
	// Skipped is why nothing was measured.
	Skipped string
}

// LoopResult is how long the iterations of a server's loop took under a load.
type LoopResult struct {
	// Server is its name, Load what it was loaded with.
	Server, Load string
	Iterations   int64
	P50, P99     time.Duration
	Max          time.Duration
}

const (
	// asyncTimers, asyncFiles and asyncEvents are how many timers, descriptors and events one round has.
	asyncTimers, asyncFiles, asyncEvents = 50000, 200, 10000
	// loopRounds is how many rounds long the loop is watched, loopDepth the pipeline of the load meanwhile.
	loopRounds, loopDepth = 20, 16
)

// CompareAsync times timers, file events and clients that a thread unblocks on both servers in turn. The module asyncmod must
// be loaded.
func CompareAsync(p *Plan, a, b *Server) ([]AsyncRow, error) {
	release, err := p.quiet()
	if err != nil {
		return nil, err
	}
	defer release()
	unblock := Case{Request: func(int) []byte { return Request("bench.unblock") }}
	var rows []AsyncRow
	for _, tc := range []struct {
		name  string
		round func(s *Server) (Round, error)
	}{
		{"a timer, made and fired", func(s *Server) (Round, error) {
			return selfTimed(s, asyncTimers, "bench.timers", strconv.Itoa(asyncTimers))
		}},
		{fmt.Sprintf("an event, %d descriptors ready", asyncFiles), func(s *Server) (Round, error) {
			return selfTimed(s, asyncEvents, "bench.files", strconv.Itoa(asyncFiles), strconv.Itoa(asyncEvents))
		}},
		{"a client, blocked and unblocked by a thread", func(s *Server) (Round, error) {
			w, err := unblock.Workload(1000, s)
			if err != nil {
				return Round{}, err
			}
			w.Reply = []byte(":1\r\n")
			l, err := NewLoad(s, p.Clients)
			if err != nil {
				return Round{}, err
			}
			defer l.Close()
			l.Spin = p.Spin
			return l.Run(w, 1, p.Length)
		}},
	} {
		row := AsyncRow{Name: tc.name}
		if err := row.rounds(p.Rounds, tc.round, a, b); err != nil {
			if dead := errors.Join(a.Alive(), b.Alive()); dead != nil {
				return rows, dead
			}
			row.Skipped = err.Error()
		}
		p.say("%s: %.0f and %.0f ns, ratio of the rates %.3f %s", row.Name, Median(row.CPUA), Median(row.CPUB), Median(Ratios(row.RateA, row.RateB)), row.Skipped)
		rows = append(rows, row)
	}
	return rows, nil
}

// rounds fills the row. The first pair warms up.
func (row *AsyncRow) rounds(pairs int, round func(*Server) (Round, error), a, b *Server) error {
	servers := [2]*Server{a, b}
	for i := range pairs + 1 {
		runtime.GC()
		var r [2]Round
		for _, which := range [2]int{i & 1, i&1 ^ 1} {
			var err error
			if r[which], err = round(servers[which]); err != nil {
				return fmt.Errorf("%s: %w", servers[which].Name, err)
			}
		}
		if i > 0 {
			row.CPUA, row.CPUB = append(row.CPUA, r[0].PerCommand()), append(row.CPUB, r[1].PerCommand())
			row.RateA, row.RateB = append(row.RateA, r[0].Rate()), append(row.RateB, r[1].Rate())
		}
	}
	return nil
}

// selfTimed is a round of n in one command, which replies the nanoseconds that they took.
func selfTimed(s *Server, n int, command ...string) (Round, error) {
	c, err := Dial(s.Port)
	if err != nil {
		return Round{}, err
	}
	defer c.Close()
	before, err := s.CPU()
	if err != nil {
		return Round{}, err
	}
	r, err := c.Do(command...)
	if err != nil {
		return Round{}, err
	}
	if r.Kind != ':' {
		return Round{}, fmt.Errorf("%w: %s", ErrReply, r.Text)
	}
	after, err := s.CPU()
	return Round{Commands: n, Wall: time.Duration(r.Int), CPU: after - before}, err
}

// WatchLoop loads a server with GET and has its loop's iterations timed, from when it wakes until it goes to sleep.
func WatchLoop(p *Plan, s *Server) (LoopResult, error) {
	r := LoopResult{Server: s.Name, Load: fmt.Sprintf("GET, %d clients, pipeline %d", p.Clients, loopDepth)}
	if err := Fill(s, p.Keys, p.Value); err != nil {
		return r, err
	}
	l, w, done, err := p.quietLoad(s, "get")
	if err != nil {
		return r, err
	}
	defer done()
	c, err := Dial(s.Port)
	if err != nil {
		return r, err
	}
	defer c.Close()
	if err := c.must("bench.loop", "ON"); err != nil {
		return r, err
	}
	if _, err := l.Run(w, loopDepth, loopRounds*p.Length); err != nil {
		return r, err
	}
	reply, err := c.Do("bench.loop", "OFF")
	if err != nil {
		return r, err
	}
	if len(reply.Elems) != 4 {
		return r, fmt.Errorf("%s: %w: %s", s.Name, ErrReply, reply.Text)
	}
	r.Iterations = reply.Elems[0].Int
	for i, d := range []*time.Duration{&r.P50, &r.P99, &r.Max} {
		*d = time.Duration(reply.Elems[i+1].Int)
	}
	p.say("%s: %d iterations of the loop, p50 %v, p99 %v, longest %v", r.Server, r.Iterations, r.P50, r.P99, r.Max)
	return r, nil
}

//go:build linux

package bench

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Plan says what to measure and for how long.
type Plan struct {
	// Cases are the names of the commands; Depths the pipelines.
	Cases  []string
	Depths []int
	// Clients is the number of busy connections.
	Clients int
	// Rounds is the number of pairs per row, Length the time of one round.
	Rounds int
	Length time.Duration
	// Keys is the number of keys, Value the size of their values in bytes.
	Keys, Value int
	// Idle is the number of idle connections to compare with.
	Idle int
	// Spin makes the generator poll without sleeping.
	Spin bool
	// CPU is the generator's processor, or -1.
	CPU int
	// Progress is told what is being measured; nil: nobody is.
	Progress func(format string, args ...any)
}

func (p *Plan) say(format string, args ...any) {
	if p.Progress != nil {
		p.Progress(format, args...)
	}
}

// Limit is the greatest ratio of CPU per command that the project allows itself at a pipeline depth.
func Limit(depth int) float64 {
	if depth == 1 {
		return 1.05
	}
	return 1
}

// Row is one comparison. The series have one value per round; ratios are of the pairs.
type Row struct {
	// Case and Depth say what was run.
	Case  string
	Depth int
	// CPUA and CPUB are the servers' nanoseconds of CPU per command.
	CPUA, CPUB []float64
	// UserA and UserB are the shares of that spent outside the kernel, over all rounds.
	UserA, UserB float64
	// RateA and RateB are commands per second.
	RateA, RateB []float64
	// Skipped is why nothing was measured.
	Skipped string
}

// CPURatio is the median of B's CPU per command relative to A's.
func (r *Row) CPURatio() float64 { return Median(Ratios(r.CPUA, r.CPUB)) }

// Over tells whether the row misses its limit by more than its uncertainty, or was not measured.
func (r *Row) Over() bool {
	ratios := Ratios(r.CPUA, r.CPUB)
	return r.Skipped != "" || Median(ratios)-Uncertainty(ratios) > Limit(r.Depth)
}

// Verdict is "ok", "over", or "level" when the limit lies within the uncertainty of a median above it.
func (r *Row) Verdict() string {
	switch {
	case r.Over():
		return "over"
	case r.CPURatio() > Limit(r.Depth):
		return "level"
	}
	return "ok"
}

// Compare times every case at every depth on both servers in turn.
func Compare(p *Plan, a, b *Server) ([]Row, error) {
	release, err := p.quiet()
	if err != nil {
		return nil, err
	}
	defer release()
	filled := errors.Join(Fill(a, p.Keys, p.Value), Fill(b, p.Keys, p.Value))
	all := Cases(p.Value)
	var rows []Row
	for _, name := range p.Cases {
		i := slices.IndexFunc(all, func(c Case) bool { return c.Name == name })
		if i < 0 {
			return rows, fmt.Errorf("no case %q", name)
		}
		w, err := all[i].Workload(p.Keys, a, b)
		if all[i].Keys && filled != nil {
			err = filled
		}
		for _, depth := range p.Depths {
			row := Row{Case: name, Depth: depth}
			if err != nil {
				row.Skipped = explain(err, all[i], a, b)
			} else if err := p.pairs(&row, w, a, b); err != nil {
				if dead := errors.Join(a.Alive(), b.Alive()); dead != nil {
					return rows, dead
				}
				row.Skipped = err.Error()
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// explain tells why a case cannot be run.
func explain(err error, c Case, servers ...*Server) string {
	for _, s := range servers {
		if c.Module && !s.Module {
			if s.ModuleError == "" {
				return s.Name + " was started without the module"
			}
			return s.Name + " did not load the module: " + s.ModuleError
		}
	}
	return err.Error()
}

func (p *Plan) pairs(row *Row, w *Workload, a, b *Server) error {
	la, err := NewLoad(a, p.Clients)
	if err != nil {
		return err
	}
	defer la.Close()
	lb, err := NewLoad(b, p.Clients)
	if err != nil {
		return err
	}
	defer lb.Close()
	la.Spin, lb.Spin = p.Spin, p.Spin
	warm := max(p.Length/4, 50*time.Millisecond)
	for _, l := range []*Load{la, lb} {
		if _, err := l.Run(w, row.Depth, warm); err != nil {
			return err
		}
	}
	loads := [2]*Load{la, lb}
	share := [2]func() float64{userShare(a), userShare(b)}
	for i := range p.Rounds {
		runtime.GC()
		// A B, then B A: neither is always the one that comes second.
		var r [2]Round
		for _, which := range [2]int{i & 1, i&1 ^ 1} {
			if r[which], err = loads[which].Run(w, row.Depth, p.Length); err != nil {
				return err
			}
		}
		row.CPUA = append(row.CPUA, r[0].PerCommand())
		row.CPUB = append(row.CPUB, r[1].PerCommand())
		row.RateA = append(row.RateA, r[0].Rate())
		row.RateB = append(row.RateB, r[1].Rate())
	}
	row.UserA, row.UserB = share[0](), share[1]()
	p.say("%s, pipeline %d: %.0f and %.0f ns per command, ratio %.3f", row.Case, row.Depth, Median(row.CPUA), Median(row.CPUB), row.CPURatio())
	return nil
}

// userShare starts to count; the function it returns gives the share of a server's CPU time outside the kernel since, or 0
// when it cannot be told.
func userShare(s *Server) func() float64 {
	u0, s0, err0 := s.ticks()
	return func() float64 {
		u1, s1, err1 := s.ticks()
		if total := u1 - u0 + s1 - s0; err0 == nil && err1 == nil && total > 0 {
			return (u1 - u0) / total
		}
		return 0
	}
}

// quiet binds the calling goroutine to the generator's processor and stops the collector; the function it returns undoes both.
func (p *Plan) quiet() (func(), error) {
	runtime.LockOSThread()
	if p.CPU >= 0 {
		if err := bind(p.CPU); err != nil {
			runtime.UnlockOSThread()
			return nil, err
		}
	}
	old := debug.SetGCPercent(-1)
	return func() {
		debug.SetGCPercent(old)
		// A bound thread is not given back: leaving it locked ends it with its goroutine.
		if p.CPU < 0 {
			runtime.UnlockOSThread()
		}
	}, nil
}

// APIRow is the cost of one module call (or pair of calls) inside both servers.
type APIRow struct {
	// Name is the call's.
	Name string
	// A and B are nanoseconds per call, one value per round.
	A, B []float64
	// Skipped is why nothing was measured.
	Skipped string
}

const apiRounds = 9

// CompareAPI times the module calls that the bench module knows, on both servers in turn.
func CompareAPI(p *Plan, a, b *Server, calls int) ([]APIRow, error) {
	for _, s := range []*Server{a, b} {
		if !s.Module {
			return []APIRow{{Name: "all", Skipped: explain(nil, Case{Module: true}, s)}}, nil
		}
	}
	ca, err := Dial(a.Port)
	if err != nil {
		return nil, err
	}
	defer func() { ca.Close() }()
	cb, err := Dial(b.Port)
	if err != nil {
		return nil, err
	}
	defer func() { cb.Close() }()
	list, err := ca.Do("bench.list")
	if err != nil {
		return nil, err
	}
	var rows []APIRow
	for _, e := range list.Elems {
		row := APIRow{Name: e.Text}
		// The first pair warms up.
		for i := range apiRounds + 1 {
			na, erra := apiCall(ca, a, e.Text, calls)
			nb, errb := apiCall(cb, b, e.Text, calls)
			if err := errors.Join(erra, errb); err != nil {
				if dead := errors.Join(a.Alive(), b.Alive()); dead != nil {
					return rows, fmt.Errorf("%s: %w", e.Text, dead)
				}
				row.Skipped = strings.ReplaceAll(err.Error(), "\n", "; ")
				break
			}
			if i > 0 {
				row.A, row.B = append(row.A, na), append(row.B, nb)
			}
		}
		p.say("%s: %.1f and %.1f ns %s", row.Name, Median(row.A), Median(row.B), row.Skipped)
		rows = append(rows, row)
	}
	return rows, nil
}

// apiCall is the nanoseconds of one call, taken over many.
func apiCall(c *Conn, s *Server, name string, calls int) (float64, error) {
	r, err := c.Do("bench.api", name, fmt.Sprint(calls))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.Name, err)
	}
	if r.Kind == '-' {
		return 0, fmt.Errorf("%s: %s", s.Name, strings.TrimPrefix(r.Text, "ERR "))
	}
	if len(r.Elems) != 2 || r.Elems[1].Kind != ':' {
		return 0, fmt.Errorf("%s: %w", s.Name, ErrReply)
	}
	return float64(r.Elems[1].Int) / float64(calls), nil
}

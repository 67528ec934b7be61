//go:build linux

// Command bench measures berth beside redis-server; see berth/internal/bench.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"berth/internal/bench"
	"berth/internal/marks"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	a := flag.String("a", "redis-server", "command line of the reference `server`")
	b := flag.String("b", "bin/berth serve", "command line of the `server` that is judged")
	module := flag.String("module", "bin/bench/benchmod.so", "bench module to load into both; empty: none")
	cases := flag.String("cases", "one,ten,get,set", "commands to time, of one, ten, get, set, ping; empty: none")
	depths := flag.String("pipeline", "1,16,64", "pipeline depths")
	api := flag.Int("api", 10000, "module calls per loop; 0: leave that part out")
	idle := flag.Int("idle", 10000, "idle connections; 0: leave that part out")
	pin := flag.Bool("pin", runtime.NumCPU() > 1, "bind the servers to one processor and the generator to another")
	spin := flag.Bool("spin", runtime.NumCPU() > 1, "the generator polls without sleeping")
	write := flag.Bool("write", false, "update the table in docs/PERF.md")
	check := flag.Bool("check", false, "fail when a row is over its limit")
	quiet := flag.Bool("q", false, "print the tables only")
	p := &bench.Plan{}
	flag.IntVar(&p.Clients, "clients", 50, "busy connections")
	flag.IntVar(&p.Rounds, "rounds", 25, "pairs of rounds per row")
	flag.DurationVar(&p.Length, "time", 100*time.Millisecond, "length of a round")
	flag.IntVar(&p.Keys, "keys", 100000, "keys")
	flag.IntVar(&p.Value, "value", 32, "size of the values in bytes")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if *cases != "" {
		p.Cases = strings.Split(*cases, ",")
	}
	for d := range strings.SplitSeq(*depths, ",") {
		n, err := strconv.Atoi(d)
		if err != nil || n < 1 || n > p.Keys {
			return fmt.Errorf("-pipeline %s: not a depth", d)
		}
		p.Depths = append(p.Depths, n)
	}
	p.Idle, p.Spin, p.CPU = *idle, *spin, -1
	if !*quiet {
		p.Progress = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	}
	o := bench.Options{CPU: -1, Clients: p.Idle + p.Clients}
	if *pin {
		o.CPU, p.CPU = 0, 1
	}
	if *module != "" {
		path, err := filepath.Abs(*module)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); err != nil {
			return err
		}
		o.Module = path
	}
	if err := raiseFiles(uint64(p.Idle + 2*p.Clients + 200)); err != nil {
		return err
	}
	report, err := measure(p, o, strings.Fields(*a), strings.Fields(*b), *api)
	if err != nil {
		return err
	}
	text := report.Markdown()
	fmt.Print(text)
	if *write {
		if err := marks.Rewrite("docs/PERF.md", bench.BeginMark, bench.EndMark, text); err != nil {
			return err
		}
	}
	if *check {
		for i := range report.Rows {
			if r := &report.Rows[i]; r.Over() {
				return fmt.Errorf("%s at pipeline %d is over its limit", r.Case, r.Depth)
			}
		}
	}
	return nil
}

func measure(p *bench.Plan, o bench.Options, a, b []string, api int) (*bench.Report, error) {
	names := [2]string{filepath.Base(a[0]), filepath.Base(b[0])}
	if names[0] == names[1] {
		names[0] += " (A)"
		names[1] += " (B)"
	}
	r := &bench.Report{Plan: p}
	sa, err := bench.Start(names[0], a, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", names[0], err)
	}
	defer sa.Stop()
	sb, err := bench.Start(names[1], b, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", names[1], err)
	}
	defer sb.Stop()
	r.A, r.B = names[0]+" "+sa.Version(), names[1]+" "+sb.Version()
	if r.Differences, err = bench.Parity(sa, sb); err != nil {
		return nil, err
	}
	for _, d := range r.Differences {
		if p.Progress != nil {
			p.Progress("differs: %s", d)
		}
	}
	if r.Rows, err = apart(func() ([]bench.Row, error) { return bench.Compare(p, sa, sb) }); err != nil {
		return nil, err
	}
	if api > 0 {
		if r.API, err = apart(func() ([]bench.APIRow, error) { return bench.CompareAPI(p, sa, sb, api) }); err != nil {
			return nil, err
		}
	}
	if p.Idle == 0 {
		return r, nil
	}
	// Memory is measured in fresh processes, one after the other.
	o.Module = ""
	for i, command := range [][]string{a, b} {
		s, err := bench.Start(names[i], command, o)
		if err != nil {
			return nil, err
		}
		res, err := apart(func() (bench.IdleResult, error) { return bench.Idle(p, s) })
		s.Stop()
		if err != nil {
			return nil, err
		}
		r.Idle = append(r.Idle, res)
	}
	return r, nil
}

// apart runs f on a goroutine of its own, whose thread f may bind to a processor and leave behind.
func apart[T any](f func() (T, error)) (T, error) {
	var v T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, err = f()
	}()
	<-done
	return v, err
}

// raiseFiles raises the limit on open files, for this process and the servers it starts.
func raiseFiles(need uint64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	if l.Max < need {
		return fmt.Errorf("%d open files needed, the limit is %d: use fewer -idle connections", need, l.Max)
	}
	l.Cur = l.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}

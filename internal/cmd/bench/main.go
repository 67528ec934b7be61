//go:build linux

// Command bench measures berth beside redis-server; see berth/internal/bench.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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
	cases := flag.String("cases", strings.Join(bench.CaseNames(), ","), "commands to time; empty: none")
	appendOnly := flag.String("aof", "set,lpush", "commands to time with an append-only file; empty: none")
	depths := flag.String("pipeline", "1,16,64", "pipeline depths")
	api := flag.Int("api", 10000, "module calls per loop; 0: leave that part out")
	async := flag.String("async", "bin/bench/asyncmod.so", "module for what does not happen inside of one command; empty: leave that part out")
	idle := flag.Int("idle", 10000, "idle connections; 0: leave that part out")
	memory := flag.Int("memory", 1000000, "keys whose memory is measured; 0: leave that part out")
	latency := flag.Int("latency", 10000000, "keys beside which latency is measured; 0: leave that part out")
	save := flag.Int("bgsave", 1000000, "keys that a BGSAVE saves; 0: leave that part out")
	search := flag.Int("search", 100000, "documents for the search module; 0: leave that part out")
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
	if *async != "" {
		path, err := filepath.Abs(*async)
		if err != nil {
			return err
		}
		*async = path
	}
	if err := raiseFiles(uint64(p.Idle + 2*p.Clients + 200)); err != nil {
		return err
	}
	m := &measurement{plan: p, options: o, commands: [2][]string{strings.Fields(*a), strings.Fields(*b)}}
	if *appendOnly != "" {
		m.appendOnly = strings.Split(*appendOnly, ",")
	}
	report, err := m.run(parts{api: *api, async: *async, memory: *memory, latency: *latency, save: *save, search: *search})
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
		for _, r := range slices.Concat(report.Rows, report.AppendOnly) {
			if r.Over() {
				return fmt.Errorf("%s at pipeline %d is over its limit", r.Case, r.Depth)
			}
		}
	}
	return nil
}

// measurement is one run of all that was asked for.
type measurement struct {
	plan     *bench.Plan
	options  bench.Options
	commands [2][]string
	names    [2]string
	report   *bench.Report
	// appendOnly are the commands to be timed with an append-only file.
	appendOnly []string
}

// start starts server number i.
func (m *measurement) start(i int, o bench.Options) (*bench.Server, error) {
	s, err := bench.Start(m.names[i], m.commands[i], o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.names[i], err)
	}
	return s, nil
}

// both starts both servers. stop stops them.
func (m *measurement) both(o bench.Options) (a, b *bench.Server, stop func(), err error) {
	if a, err = m.start(0, o); err != nil {
		return nil, nil, nil, err
	}
	if b, err = m.start(1, o); err != nil {
		a.Stop()
		return nil, nil, nil, err
	}
	return a, b, func() { b.Stop(); a.Stop() }, nil
}

// parts say how large each part is; 0 or nothing leaves it out.
type parts struct {
	api, memory, latency, save, search int
	async                              string
}

func (m *measurement) run(p parts) (*bench.Report, error) {
	for i, c := range m.commands {
		m.names[i] = filepath.Base(c[0])
	}
	if m.names[0] == m.names[1] {
		m.names[0] += " (A)"
		m.names[1] += " (B)"
	}
	m.report = &bench.Report{Plan: m.plan}
	if err := m.beside(p.api); err != nil {
		return nil, err
	}
	if p.async != "" {
		if err := m.async(p.async); err != nil {
			return nil, err
		}
	}
	if len(m.appendOnly) > 0 {
		if err := m.besideFile(); err != nil {
			return nil, err
		}
	}
	// Memory is measured in fresh processes, one after the other.
	m.options.Module = ""
	for _, part := range []struct {
		size int
		run  func(size int) error
	}{{m.plan.Idle, m.idle}, {p.memory, m.memory}, {p.latency, m.latency}, {p.save, m.save}, {p.search, m.search}} {
		if part.size > 0 {
			if err := part.run(part.size); err != nil {
				return nil, err
			}
		}
	}
	return m.report, nil
}

// beside is all that both servers are measured for in turn.
func (m *measurement) beside(api int) error {
	p, r := m.plan, m.report
	sa, sb, stop, err := m.both(m.options)
	if err != nil {
		return err
	}
	defer stop()
	r.A, r.B = sa.Name+" "+sa.Version(), sb.Name+" "+sb.Version()
	if r.Differences, err = bench.Parity(sa, sb); err != nil {
		return err
	}
	for _, d := range r.Differences {
		if p.Progress != nil {
			p.Progress("differs: %s", d)
		}
	}
	if r.Rows, err = apart(func() ([]bench.Row, error) { return bench.Compare(p, sa, sb) }); err != nil {
		return err
	}
	if api > 0 {
		r.API, err = apart(func() ([]bench.APIRow, error) { return bench.CompareAPI(p, sa, sb, api) })
	}
	return err
}

// async measures both servers with a module of its own.
func (m *measurement) async(module string) error {
	o, p, r := m.options, m.plan, m.report
	o.Module = module
	sa, sb, stop, err := m.both(o)
	if err != nil {
		return err
	}
	defer stop()
	if r.Async, err = apart(func() ([]bench.AsyncRow, error) { return bench.CompareAsync(p, sa, sb) }); err != nil {
		return err
	}
	for _, s := range []*bench.Server{sa, sb} {
		res, err := apart(func() (bench.LoopResult, error) { return bench.WatchLoop(p, s) })
		if err != nil {
			return err
		}
		r.Loop = append(r.Loop, res)
	}
	return nil
}

// besideFile compares commands on servers that keep an append-only file.
func (m *measurement) besideFile() error {
	o, plan := m.options, *m.plan
	o.Module = ""
	o.Args = []string{"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"}
	plan.Cases = m.appendOnly
	sa, sb, stop, err := m.both(o)
	if err != nil {
		return err
	}
	defer stop()
	m.report.AppendOnly, err = apart(func() ([]bench.Row, error) { return bench.Compare(&plan, sa, sb) })
	return err
}

// idle is measured with connections that do nothing, and again with half of them blocked.
func (m *measurement) idle(conns int) error {
	for _, blocked := range []int{0, conns / 2} {
		for i := range m.commands {
			s, err := m.start(i, m.options)
			if err != nil {
				return err
			}
			res, err := apart(func() (bench.IdleResult, error) { return bench.Idle(m.plan, s, blocked) })
			s.Stop()
			if err != nil {
				return err
			}
			m.report.Idle = append(m.report.Idle, res)
		}
	}
	return nil
}

func (m *measurement) memory(count int) error {
	for _, kind := range bench.MemoryKinds {
		for i := range m.commands {
			s, err := m.start(i, m.options)
			if err != nil {
				return err
			}
			res, err := bench.Memory(m.plan, s, kind, count)
			s.Stop()
			if err != nil {
				return err
			}
			m.report.Memory = append(m.report.Memory, res)
		}
	}
	return nil
}

// latency is measured on both at the same rate, beside the same keys.
func (m *measurement) latency(keys int) error {
	sa, sb, stop, err := m.both(m.options)
	if err != nil {
		return err
	}
	defer stop()
	for _, s := range []*bench.Server{sa, sb} {
		if err := bench.Fill(s, keys, m.plan.Value); err != nil {
			return err
		}
	}
	for _, command := range bench.LatencyCommands {
		top, err := apart(func() (float64, error) { return bench.Saturate(m.plan, sa, command) })
		if err != nil {
			return err
		}
		for _, s := range []*bench.Server{sa, sb} {
			res, err := apart(func() (bench.LatencyResult, error) { return bench.Latency(m.plan, s, command, top/2) })
			if err != nil {
				return err
			}
			res.Keys = keys
			m.report.Latency = append(m.report.Latency, res)
		}
	}
	return nil
}

// saveShare is the part of what the reference takes that clients ask for beside a BGSAVE: so much that every processor has
// something to do, and none is the bottleneck.
const saveShare = 0.25

// save is measured at the same rates on both, one after the other.
func (m *measurement) save(keys int) error {
	var rates []float64
	for i := range m.commands {
		var err error
		if rates, err = m.saveOn(i, keys, rates); err != nil {
			return err
		}
	}
	return nil
}

// saveOn measures server number i. Without rates it finds them. The server is not bound to a processor: what saves beside
// its loop takes one of its own.
func (m *measurement) saveOn(i, keys int, rates []float64) ([]float64, error) {
	o, plan := m.options, *m.plan
	o.CPU, plan.CPU = -1, -1
	s, err := m.start(i, o)
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	if err := bench.Fill(s, keys, plan.Value); err != nil {
		return nil, err
	}
	for j, command := range bench.LatencyCommands {
		if len(rates) == j {
			top, err := apart(func() (float64, error) { return bench.Saturate(&plan, s, command) })
			if err != nil {
				return nil, err
			}
			rates = append(rates, top*saveShare)
		}
		res, err := apart(func() (bench.SaveResult, error) { return bench.Save(&plan, s, command, keys, rates[j]) })
		if err != nil {
			return nil, err
		}
		m.report.Save = append(m.report.Save, res)
	}
	return rates, nil
}

// search loads the search module in place of the bench module.
func (m *measurement) search(documents int) error {
	o := m.options
	o.Module, o.Args = bench.SearchModule, bench.SearchArgs
	sa, sb, stop, err := m.both(o)
	if err != nil {
		return err
	}
	defer stop()
	m.report.Search, err = apart(func() ([]bench.SearchRow, error) { return bench.Search(m.plan, sa, sb, documents) })
	return err
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

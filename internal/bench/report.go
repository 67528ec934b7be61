//go:build linux

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The report stands between these lines in the file it is written to.
const (
	BeginMark = "<!-- bench: begin (written by make bench BENCHFLAGS=-write) -->"
	EndMark   = "<!-- bench: end -->"
)

// Report collects the parts of a run and writes them as Markdown.
type Report struct {
	// A and B are the servers' names with their versions: the reference and the one that is judged.
	A, B string
	// Plan is what was asked for.
	Plan *Plan
	// Differences are the replies in which the servers do not agree.
	Differences []string
	// AppendOnly are rows of servers that keep an append-only file, synced every second.
	AppendOnly []Row
	// Rows, API and Idle are the measurements; a part that was not run is nil.
	Rows []Row
	API  []APIRow
	// Async and Loop are what does not happen inside of one command.
	Async []AsyncRow
	Loop  []LoopResult
	Idle  []IdleResult
	// Memory and Latency are the same for what keys take and how long commands wait beside many of them.
	Memory  []MemoryResult
	Latency []LatencyResult
	// Save is what BGSAVE takes.
	Save []SaveResult
	// Search is how fast the search module is.
	Search []SearchRow
}

// Machine is one line about the machine, the system and the compiler.
func Machine() string {
	model := "unknown processor"
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	kernel := "unknown kernel"
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	}
	return fmt.Sprintf("%s, %d processors, %s, %s %s/%s", model, runtime.NumCPU(), kernel, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// Commit is the work tree's commit, with a note when files differ from it.
func Commit() string {
	out, err := exec.Command("git", "rev-parse", "--short=10", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	commit := strings.TrimSpace(string(out))
	if out, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(out) > 0 {
		commit += " with changes"
	}
	return commit
}

// Markdown is the report's text.
func (r *Report) Markdown() string {
	var b strings.Builder
	p := r.Plan
	fmt.Fprintf(&b, "Commit %s, %s. %s.\n", Commit(), time.Now().UTC().Format("2006-01-02"), Machine())
	fmt.Fprintf(&b, "A is %s, B is %s; ratios are B/A. %d clients, %d pairs of rounds of %v, %d keys, values of %d bytes.\n",
		r.A, r.B, p.Clients, p.Rounds, p.Length, p.Keys, p.Value)
	if p.CPU >= 0 {
		fmt.Fprintf(&b, "Servers and generator have a processor each.\n")
	} else {
		fmt.Fprintf(&b, "Servers and generator are not bound to processors.\n")
	}
	r.differences(&b)
	commands(&b, "Commands", r.Rows)
	commands(&b, "Commands with an append-only file, synced every second", r.AppendOnly)
	r.api(&b)
	r.async(&b)
	r.idle(&b)
	r.memory(&b)
	r.latency(&b)
	r.save(&b)
	r.search(&b)
	return b.String()
}

func (r *Report) differences(b *strings.Builder) {
	if len(r.Differences) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Replies that differ\n\n")
	for _, d := range r.Differences {
		fmt.Fprintf(b, "- `%s`\n", strings.ReplaceAll(d, "`", "'"))
	}
}

func commands(b *strings.Builder, title string, rows []Row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s: CPU of the server per command\n\n", title)
	fmt.Fprintf(b, "| command | pipeline | A ns | B ns | CPU ratio | uncertainty | limit | | A user ns | B user ns | A kcmd/s | B kcmd/s | rate ratio |\n")
	fmt.Fprintf(b, "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for i := range rows {
		row := &rows[i]
		if row.Skipped != "" {
			fmt.Fprintf(b, "| %s | %d | not measured: %s | | | | %.2f | over | | | | | |\n", row.Case, row.Depth, cell(row.Skipped), Limit(row.Depth))
			continue
		}
		ratios := Ratios(row.CPUA, row.CPUB)
		fmt.Fprintf(b, "| %s | %d | %.0f | %.0f | **%.3f** | ±%.3f | %.2f | %s | %.0f | %.0f | %.0f | %.0f | %.2f |\n", row.Case, row.Depth,
			Median(row.CPUA), Median(row.CPUB), row.CPURatio(), Uncertainty(ratios), Limit(row.Depth), row.Verdict(),
			row.UserA*Median(row.CPUA), row.UserB*Median(row.CPUB),
			Median(row.RateA)/1000, Median(row.RateB)/1000, Median(Ratios(row.RateA, row.RateB)))
	}
}

func (r *Report) api(b *strings.Builder) {
	if len(r.API) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Module calls: time of one, in a loop inside the module\n\n")
	fmt.Fprintf(b, "| call | A ns | B ns | ratio |\n|---|---|---|---|\n")
	for _, row := range r.API {
		if row.Skipped != "" {
			fmt.Fprintf(b, "| %s | not measured: %s | | |\n", row.Name, cell(row.Skipped))
			continue
		}
		fmt.Fprintf(b, "| %s | %.1f | %.1f | %.2f |\n", row.Name, Median(row.A), Median(row.B), Median(Ratios(row.A, row.B)))
	}
}

func (r *Report) async(b *strings.Builder) {
	if len(r.Async) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Asynchrony: CPU of the server for one\n\n")
	fmt.Fprintf(b, "| what | A ns | B ns | CPU ratio | uncertainty | A in a second | B in a second | rate ratio |\n|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.Async {
		if row.Skipped != "" {
			fmt.Fprintf(b, "| %s | not measured: %s | | | | | | |\n", row.Name, cell(row.Skipped))
			continue
		}
		ratios := Ratios(row.CPUA, row.CPUB)
		fmt.Fprintf(b, "| %s | %.0f | %.0f | **%.3f** | ±%.3f | %.0f | %.0f | %.2f |\n", row.Name, Median(row.CPUA), Median(row.CPUB),
			Median(ratios), Uncertainty(ratios), Median(row.RateA), Median(row.RateB), Median(Ratios(row.RateA, row.RateB)))
	}
	fmt.Fprintf(b, "\n| server | load | iterations of the loop | p50 µs | p99 µs | longest µs |\n|---|---|---|---|---|---|\n")
	for _, l := range r.Loop {
		fmt.Fprintf(b, "| %s | %s | %d | %.0f | %.0f | %.0f |\n", l.Server, l.Load, l.Iterations, us(l.P50), us(l.P99), us(l.Max))
	}
}

func (r *Report) idle(b *strings.Builder) {
	if len(r.Idle) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Idle connections\n\n")
	fmt.Fprintf(b, "| server | connections | blocked | resident KiB each | PING/s of %d clients, alone | beside them | ratio | CPU ratio |\n", r.Plan.Clients)
	fmt.Fprintf(b, "|---|---|---|---|---|---|---|---|\n")
	for _, row := range r.Idle {
		if row.Skipped != "" {
			fmt.Fprintf(b, "| %s | %d | %d | not measured: %s | | | | |\n", row.Server, row.Conns, row.Blocked, cell(row.Skipped))
			continue
		}
		fmt.Fprintf(b, "| %s | %d | %d | %.2f | %.0f | %.0f | %.3f | %.3f |\n", row.Server, row.Conns, row.Blocked, row.PerConn/1024,
			Median(row.Alone), Median(row.Beside), Median(Ratios(row.Alone, row.Beside)), Median(Ratios(row.CPUAlone, row.CPUBeside)))
	}
}

// cell makes a text fit a table's cell.
func cell(s string) string { return strings.NewReplacer("|", "/", "\n", " ").Replace(s) }

func (r *Report) memory(b *strings.Builder) {
	if len(r.Memory) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Memory: resident bytes for each key of 16 bytes, its value included\n\n")
	fmt.Fprintf(b, "| value | keys | server | bytes a key |\n|---|---|---|---|\n")
	for _, m := range r.Memory {
		fmt.Fprintf(b, "| %s | %d | %s | %.1f |\n", m.Kind, m.Count, m.Server, m.PerKey)
	}
}

func (r *Report) latency(b *strings.Builder) {
	if len(r.Latency) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### Latency at half of what the reference takes, from when a command was due\n\n")
	fmt.Fprintf(b, "| command | keys | commands/s | server | p50 µs | p99 µs | p99.9 µs | longest µs | longest pause for garbage collection µs |\n|---|---|---|---|---|---|---|---|---|\n")
	for _, l := range r.Latency {
		fmt.Fprintf(b, "| %s | %d | %.0f | %s | %.0f | %.0f | %.0f | %.0f | %s |\n", l.Command, l.Keys, l.Rate, l.Server, us(l.P50), us(l.P99), us(l.P999), us(l.Max), l.Pause)
	}
}

// us is a time in microseconds.
func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func (r *Report) save(b *strings.Builder) {
	if len(r.Save) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### BGSAVE, and what clients see of it\n\n")
	fmt.Fprintf(b, "| keys | command | commands/s | server | seconds | file MiB | more memory MiB | p50 µs | p99 µs | p99.9 µs | longest µs | p99.9 µs without |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, s := range r.Save {
		t := s.During
		fmt.Fprintf(b, "| %d | %s | %.0f | %s | %.2f | %d | %d | %.0f | %.0f | %.0f | %.0f | %.0f |\n", s.Keys, s.Command, s.Rate, s.Server,
			s.Took.Seconds(), s.File>>20, s.Extra>>20, us(t.P50), us(t.P99), us(t.P999), us(t.Max), us(s.Before.P999))
	}
}

//go:build linux

package bench

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestStats(t *testing.T) {
	for _, tc := range []struct {
		values            []float64
		median, low, high float64
	}{
		{nil, 0, 0, 0},
		{[]float64{3}, 3, 3, 3},
		{[]float64{9, 1}, 5, 1, 9},
		{[]float64{5, 1, 100, 3, 4}, 4, 3, 5},
	} {
		if got := Median(tc.values); got != tc.median {
			t.Errorf("Median(%v) = %v, want %v", tc.values, got, tc.median)
		}
		if low, high := Spread(tc.values); low != tc.low || high != tc.high {
			t.Errorf("Spread(%v) = %v, %v, want %v, %v", tc.values, low, high, tc.low, tc.high)
		}
	}
	if r := Ratios([]float64{2, 4}, []float64{1, 8, 3}); len(r) != 2 || r[0] != 0.5 || r[1] != 2 {
		t.Errorf("Ratios = %v", r)
	}
}

func TestVerdict(t *testing.T) {
	even := []float64{100, 100, 100, 100, 100, 100, 100, 100}
	for _, tc := range []struct {
		name  string
		depth int
		b     []float64
		want  string
	}{
		{"below", 16, []float64{90, 91, 92, 90, 91, 92, 90, 90}, "ok"},
		{"above", 16, []float64{110, 111, 112, 110, 111, 112, 110, 110}, "over"},
		{"scattered about it", 16, []float64{90, 115, 101, 102, 95, 120, 101, 90}, "level"},
		{"the allowance of pipeline 1", 1, []float64{104, 104, 104, 104, 104, 104, 104, 104}, "ok"},
	} {
		row := Row{Depth: tc.depth, CPUA: even, CPUB: tc.b}
		if got := row.Verdict(); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
	if r := (&Row{Skipped: "why"}); r.Verdict() != "over" {
		t.Error("a row that was not measured passes")
	}
}

// The reference server against itself: requests, replies, clocks and the report, in well under a second of load.
func TestCompareServerWithItself(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("SKIPPED: redis-server is not installed (make setup)")
	}
	o := Options{CPU: -1, Clients: 100}
	a, err := Start("a", []string{"redis-server"}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Stop()
	b, err := Start("b", []string{"redis-server"}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	diffs, err := Parity(a, b)
	if err != nil || len(diffs) > 0 {
		t.Fatalf("Parity: %v, %v", diffs, err)
	}
	p := &Plan{Cases: []string{"get", "set", "one"}, Depths: []int{1, 200}, Clients: 5, Rounds: 2, Length: 10 * time.Millisecond,
		Keys: 300, Value: 8, Idle: 50, CPU: -1}
	rows, err := Compare(p, a, b)
	if err != nil || len(rows) != 6 {
		t.Fatalf("Compare: %d rows, %v", len(rows), err)
	}
	for _, row := range rows[:4] {
		if row.Skipped != "" || len(row.CPUA) != 2 || row.CPUA[0] <= 0 || row.RateB[1] <= 0 {
			t.Errorf("row %+v", row)
		}
	}
	for _, row := range rows[4:] {
		if !strings.Contains(row.Skipped, "without the module") {
			t.Errorf("the module's command was not skipped: %+v", row)
		}
	}
	// The replies are compared with what was seen before: a key that changes its value is noticed.
	c, err := Dial(a.Port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w, err := Cases(8)[2].Workload(300, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do("SET", key(7), "12345678"); err != nil {
		t.Fatal(err)
	}
	l, err := NewLoad(a, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if _, err := l.Run(w, 100, 50*time.Millisecond); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), "12345678") {
		t.Errorf("a wrong reply went unnoticed: %v", err)
	}
	r := Report{A: "a", B: "b", Plan: p, Rows: rows}
	if text := r.Markdown(); strings.Count(text, "| get |") != 2 || !strings.Contains(text, "not measured") {
		t.Errorf("report:\n%s", text)
	}
}

// What does not happen inside of one command, on the reference server and itself.
func TestCompareAsync(t *testing.T) {
	for _, tool := range []string{"redis-server", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed (make setup)", tool)
		}
	}
	so := filepath.Join(t.TempDir(), "asyncmod.so")
	if out, err := exec.Command("gcc", "-std=gnu11", "-shared", "-fPIC", "-I../../include", "-o", so, "../../testdata/bench/asyncmod.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s, err := Start("a", []string{"redis-server"}, Options{CPU: -1, Clients: 100, Module: so})
	if err != nil || !s.Module {
		t.Fatal(err, s.ModuleError)
	}
	defer s.Stop()
	p := &Plan{Clients: 5, Rounds: 2, Length: 10 * time.Millisecond, Keys: 300, Value: 8, CPU: -1}
	rows, err := CompareAsync(p, s, s)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		if row.Skipped != "" || len(row.CPUA) != 2 || row.CPUA[0] <= 0 || row.RateB[1] <= 0 {
			t.Errorf("row %+v", row)
		}
	}
	loop, err := WatchLoop(p, s)
	if err != nil || loop.Iterations == 0 || loop.P50 > loop.P99 || loop.P99 > loop.Max {
		t.Errorf("the loop: %+v, %v", loop, err)
	}
	r := Report{Plan: p, Async: rows, Loop: []LoopResult{loop}}
	if text := r.Markdown(); strings.Count(text, "| a timer, made and fired |") != 1 || !strings.Contains(text, "pipeline 16") {
		t.Errorf("report:\n%s", text)
	}
}

func TestRequest(t *testing.T) {
	if got := Request("SET", "", "ab"); !bytes.Equal(got, []byte("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\nab\r\n")) {
		t.Errorf("Request = %q", got)
	}
}

// A server that cannot load the module still takes part; one that does not exist is an error.
func TestStart(t *testing.T) {
	if _, err := Start("none", []string{"/nonexistent/server"}, Options{CPU: -1}); !errors.Is(err, ErrNotStarted) {
		t.Errorf("a missing program: %v", err)
	}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("SKIPPED: redis-server is not installed (make setup)")
	}
	s, err := Start("r", []string{"redis-server"}, Options{CPU: 0, Clients: 10, Module: "/nonexistent/module.so"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	if s.Module || s.ModuleError == "" {
		t.Errorf("module %v, error %q", s.Module, s.ModuleError)
	}
	if s.Version() == "unknown" || s.Alive() != nil {
		t.Errorf("version %s, alive %v", s.Version(), s.Alive())
	}
	if rss, err := s.RSS(); err != nil || rss < 1<<20 {
		t.Errorf("RSS = %d, %v", rss, err)
	}
	if cpu, err := s.CPU(); err != nil || cpu <= 0 {
		t.Errorf("CPU = %v, %v", cpu, err)
	}
}

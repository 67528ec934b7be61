//go:build linux

package exampletest

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"berth/internal/bench"
	"berth/internal/testkit"
)

// BenchmarkCacheHit compares a row that is cached with HGETALL of the same hash,
// by the processor time that the server spends on each. Rounds of both
// alternate; the ratio is the median of theirs.
func BenchmarkCacheHit(b *testing.B) {
	so := testkit.BuildC(b, "modules/sqlcache.c", "-lmariadb")
	s, err := bench.Start("berth", []string{testkit.Berth(b), "serve", "--loadmodule", so, "query", "user", "60", "SELECT ?"},
		bench.Options{CPU: -1, Clients: 100})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Stop()
	c, err := bench.Dial(s.Port)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Do("HSET", "user:42", "name", "Ada Lovelace", "email", "ada@example.org", "city", "London", "born", "1815-12-10"); err != nil {
		b.Fatal(err)
	}
	for _, depth := range []int{1, 16} {
		b.Run(fmt.Sprintf("pipeline %d", depth), func(b *testing.B) {
			load, err := bench.NewLoad(s, 50)
			if err != nil {
				b.Fatal(err)
			}
			defer load.Close()
			var costs [2][]float64
			load.Spin = runtime.NumCPU() > 1
			for range max(b.N, 20) {
				for i, command := range []string{"HGETALL", "SQLCACHE.GET"} {
					request := bench.Request(command, "user:42")
					_, reply, err := c.Raw(request)
					if err != nil {
						b.Fatal(err)
					}
					w := &bench.Workload{Requests: bytes.Repeat(request, 1000), Size: len(request), Reply: reply}
					r, err := load.Run(w, depth, 50*time.Millisecond)
					if err != nil {
						b.Fatal(err)
					}
					costs[i] = append(costs[i], r.PerCommand())
				}
			}
			b.ReportMetric(bench.Median(costs[0]), "ns-HGETALL")
			b.ReportMetric(bench.Median(costs[1]), "ns-hit")
			b.ReportMetric(bench.Median(bench.Ratios(costs[0], costs[1])), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}

package server

import (
	"strings"
	"testing"
	"time"
)

// titles are the section titles in an INFO text.
func titles(text string) string {
	var list []string
	for _, line := range strings.Split(text, "\r\n") {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			list = append(list, title)
		}
	}
	return strings.Join(list, " ")
}

func TestInfoSections(t *testing.T) {
	k := talk(t, "")
	k.s.AddInfo(&InfoProvider{Module: "mod", Owner: k, Fill: func(w *InfoWriter, crash bool) {
		if w.Field("early", "x") {
			t.Error("a field without a section was taken")
		}
		if w.Section("") {
			w.Field("plain", "1")
			w.BeginDict("a:b")
			w.Field("x", "1")
			w.Field("y", "2")
		}
		if w.Section("More") {
			w.Field("other", "z")
		}
	}})
	k.s.SetModuleInfo(func(w *InfoWriter) { w.Line("module:name=mod,ver=1") })
	const standard = "Server Clients Memory Persistence Stats Replication CPU Modules Errorstats Cluster Keyspace"
	const all = "Server Clients Memory Persistence Stats Replication CPU Modules Commandstats Errorstats Latencystats Cluster Keyspace"
	for ask, want := range map[string]string{
		"INFO":                        standard,
		"INFO default":                standard,
		"INFO ALL":                    all,
		"INFO everything":             all + " mod mod_More",
		"INFO commandstats":           "Commandstats",
		"INFO keyspace server":        "Server Keyspace",
		"INFO modules":                "Modules mod mod_More",
		"INFO mod":                    "mod mod_More",
		"INFO mod_more":               "mod_More",
		"INFO mod_MORE cpu":           "CPU mod_More",
		"INFO default mod_more":       standard + " mod_More",
		"INFO nosuch":                 "",
		"INFO cluster debug":          "Cluster Debug",
		"INFO default commandstats x": strings.Replace(standard, "Errorstats", "Commandstats Errorstats", 1),
	} {
		if got := titles(k.do(ask)); got != want {
			t.Errorf("%s: %s, want %s", ask, got, want)
		}
	}
	want := "# mod\r\nmod_plain:1\r\nmod_a_b:x=1,y=2\r\n\r\n# mod_More\r\nmod_other:z\r\n"
	if got := k.do("INFO mod"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := k.do("INFO modules"); !strings.HasPrefix(got, "# Modules\r\nmodule:name=mod,ver=1\r\n\r\n# mod\r\n") {
		t.Errorf("got %q", got)
	}
	k.s.RemoveInfo(k)
	if got := k.do("INFO mod"); got != "" {
		t.Errorf("after RemoveInfo: %q", got)
	}
	k.c.RESP = 3
	if got := k.do("INFO cluster"); got != "# Cluster\r\ncluster_enabled:0\r\n" {
		t.Errorf("RESP3: %q", got)
	}
}

// infoField is the value of a field in an INFO text.
func infoField(t *testing.T, text, name string) string {
	t.Helper()
	for _, line := range strings.Split(text, "\r\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return value
		}
	}
	t.Fatalf("no field %s in %s", name, text)
	return ""
}

func TestInfoCounts(t *testing.T) {
	k := talk(t, "databases 4")
	k.expect(
		"SET a 1", "OK",
		"SET b 1 EX 100", "OK",
		"GET a", "1",
		"GET none", "nil",
		"LPOP a", "-WRONGTYPE Operation against a key holding the wrong kind of value",
		"SET a", "-ERR wrong number of arguments for 'set' command",
		"CONFIG GET nosuch", "[]",
		"SELECT 3", "OK",
		"SET c 1", "OK",
	)
	if got := k.do("INFO keyspace"); !strings.Contains(got, "db0:keys=2,expires=1,avg_ttl=") ||
		!strings.Contains(got, "db3:keys=1,expires=0,avg_ttl=0\r\n") || strings.Contains(got, "db1") {
		t.Errorf("keyspace: %q", got)
	}
	stats := k.do("INFO commandstats")
	for name, want := range map[string]string{
		"cmdstat_set": "calls=3,", "cmdstat_get": "calls=2,", "cmdstat_lpop": "calls=1,", "cmdstat_config|get": "calls=1,",
	} {
		if got := infoField(t, stats, name); !strings.HasPrefix(got, want+"usec=") {
			t.Errorf("%s: %s, want %s…", name, got, want)
		}
	}
	if got := infoField(t, stats, "cmdstat_set"); !strings.HasSuffix(got, ",rejected_calls=1,failed_calls=0") {
		t.Errorf("set: %s", got)
	}
	if got := infoField(t, stats, "cmdstat_lpop"); !strings.HasSuffix(got, ",rejected_calls=0,failed_calls=1") {
		t.Errorf("lpop: %s", got)
	}
	errors := k.do("INFO errorstats")
	if infoField(t, errors, "errorstat_WRONGTYPE") != "count=1" || infoField(t, errors, "errorstat_ERR") != "count=1" {
		t.Errorf("errorstats: %q", errors)
	}
	if got := infoField(t, k.do("INFO latencystats"), "latency_percentiles_usec_set"); !strings.HasPrefix(got, "p50=") ||
		!strings.Contains(got, ",p99=") || !strings.Contains(got, ",p99.9=") {
		t.Errorf("latencystats: %q", got)
	}
	info := k.do("INFO stats")
	if infoField(t, info, "keyspace_hits") == "0" || infoField(t, info, "keyspace_misses") != "1" || infoField(t, info, "total_error_replies") != "2" {
		t.Errorf("stats: %s", info)
	}
	k.expect("CONFIG RESETSTAT", "OK")
	if got := k.do("INFO commandstats errorstats latencystats"); strings.Contains(got, "_set:") || strings.Contains(got, "WRONGTYPE") {
		t.Errorf("after RESETSTAT: %q", got)
	}
	k.expect("CONFIG SET latency-tracking no", "OK")
	if got := k.do("INFO latencystats"); got != "# Latencystats\r\n" {
		t.Errorf("without tracking: %q", got)
	}
}

func TestInfoMemory(t *testing.T) {
	k := talk(t, "maxmemory 3gb")
	extra := uint64(5 << 30)
	before := k.s.UsedMemory()
	k.s.AddMemory(func() uint64 { return extra })
	if got := k.s.UsedMemory(); got < before/2+extra {
		t.Errorf("memory outside of the Go heap is not counted: %d, %d", before, got)
	}
	info := k.do("INFO memory")
	if got := infoField(t, info, "maxmemory_human"); got != "3.00G" {
		t.Errorf("maxmemory_human: %s", got)
	}
	if got := infoField(t, info, "used_memory_human"); !strings.HasPrefix(got, "5.") || !strings.HasSuffix(got, "G") {
		t.Errorf("used_memory_human: %s", got)
	}
	k.expect("SET a 1", "-OOM command not allowed when used memory > 'maxmemory'.")
	for in, want := range map[uint64]string{0: "0B", 1023: "1023B", 1024: "1.00K", 1536: "1.50K", 1 << 20: "1.00M", 5 << 40: "5.00T"} {
		if got := humanBytes(in); got != want {
			t.Errorf("humanBytes(%d) = %s, want %s", in, got, want)
		}
	}
}

func TestRates(t *testing.T) {
	k := talk(t, "")
	r := &k.s.info.rates
	k.s.sampleRates()
	for range rateSamples {
		k.s.Stats.Commands += 1000
		r.at -= int64(time.Second) // as if a second had passed
		k.s.sampleRates()
	}
	if got := r.perSecond(rateCommands); got < 900 || got > 1000 {
		t.Errorf("%f commands a second, want about 1000", got)
	}
	k.s.Stats.Commands = 0 // reset meanwhile
	k.s.sampleRates()
	if got := r.perSecond(rateCommands); got < 0 || got > 1000 {
		t.Errorf("%f commands a second after a reset", got)
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	if got := h.Percentile(50); got != 0 {
		t.Errorf("empty: %d", got)
	}
	for n := int64(1); n <= 1000; n++ {
		h.Add(n * 1000)
	}
	for p, want := range map[float64]int64{0: 960, 50: 500_000, 99: 990_000, 100: 1_000_000} {
		if got := h.Percentile(p); got < want || got > want+want/25+1 {
			t.Errorf("p%g = %d, want %d to 4 percent", p, got, want)
		}
	}
	if got := h.Percentile(0); got > 1000 {
		t.Errorf("the least is %d, above what was counted", got)
	}
	for _, n := range []int64{-5, 0, 1, 63, 64, 65, 127, 128, 1 << 20, 1<<31 - 1, 1 << 31, 1 << 40} {
		b := bucket(n)
		if b < 0 || b >= histBuckets {
			t.Errorf("bucket(%d) = %d", n, b)
		} else if n >= 0 && n < 1<<31 && upper(b) < n {
			t.Errorf("upper(bucket(%d)) = %d", n, upper(b))
		} else if b > 0 && upper(b-1) >= n && n < 1<<31 {
			t.Errorf("upper(bucket(%d)-1) = %d", n, upper(b-1))
		}
	}
}

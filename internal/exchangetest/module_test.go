package exchangetest

import (
	"fmt"
	"testing"

	"berth/internal/testkit"
)

// The values of a module, with everything that can be in them, and what it saves
// besides go both ways in files, and by MIGRATE.
func TestModuleFiles(t *testing.T) {
	t.Parallel()
	so := testkit.BuildC(t, "testdata/modules/crate.c")
	r := testkit.StartRedis(t, testkit.Options{TCP: true, Modules: []string{so}})
	b := testkit.StartBerth(t, testkit.Options{TCP: true, Modules: []string{so}, Args: []string{"--rdb-version", fileVersion}})
	berth, redis := server{b, b.Dial(), t}, server{r, r.Dial(), t}
	m := newMaker()
	var keys []string
	for i, n := range lengths {
		keys = append(keys, fmt.Sprint("crate:", i))
		m.add("CRATE.SET", keys[i], m.noise(n))
	}
	for i, n := range numbers {
		m.add("CRATE.SET", fmt.Sprint("number:", i), n)
		keys = append(keys, fmt.Sprint("number:", i))
	}
	m.add("PEXPIREAT", keys[0], "33177117420001")
	m.add("CRATE.SET", "last", "the last text")
	// values are the values as the module tells them.
	values := func(s server) (out []string) {
		for _, k := range keys {
			r := s.must("CRATE.GET", k)
			out = append(out, testkit.Show(&r))
		}
		return out
	}
	for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
		from, to := pair[0], pair[1]
		from.must("FLUSHALL")
		from.fill(m.cmds)
		want := values(from)
		carry(t, from, to)
		for _, s := range pair {
			if got := values(s); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s has not the values of %s:\n%.2000q\n%.2000q", s.Server.Name, from.Server.Name, got, want)
			}
			if got := string(s.must("CRATE.CAME").Str); got != "the last textthe last text" {
				t.Errorf("%s loaded %q besides, from %s", s.Server.Name, got, from.Server.Name)
			}
		}
		to.must("FLUSHALL")
		if got := from.migrate(to, "", "0", append([]string{"KEYS"}, keys...)...); got != "OK" {
			t.Errorf("MIGRATE from %s: %s", from.Server.Name, got)
		}
		if got := values(to); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s has not what %s sent:\n%.2000q\n%.2000q", to.Server.Name, from.Server.Name, got, want)
		}
	}
}

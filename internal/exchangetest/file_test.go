package exchangetest

import (
	"os"
	"path/filepath"
	"testing"

	"berth/internal/sessiontest"
	"berth/internal/testkit"
)

// everywhere makes values in several databases.
func everywhere() [][]string {
	m := newMaker()
	m.add("SELECT", "15")
	m.strings()
	m.add("SELECT", "3")
	m.streams()
	m.add("SELECT", "0")
	return append(m.cmds, everything()...)
}

// What either server makes of the same commands goes to the other and back, however
// the files are written.
func TestFiles(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	for _, tc := range []struct {
		name   string
		config []string
		cmds   [][]string
	}{
		{"nothing", nil, nil},
		{"one key", nil, [][]string{{"SET", "k", "v"}}},
		{"everything", nil, everywhere()},
		{"not compressed", []string{"rdbcompression", "no"}, everything()},
		{"compressed lists", []string{"list-compress-depth", "1"}, everything()},
		{"small nodes", []string{"list-max-listpack-size", "3", "stream-node-max-entries", "5"}, everything()},
		{"no packs", []string{"hash-max-listpack-entries", "0", "zset-max-listpack-entries", "0", "set-max-intset-entries", "0"}, everything()},
		{"large packs", []string{"hash-max-listpack-entries", "600", "zset-max-listpack-entries", "600", "set-max-intset-entries", "600",
			"hash-max-listpack-value", "5000", "zset-max-listpack-value", "5000", "stream-node-max-bytes", "100000"}, everything()},
	} {
		if testkit.Raced() && len(tc.config) > 0 {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			berth, redis := berth, redis
			berth.t, redis.t = t, t
			for _, s := range []server{berth, redis} {
				for i := 0; i < len(tc.config); i += 2 {
					old := s.must("CONFIG", "GET", tc.config[i])
					defer s.must("CONFIG", "SET", tc.config[i], string(old.Elem(1).Str))
					s.must("CONFIG", "SET", tc.config[i], tc.config[i+1])
				}
			}
			for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
				from := pair[0]
				from.must("FLUSHALL")
				from.fill(tc.cmds)
				from.must("SELECT", "0")
				carry(t, from, pair[1])
			}
		})
	}
}

// What random commands leave behind goes to the other server and back.
func TestRandomFiles(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	count := 20000
	if testkit.Raced() {
		count = 3000
	}
	for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
		g := sessiontest.NewGen(7)
		cmds := make([][]string, count)
		for i := range cmds {
			cmds[i] = g.Command()
		}
		from := pair[0]
		from.must("FLUSHALL")
		from.many(cmds) // many of them are wrong
		from.must("RESET")
		carry(t, from, pair[1])
	}
}

// A server that is started beside the other's file has what it holds.
func TestStartWithFile(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	for _, from := range []server{berth, redis} {
		from.fill(everywhere())
		from.load(from.save()) // a file does not tell how a value came to its encoding
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), from.save(), 0o600); err != nil {
			t.Fatal(err)
		}
		start := testkit.StartBerth
		if from.Server == berth.Server {
			start = testkit.StartRedis
		}
		s := start(t, testkit.Options{Args: []string{"--dir", dir}})
		to := server{s, s.Dial(), t}
		sameState(t, "at the start of "+s.Name, from.state(), to.state())
		if want, got := from.digest(), to.digest(); want != got {
			t.Errorf("%s starts with the digest %s, not %s", s.Name, got, want)
		}
	}
}

package exchangetest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"berth/internal/resp"
	"berth/internal/testkit"
)

// numbersOf runs a command for some keys and gives the numbers that it replies.
func (s server) numbersOf(keys []string, words ...string) []int64 {
	s.t.Helper()
	var out []int64
	for _, k := range keys {
		r := s.must(append(words, k)...)
		if r.Kind != resp.KindInt {
			s.t.Fatalf("%s: %q %q: %s", s.Server.Name, words, k, testkit.Show(&r))
		}
		out = append(out, r.Int)
	}
	return out
}

// restored makes keys that say how they were used.
func (s server) restored(option string, values []int64) (keys []string) {
	s.t.Helper()
	s.must("SET", "k", "v")
	dump := s.must("DUMP", "k")
	s.must("DEL", "k")
	for _, v := range values {
		n := strconv.FormatInt(v, 10)
		s.must("RESTORE", "k"+n, "0", string(dump.Str), option, n)
		keys = append(keys, "k"+n)
	}
	return keys
}

// How often keys were used, or how long ago, comes through files. A server whose
// policy is another reads over it.
func TestUse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		policy, option string
		words          []string
		values         []int64
		off            int64 // how far the numbers may be off
	}{
		{"allkeys-lfu", "FREQ", []string{"OBJECT", "FREQ"}, []int64{0, 1, 5, 100, 254, 255}, 0},
		{"volatile-lru", "IDLETIME", []string{"OBJECT", "IDLETIME"}, []int64{0, 1, 59, 60, 5000, 16000, 100000, 10000000}, 120},
	} {
		t.Run(tc.policy, func(t *testing.T) {
			t.Parallel()
			berth, redis := servers(t, "--maxmemory-policy", tc.policy, "--lfu-decay-time", "0")
			for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
				from, to := pair[0], pair[1]
				from.must("FLUSHALL")
				keys := from.restored(tc.option, tc.values)
				to.load(from.save())
				for i, got := range to.numbersOf(keys, tc.words...) {
					if want := tc.values[i]; got < want || got > want+tc.off {
						t.Errorf("from %s: %s of %d is %d in %s", from.Server.Name, tc.option, want, got, to.Server.Name)
					}
				}
				file := from.save()
				to.must("CONFIG", "SET", "maxmemory-policy", "noeviction")
				to.load(file)
				for i, idle := range to.numbersOf(keys, "OBJECT", "IDLETIME") {
					if tc.option == "FREQ" && idle > tc.off+120 {
						t.Errorf("%s took %d for an idle time: %d", to.Server.Name, tc.values[i], idle)
					}
				}
				to.must("CONFIG", "SET", "maxmemory-policy", tc.policy)
			}
		})
	}
}

// Keys whose time is over in a file are not loaded, and are counted.
func TestExpiredInFile(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
		from, to := pair[0], pair[1]
		from.must("FLUSHALL")
		from.must("DEBUG", "SET-ACTIVE-EXPIRE", "0")
		from.must("SET", "stays", "v", "EX", "1000")
		for i := range 10 {
			from.must("RPUSH", fmt.Sprint("goes", i), "v")
			from.must("PEXPIRE", fmt.Sprint("goes", i), "30") // a time that is over at once deletes the key
		}
		from.must("DEBUG", "SLEEP", "0.06")
		to.load(from.save())
		if n := to.must("DBSIZE"); n.Int != 1 {
			t.Errorf("%d keys in %s", n.Int, to.Server.Name)
		}
		info := string(to.must("INFO", "persistence").Str)
		for _, line := range []string{"rdb_last_load_keys_expired:10", "rdb_last_load_keys_loaded:1"} {
			if !strings.Contains(info, line+"\r\n") {
				t.Errorf("no %s in %s's INFO:\n%s", line, to.Server.Name, info)
			}
		}
	}
}

// Libraries of functions come through files and dumps in both directions, and run.
func TestFunctions(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	calls := func(s server, when string) {
		t.Helper()
		for name, want := range map[string]string{"f": "back", "g": strings.Repeat("long ", 1000)} {
			if r := s.must("FCALL", name, "0", "back"); string(r.Str) != want {
				t.Errorf("%s: FCALL %s by %s: %s", when, name, s.Server.Name, testkit.Show(&r))
			}
		}
	}
	for _, pair := range [][2]server{{redis, berth}, {berth, redis}} {
		from, to := pair[0], pair[1]
		from.must("FUNCTION", "FLUSH")
		from.must("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('f', function(keys, args) return args[1] end)")
		from.must("FUNCTION", "LOAD", "#!lua name=two\nredis.register_function('g', function() return '"+strings.Repeat("long ", 1000)+"' end)")
		from.must("SET", "k", "v")
		dump := from.must("FUNCTION", "DUMP")
		to.must("FUNCTION", "FLUSH")
		to.load(from.save())
		calls(to, "a file")
		to.must("DEBUG", "RELOAD")
		calls(to, "DEBUG RELOAD")
		to.must("FUNCTION", "RESTORE", string(dump.Str), "FLUSH")
		calls(to, "FUNCTION RESTORE")
		to.must("FLUSHALL")
		calls(to, "FLUSHALL")
		from.load(to.save())
		calls(from, "the way back")
	}
}

// Nodes of lists that are one element, which redis-server makes of elements above a
// gigabyte, or of what tests say.
func TestPlainNodes(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	redis.must("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "1000B")
	m := newMaker()
	for _, n := range []int{10, 999, 1000, 1001, 9000, 100, 2000, 5000, 1} {
		m.add("RPUSH", "l", m.words(n))
		m.add("LPUSH", "l", m.noise(n))
		m.add("RPUSH", fmt.Sprint("one:", n), m.noise(n))
	}
	redis.fill(m.cmds)
	carry(t, redis, berth)
	berth.must("LSET", "l", "3", "short")
	berth.must("LINSERT", "l", "BEFORE", "short", strings.Repeat("long", 1000))
	carry(t, berth, redis)
}

// A file without a checksum is loaded, and one is written, when that is asked for.
func TestNoChecksum(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t, "--rdbchecksum", "no")
	for _, pair := range [][2]server{{berth, redis}, {redis, berth}} {
		pair[0].must("SET", "k", "v")
		if b := pair[0].save(); string(b[len(b)-8:]) != "\x00\x00\x00\x00\x00\x00\x00\x00" {
			t.Errorf("%s wrote a checksum: %x", pair[0].Server.Name, b[len(b)-8:])
		}
		carry(t, pair[0], pair[1])
	}
}

// berth loads what it wrote in all versions; the oldest ones are loaded by the
// redis-server of today as well.
func TestVersions(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	berth.fill(everywhere())
	file := berth.save()
	berth.load(file)
	want, digest := berth.state(), berth.digest()
	for _, version := range []string{"9", "10", "11"} {
		berth.must("CONFIG", "SET", "rdb-version", version)
		berth.load(file)
		saved := berth.save()
		if head := "REDIS00" + strings.Repeat("0", 2-len(version)) + version; string(saved[:len(head)]) != head {
			t.Errorf("version %s begins with %q", version, saved[:len(head)])
		}
		berth.load(saved)
		if got := berth.digest(); got != digest {
			t.Errorf("version %s: the digest was %s and is %s", version, digest, got)
		}
		if version == "9" {
			// It lacks what streams have counted since: both have to guess the same.
			redis.load(saved)
			want := redis.state()
			sameState(t, "version 9", want, berth.state())
			continue
		}
		sameState(t, "version "+version, want, berth.state())
	}
}

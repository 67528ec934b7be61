package exchangetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

// told are what a module's commands are told as, one request a line.
const told = `
teller.call ! set a 1
teller.call !A set a 2
teller.call !R set a 3
teller.call !AR set a 4
teller.call '' set a 5
teller.call ! get a
teller.call ! incrbyfloat a 1.5
teller.call ! expire a 1000
teller.call ! spop none
teller.call ! lpush l 1 2 3
teller.call ! lmpop 1 l left count 2
teller.call ! teller.call ! set b 1
teller.call ! teller.verbatim v
teller.call '' teller.verbatim v
teller.call ! teller.other o
teller.call '' teller.other o
teller.verbatim v
teller.other o
multi
teller.other o
set c 1
teller.verbatim v
teller.call !A set a 6
exec
multi
teller.verbatim v
exec
select 2
teller.other o
select 0
teller.make text 'some text'
set gone 1 px 1
.
teller.call ! append gone x
set gone 1 px 1
.
teller.call '' get gone
`

// What a module's commands do is told in the same words as by redis-server, and its
// values are rewritten and loaded again.
func TestModulePropagated(t *testing.T) {
	t.Parallel()
	so := testkit.BuildC(t, "testdata/modules/teller.c")
	args := []string{"--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-percentage", "0", "--aof-use-rdb-preamble", "no"}
	b := testkit.StartBerth(t, testkit.Options{Args: args, Modules: []string{so}})
	r := testkit.StartRedis(t, testkit.Options{Args: args, Modules: []string{so}})
	berth, redis := server{b, b.Dial(), t}, server{r, r.Dial(), t}
	compareTold(t, berth, redis, told)
	want := berth.digest()
	if got := redis.digest(); got != want {
		t.Errorf("the digests are %s and %s", want, got)
	}
	for _, s := range []server{berth, redis} {
		s.must("TELLER.MAKE", "timed", "text")
		s.must("PEXPIREAT", "timed", "33177117420000")
		s.rewritten()
		s.must("DEBUG", "LOADAOF")
		for key, text := range map[string]string{"text": "some text", "timed": "text"} {
			if got := s.must("TELLER.GET", key); string(got.Str) != text {
				t.Errorf("%s: %s is %s", s.Server.Name, key, testkit.Show(&got))
			}
		}
		if got := s.must("PEXPIRETIME", "timed"); got.Int != 33177117420000 {
			t.Errorf("%s: the key ends at %d", s.Server.Name, got.Int)
		}
	}
	for mode, log := range map[string]string{
		"unknown": "Fatal: AOF method for module data type 'tellertxt' tried to emit unknown command 'TELLER.NOSUCH'",
		"format":  "Fatal: AOF method for module data type 'tellertxt' tried to call RedisModule_EmitAOF() with wrong format specifiers '?'",
	} {
		berth.must("TELLER.MODE", mode)
		berth.must("BGREWRITEAOF")
		berth.WaitLog(log)
		for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
			info := string(berth.must("INFO", "persistence").Str)
			if strings.Contains(info, "aof_last_bgrewrite_status:err\r\n") && strings.Contains(info, "aof_rewrite_in_progress:0\r\n") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the rewrite does not fail:\n%s", mode, info)
			}
		}
		berth.must("TELLER.MODE", "good")
		berth.rewritten()
	}
}

// A module that empties all databases begins a new append-only file, which has what it
// does from then on, and once.
func TestResetDataset(t *testing.T) {
	t.Parallel()
	so := testkit.BuildC(t, "testdata/modules/teller.c")
	b := testkit.StartBerth(t, testkit.Options{Args: []string{"--appendonly", "yes"}, Modules: []string{so}})
	s := server{b, b.Dial(), t}
	s.must("SET", "old", "1")
	for range 2 {
		s.must("TELLER.RESET", "1")
		s.must("APPEND", "after", "y")
		s.rewritten()
		s.must("DEBUG", "LOADAOF")
		if size, after := s.must("DBSIZE"), s.must("GET", "after"); size.Int != 1 || string(after.Str) != "xy" {
			t.Errorf("loaded again there are %d keys, and the new one is %s", size.Int, testkit.Show(&after))
		}
	}
}

// A value of a module that is not there any more is rewritten as it is, and awakes with
// the module.
func TestUnknownRewritten(t *testing.T) {
	t.Parallel()
	so := testkit.BuildC(t, "testdata/modules/teller.c")
	for _, preamble := range []string{"yes", "no"} {
		args := []string{"--appendonly", "yes", "--aof-use-rdb-preamble", preamble}
		first := testkit.StartBerth(t, testkit.Options{Args: args, Modules: []string{so}})
		with := server{first, first.Dial(), t}
		with.must("TELLER.MAKE", "text", "asleep")
		if preamble == "no" {
			// A base file of commands would need the module: one of an earlier time does
			// not.
			with.must("CONFIG", "SET", "aof-use-rdb-preamble", "yes")
		}
		with.rewritten()
		with.Stop()
		dir := copied(t, first.Dir)
		second := testkit.StartBerth(t, testkit.Options{Args: append(args, "--dir", dir)})
		without := server{second, second.Dial(), t}
		without.loaded()
		without.rewritten()
		if got := without.Do("TELLER.GET", "text"); got.Kind != resp.KindError {
			t.Errorf("without the module: %s", testkit.Show(&got))
		}
		without.Stop()
		if bases, _ := filepath.Glob(filepath.Join(dir, aofDir, "*.base.*")); len(bases) != 1 {
			t.Fatalf("base files: %v", bases)
		} else if data, err := os.ReadFile(bases[0]); err != nil || strings.HasPrefix(string(data), "REDIS") != (preamble == "yes") {
			t.Errorf("preamble %s: the base file begins with %.20q: %v", preamble, data, err)
		}
		third := testkit.StartBerth(t, testkit.Options{Args: append(args, "--dir", dir), Modules: []string{so}})
		again := server{third, third.Dial(), t}
		again.loaded()
		if got := again.must("TELLER.GET", "text"); string(got.Str) != "asleep" {
			t.Errorf("preamble %s: the value is %s", preamble, testkit.Show(&got))
		}
	}
}

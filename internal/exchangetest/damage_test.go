package exchangetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/persist/rdb"
	"berth/internal/resp"
	"berth/internal/testkit"
)

// uses are commands that read and change whatever is under a key.
var uses = []string{
	"OBJECT ENCODING k", "MEMORY USAGE k", "DEBUG DIGEST-VALUE k", "DUMP k", "COPY k copy REPLACE", "APPEND k x", "SETRANGE k 50 x", "BITCOUNT k", "PFCOUNT k",
	"LRANGE k 0 -1", "LPOS k a", "LINSERT k BEFORE a b", "LREM k 0 a", "LSET k -1 300", "RPUSH k 70000", "LTRIM k 1 -2", "LPOP k 3",
	"SMEMBERS k", "SRANDMEMBER k -5", "SADD k 12 x", "SINTERCARD 2 k copy", "SPOP k 2", "SORT k ALPHA LIMIT 0 10",
	"HGETALL k", "HRANDFIELD k -5 WITHVALUES", "HSET k f 300 a b", "HDEL k f a", "HSCAN k 0",
	"ZRANGE k 0 -1 WITHSCORES", "ZRANGEBYLEX k - +", "ZRANGEBYSCORE k -inf +inf", "ZADD k 5 a -inf b", "ZRANK k a", "ZINCRBY k 1 a", "ZPOPMIN k 2", "ZREMRANGEBYRANK k 0 1",
	"XRANGE k - +", "XREVRANGE k + -", "XINFO STREAM k FULL", "XADD k * f v", "XREADGROUP GROUP g c COUNT 2 STREAMS k >", "XPENDING k g - + 10", "XAUTOCLAIM k g c 0 0",
	"XCLAIM k g z 0 1001-1 FORCE", "XDEL k 1002-1", "XTRIM k MAXLEN 2", "XGROUP DELCONSUMER k g a", "XGROUP DESTROY k g", "DEL k",
}

// use runs all commands on some keys. What they reply does not matter; the server
// has to live.
func (s server) use(keys ...string) {
	s.t.Helper()
	var cmds [][]string
	for _, k := range keys {
		for _, u := range uses {
			args := strings.Fields(u)
			for i := range args {
				if args[i] == "k" {
					args[i] = k
				}
			}
			cmds = append(cmds, args)
		}
	}
	s.many(cmds)
}

// keys are all keys of database 0.
func (s server) keys() (keys []string) {
	s.t.Helper()
	r := s.must("KEYS", "*")
	for i := range r.Len {
		keys = append(keys, string(r.Elem(i).Str))
	}
	return keys
}

// damaged is b with a bit or a few flipped, cut, or with bytes put in.
func damaged(rng *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := rng.IntN(len(b))
	switch rng.IntN(8) {
	case 0:
		return b[:at]
	case 1:
		wild := []string{"\xff\xff", "\x81\xff\xff\xff\xff\xff\xff\xff\xff", "\x80\x7f\xff\xff\xff", "\xc3\x80\xff\xff\xff\xff", "\x00"}[rng.IntN(5)]
		return append(append(b[:at:at], wild...), b[at:]...)
	}
	for range 1 + rng.IntN(3) {
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	}
	return b
}

// where is what the log has to tell of a file that is refused.
var where = regexp.MustCompile(`at offset \d+(, in the value of key ".*" of database \d+)?: .+`)

// A server that is given damaged files tells what is wrong with them, and what it
// has read of them does it no harm.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	b := testkit.StartBerth(t, testkit.Options{Args: append([]string{"--rdbchecksum", "no"}, tight...)})
	berth := server{b, b.Dial(), t}
	berth.fill(few())
	file := berth.save()
	rng := rand.New(rand.NewPCG(5, 6))
	refused, told := 0, len(berth.Log())
	rounds := 150
	if testkit.Raced() {
		rounds = 60
	}
	for range rounds {
		if err := os.WriteFile(filepath.Join(berth.Dir, "dump.rdb"), damaged(rng, file), 0o600); err != nil {
			t.Fatal(err)
		}
		r := berth.Do("DEBUG", "RELOAD", "NOSAVE")
		text := berth.Log()[told:]
		told += len(text)
		if r.Kind == resp.KindError {
			refused++
			if !where.MatchString(text) {
				t.Errorf("the log does not tell where the file is wrong:\n%s", text)
			}
		}
		berth.must("DEBUG", "DIGEST")
		berth.use(berth.keys()...)
	}
	if refused < rounds/3 || refused == rounds {
		t.Errorf("%d of %d files were refused", refused, rounds)
	}
	info := string(berth.must("INFO", "memory").Str)
	_, peak, _ := strings.Cut(info, "used_memory_peak:")
	peak, _, _ = strings.Cut(peak, "\r\n")
	if n, err := strconv.Atoi(peak); err != nil || n > 256<<20 {
		t.Errorf("up to %s bytes were used for files of %d", peak, len(file))
	}
}

// Values that a client damaged before it restores them do no harm either, whether or
// not the server looks at all of them.
func TestDamagedValues(t *testing.T) {
	t.Parallel()
	b := testkit.StartBerth(t, testkit.Options{Args: tight})
	berth := server{b, b.Dial(), t}
	berth.fill(few())
	rng := rand.New(rand.NewPCG(7, 8))
	rounds := 100
	if testkit.Raced() {
		rounds = 15
	}
	var values [][]byte
	for _, version := range []string{"9", "10", "11"} {
		berth.must("CONFIG", "SET", "rdb-version", version)
		for _, k := range berth.keys() {
			values = append(values, berth.must("DUMP", k).Str)
		}
	}
	for _, sanitize := range []string{"yes", "no"} {
		berth.must("CONFIG", "SET", "sanitize-dump-payload", sanitize)
		restored := 0
		for _, v := range values {
			var cmds [][]string
			for range rounds / 10 {
				v := append(damaged(rng, v[:len(v)-10]), v[len(v)-10:len(v)-8]...)
				v = binary.LittleEndian.AppendUint64(v, rdb.Checksum(0, v))
				cmds = append(cmds, []string{"RESTORE", fmt.Sprint("try", len(cmds)), "0", string(v)})
			}
			for i, r := range berth.many(cmds) {
				switch {
				case r.Kind == resp.KindStatus:
					restored++
					berth.use(cmds[i][1])
				case string(r.Str) != "ERR Bad data format":
					t.Errorf("%q: %s", cmds[i], r.Str)
				}
			}
		}
		if restored == 0 {
			t.Errorf("sanitize-dump-payload %s: no damaged value was restored", sanitize)
		}
	}
	berth.must("PING")
}

// A server does not start beside a file that it cannot read, and tells why.
func TestStartWithDamagedFile(t *testing.T) {
	t.Parallel()
	b := testkit.StartBerth(t, testkit.Options{})
	berth := server{b, b.Dial(), t}
	berth.must("RPUSH", "some list", "a", "b")
	file := berth.save()
	at := bytes.Index(file, []byte("some list"))
	list := bytes.Clone(file)
	list[at+len("some list")+1] = 9 // what kind the list's only node is
	for _, tc := range []struct {
		name string
		file []byte
		want string
	}{
		{"a flipped bit", list, fmt.Sprintf(`at offset \d+, in the value of key "some list" of database 0: .*node of the kind 9`)},
		{"a wrong checksum", append(bytes.Clone(file[:len(file)-1]), file[len(file)-1]^1), fmt.Sprintf("at offset %d: .*wrong RDB checksum", len(file))},
		{"half", file[:at+3], fmt.Sprintf("at offset %d: .*ends too early", at)},
		{"another file", []byte("#!/bin/sh\necho\n"), "at offset 9: .*wrong signature"},
		{"a later version", append([]byte("REDIS0099"), file[9:]...), "at offset 9: .*can't handle RDB format version 0099"},
		{"nothing", nil, "at offset 0: .*ends too early"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), tc.file, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(testkit.Berth(t), "serve", "--port", "0", "--unixsocket", filepath.Join(dir, "s"), "--dir", dir)
			timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // it may have ended
			out, err := cmd.CombinedOutput()
			timer.Stop()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 || !regexp.MustCompile(tc.want).Match(out) {
				t.Errorf("%v, no %q in\n%s", err, tc.want, out)
			}
			if got, _ := os.ReadFile(filepath.Join(dir, "dump.rdb")); !bytes.Equal(got, tc.file) {
				t.Errorf("the file was changed")
			}
		})
	}
}

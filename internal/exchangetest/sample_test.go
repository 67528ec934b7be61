package exchangetest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"berth/internal/testkit"
)

var samples = flag.Bool("samples", false, "write the real files that damaged ones are made of, below internal/persist/snapshot/testdata")

// tight are settings with which few elements are enough for every encoding.
var tight = []string{"--hash-max-listpack-entries", "3", "--zset-max-listpack-entries", "3", "--set-max-intset-entries", "3",
	"--list-max-listpack-size", "4", "--stream-node-max-entries", "3"}

// few makes one small value of each encoding, if settings are tight.
func few() [][]string {
	m := newMaker()
	m.add("SELECT", "3")
	m.add("SET", "expires", "v", "PXAT", "33177117420001")
	m.add("SELECT", "0")
	for i, v := range []string{"7", "-300", "70000", "9223372036854775807", "text", strings.Repeat("text again ", 9), m.noise(50)} {
		m.add("SET", fmt.Sprint("s", i), v)
	}
	for i, e := range [][]string{{"1", "2", "3"}, {"100", "70000", "-5"}, {"5000000000", "1"}, {"1", "2", "3", "4"}, {"a", "b", "1"}, {"a", "b", "c", strings.Repeat("d", 70)}} {
		m.add(append([]string{"SADD", fmt.Sprint("set", i)}, e...)...)
		m.add(append([]string{"RPUSH", fmt.Sprint("list", i)}, e...)...)
		m.add("RPUSH", "chain", strings.Join(e, " "), e[0], m.words(30), "-1", "300", "100000", "9000000000", e[1], m.words(70))
		args, scored := []string{"HSET", fmt.Sprint("hash", i)}, []string{"ZADD", fmt.Sprint("zset", i)}
		for j, w := range e {
			args = append(args, w, m.words(j*9))
			scored = append(scored, scores[(i*4+j)%len(scores)], w)
		}
		m.add(args...)
		m.add(scored...)
	}
	for i := range 8 {
		m.add("XADD", "stream", fmt.Sprint(1000+i, "-1"), "field", m.words(i*3), fmt.Sprint("f", i/2), "300")
	}
	m.add("XGROUP", "CREATE", "stream", "g", "0")
	m.add("XREADGROUP", "GROUP", "g", "a", "COUNT", "4", "STREAMS", "stream", ">")
	m.add("XREADGROUP", "GROUP", "g", "b", "COUNT", "2", "STREAMS", "stream", ">")
	m.add("XDEL", "stream", "1000-1", "1004-1")
	m.add("XGROUP", "CREATE", "empty", "g", "$", "MKSTREAM")
	return m.cmds
}

// What damaged files are made of is real: each is loaded by its server. With
// -samples they are written anew.
func TestSamples(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t, tight...)
	redis.must("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('f', function() return 1 end)")
	redis.fill(few())
	real := map[string][]byte{"redis": redis.save()}
	berth.fill(few())
	for _, version := range []string{"9", "11"} {
		berth.must("CONFIG", "SET", "rdb-version", version)
		real["berth"+version] = berth.save()
	}
	for _, version := range []int{2, 9} {
		f := newOldFile(version)
		f.small()
		real[fmt.Sprint("old", version)] = f.end()
	}
	for name, file := range real {
		berth.load(file)
		if n := berth.must("DBSIZE"); n.Int < 5 {
			t.Errorf("%s has %d keys", name, n.Int)
		}
		if *samples {
			dir := filepath.Join(testkit.Root(t), "internal/persist/snapshot/testdata/fuzz/FuzzFile")
			text := fmt.Sprintf("go test fuzz v1\n[]byte(%q)\n", file)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

package sessiontest

import (
	"bytes"
	"strconv"
	"testing"

	"berth/internal/resp"
	"berth/internal/testkit"
)

// dumper moves values between two servers.
type dumper struct {
	t     *testing.T
	berth *testkit.Conn
	redis *testkit.Conn
}

// copyValue takes a value from a key of one server to another of another, and says
// whether it has the same digest there.
func (d *dumper) copyValue(from, to *testkit.Conn, key, as string) {
	d.t.Helper()
	dump := from.Do("DUMP", key)
	if dump.Kind != resp.KindBulk {
		d.t.Errorf("DUMP %q: %s", key, show(&dump))
		return
	}
	if r := to.Do("RESTORE", as, "0", string(dump.Str), "REPLACE"); string(r.Str) != "OK" {
		d.t.Errorf("RESTORE of %q, %q: %s", key, dump.Str, show(&r))
		return
	}
	want, got := from.Do("DEBUG", "DIGEST-VALUE", key), to.Do("DEBUG", "DIGEST-VALUE", as)
	if !bytes.Equal(want.Raw, got.Raw) {
		d.t.Errorf("%q changed on its way: %s became %s (%s)", key, show(&want), show(&got), dump.Str)
	}
}

// What random commands leave goes from berth to redis-server by DUMP and RESTORE,
// in the versions that it reads, back again, and to berth in all versions.
func TestDumpExchange(t *testing.T) {
	t.Parallel()
	redis := testkit.StartRedis(t, testkit.Options{})
	berth := testkit.StartBerth(t, testkit.Options{})
	d := &dumper{t, berth.Dial(), redis.Dial()}
	g := NewGen(*seed)
	var req []byte
	n := *count / 10
	for range n {
		req = append(req, testkit.Request(g.Command()...)...)
	}
	worker := berth.Dial()
	go worker.Write(req)
	for range n {
		worker.Read()
	}
	for _, args := range bigValues() {
		if r := d.berth.Do(args...); r.Kind == resp.KindError {
			t.Fatalf("%q: %s", args[:2], show(&r))
		}
	}
	kinds := map[string]int{}
	for _, db := range []string{"0", "1", "2"} {
		d.berth.Do("SELECT", db)
		keys := d.berth.Do("KEYS", "*")
		for i := range keys.Len {
			key := string(keys.Elem(i).Str)
			d.berth.Do("PERSIST", key)
			if d.berth.Do("EXISTS", key).Int == 0 {
				continue
			}
			kinds[string(d.berth.Do("TYPE", key).Str)]++
			for _, version := range []string{"9", "10"} {
				d.berth.Do("CONFIG", "SET", "rdb-version", version)
				d.copyValue(d.berth, d.redis, key, "there")
				d.copyValue(d.redis, d.berth, "there", "and back")
				d.copyValue(d.berth, d.berth, key, "here")
			}
			d.berth.Do("CONFIG", "SET", "rdb-version", "11")
			d.copyValue(d.berth, d.berth, key, "here")
			d.berth.Do("DEL", "here", "and back")
		}
	}
	for _, kind := range []string{"string", "list", "hash", "set", "zset", "stream"} {
		if kinds[kind] == 0 {
			t.Errorf("there was no %s among the values", kind)
		}
	}
}

// bigValues make one value of each encoding for which random commands are too
// few.
func bigValues() [][]string {
	long := string(bytes.Repeat([]byte("long "), 200))
	cmds := [][]string{{"SET", "b:str", long}, {"SET", "b:int", "-9223372036854775808"}, {"SETRANGE", "b:zeros", "5000000", "x"}}
	list, ints, set, hash, zset := []string{"RPUSH", "b:list", long}, []string{"SADD", "b:ints"}, []string{"SADD", "b:set"}, []string{"HSET", "b:hash"}, []string{"ZADD", "b:zset"}
	for i := range 2000 {
		n := strconv.Itoa(i * i)
		list = append(list, "item "+n, n)
		ints = append(ints, n)
		set = append(set, "member "+n)
		hash = append(hash, "field "+n, n, n, long[:i%1000])
		zset = append(zset, n+".5", "m"+n)
		cmds = append(cmds, []string{"XADD", "b:stream", "1-" + strconv.Itoa(i+1), "f", n, "g", long[:i%100]})
	}
	return append(cmds, list, ints, set, hash, zset, []string{"HSET", "b:hash2", "f", long}, []string{"ZADD", "b:zset2", "inf", "a", "-inf", "b", "1e300", "c"},
		[]string{"ZADD", "b:zset3", "1.5", long}, []string{"SADD", "b:ints2", "1", "70000", "-5000000000"},
		[]string{"XGROUP", "CREATE", "b:stream", "g", "0"}, []string{"XREADGROUP", "GROUP", "g", "c", "COUNT", "500", "STREAMS", "b:stream", ">"},
		[]string{"XREADGROUP", "GROUP", "g", "d", "COUNT", "10", "STREAMS", "b:stream", ">"}, []string{"XACK", "b:stream", "g", "1-3", "1-5"},
		[]string{"XDEL", "b:stream", "1-1", "1-7"}, []string{"XTRIM", "b:stream", "MAXLEN", "1500"})
}

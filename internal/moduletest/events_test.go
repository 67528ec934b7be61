package moduletest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// checked builds the server with the checks of its memory.
var checked = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "berth-checked")
	return path, run(nil, "go", "build", "-tags", "invariants", "-o", path, "./cmd/berth")
})

// underfoot are commands that change keys or look at several, with what makes
// the keys they are for. Those of families that are not there are left out.
var underfoot = []struct{ name, before, command string }{
	{"set", "", "SET k v"},
	{"set again", "SET k old", "SET k v"},
	{"set get", "SET k old", "SET k v GET"},
	{"set over list", "RPUSH k a b c", "SET k v"},
	{"set ex", "", "SET k v EX 100"},
	{"set keepttl", "SET k v EX 100", "SET k w KEEPTTL"},
	{"setnx", "", "SETNX k v"},
	{"setex", "", "SETEX k 100 v"},
	{"getset", "SET k v", "GETSET k w"},
	{"getdel", "SET k v", "GETDEL k"},
	{"getex", "SET k v", "GETEX k EX 100"},
	{"append", "", "APPEND k more"},
	{"append again", "SET k v", "APPEND k more"},
	{"setrange", "SET k v", "SETRANGE k 5 more"},
	{"incr", "", "INCR k"},
	{"incrbyfloat", "SET k 1", "INCRBYFLOAT k 1.5"},
	{"mset", "SET k v", "MSET k 1 k2 2 k 3 k3 4"},
	{"msetnx", "", "MSETNX k 1 k2 2"},
	{"mget", "SET k v", "MGET nokey k nokey2 k"},
	{"lcs", "MSET k ohmytext k2 mynewtext", "LCS k k2"},
	{"lcs missing", "SET k ohmytext", "LCS k nokey"},
	{"lpush", "", "LPUSH k a b c"},
	{"rpush again", "RPUSH k x", "RPUSH k a b c"},
	{"linsert", "RPUSH k a b c", "LINSERT k BEFORE b x"},
	{"lset", "RPUSH k a b c", "LSET k 1 x"},
	{"lrem", "RPUSH k a b a", "LREM k 0 a"},
	{"lrem all", "RPUSH k a a", "LREM k 0 a"},
	{"ltrim", "RPUSH k a b c", "LTRIM k 1 1"},
	{"ltrim all", "RPUSH k a b c", "LTRIM k 5 6"},
	{"lpop", "RPUSH k a b c", "LPOP k 2"},
	{"lpop all", "RPUSH k a b c", "LPOP k 3"},
	{"lmove", "RPUSH k a b c", "LMOVE k k2 LEFT RIGHT"},
	{"lmove self", "RPUSH k a b c", "LMOVE k k LEFT RIGHT"},
	{"lmove last", "RPUSH k a", "LMOVE k k2 LEFT RIGHT"},
	{"rpoplpush", "RPUSH k a", "RPOPLPUSH k k2"},
	{"lmpop", "RPUSH k a b", "LMPOP 2 nokey k LEFT COUNT 2"},
	{"rename", "RPUSH k a b c", "RENAME k k2"},
	{"rename over", "MSET k 1 k2 2", "RENAME k k2"},
	{"renamenx", "SET k v", "RENAMENX k k2"},
	{"copy", "RPUSH k a b c", "COPY k k2"},
	{"copy over", "MSET k 1 k2 2", "COPY k k2 REPLACE"},
	{"move", "RPUSH k a b c", "MOVE k 1"},
	{"del", "MSET k 1 k2 2 k3 3", "DEL k k2 k3"},
	{"unlink", "MSET k 1 k2 2 k3 3", "UNLINK k k2 k3"},
	{"exists", "SET k v", "EXISTS nokey k nokey2 k"},
	{"touch", "SET k v", "TOUCH nokey k"},
	{"expire", "SET k v", "EXPIRE k 100"},
	{"expire now", "SET k v", "EXPIRE k -1"},
	{"persist", "SET k v EX 100", "PERSIST k"},
	{"flushdb", "MSET k 1 k2 2", "FLUSHDB"},
	{"swapdb", "MSET k 1 k2 2", "SWAPDB 0 1"},
	{"hset", "", "HSET k a 1 b 2"},
	{"hset again", "HSET k a 1", "HSET k a 1 b 2"},
	{"hsetnx", "", "HSETNX k a 1"},
	{"hincrby", "", "HINCRBY k a 1"},
	{"hincrbyfloat", "", "HINCRBYFLOAT k a 1.5"},
	{"hdel", "HSET k a 1 b 2", "HDEL k a"},
	{"hdel all", "HSET k a 1 b 2", "HDEL k a b"},
	{"sadd", "", "SADD k 1 2 3"},
	{"sadd text", "SADD k 1 2 3", "SADD k a b"},
	{"srem", "SADD k a b", "SREM k a b"},
	{"spop", "SADD k a b c", "SPOP k"},
	{"spop many", "SADD k a b c", "SPOP k 2"},
	{"spop all", "SADD k a b c", "SPOP k 5"},
	{"smove", "SADD k a b c", "SMOVE k k2 a"},
	{"smove last", "SADD k a", "SMOVE k k2 a"},
	{"sinter", "SADD k a b", "SINTER k nokey k"},
	{"sunion", "SADD k a b", "SUNION k nokey k"},
	{"sdiff", "SADD k a b", "SDIFF k nokey k"},
	{"sinterstore", "SADD k a b", "SINTERSTORE k2 k k"},
	{"sunionstore", "SADD k a b", "SUNIONSTORE k k nokey"},
	{"sdiffstore", "SADD k a b", "SDIFFSTORE k k k"},
	{"sort", "RPUSH k 3 1 2", "SORT k BY w_* GET o_*->x GET #"},
	{"sort store", "RPUSH k 3 1 2", "SORT k STORE k"},
	{"zadd", "", "ZADD k 1 a 2 b"},
	{"zadd incr", "ZADD k 1 a", "ZADD k INCR 1 a"},
	{"zincrby", "", "ZINCRBY k 1 a"},
	{"zrem", "ZADD k 1 a 2 b", "ZREM k a b"},
	{"zremrangebyrank", "ZADD k 1 a 2 b", "ZREMRANGEBYRANK k 0 -1"},
	{"zremrangebyscore", "ZADD k 1 a 2 b", "ZREMRANGEBYSCORE k -inf 1"},
	{"zpopmin", "ZADD k 1 a 2 b", "ZPOPMIN k"},
	{"zpopmax", "ZADD k 1 a", "ZPOPMAX k"},
	{"zmpop", "ZADD k 1 a", "ZMPOP 2 nokey k MIN COUNT 5"},
	{"zunion", "ZADD k 1 a", "ZUNION 3 k nokey k"},
	{"zinter", "ZADD k 1 a", "ZINTER 3 k nokey k"},
	{"zdiff", "ZADD k 1 a", "ZDIFF 3 k nokey k"},
	{"zunionstore", "ZADD k 1 a", "ZUNIONSTORE k 2 k nokey"},
	{"zinterstore", "ZADD k 1 a", "ZINTERSTORE k2 2 k k"},
	{"zdiffstore", "ZADD k 1 a", "ZDIFFSTORE k 2 k k"},
	{"zrangestore", "ZADD k 1 a 2 b", "ZRANGESTORE k k 0 0"},
	{"geoadd", "", "GEOADD k 13 38 a 15 37 b"},
	{"geosearchstore", "GEOADD k 13 38 a 15 37 b", "GEOSEARCHSTORE k k FROMMEMBER a BYRADIUS 900 km"},
	{"xadd", "", "XADD k * a 1"},
	{"xadd trim", "XADD k 1-1 a 1", "XADD k MAXLEN 1 * a 1"},
	{"xdel", "XADD k 1-1 a 1", "XDEL k 1-1"},
	{"xtrim", "XADD k 1-1 a 1", "XTRIM k MAXLEN 0"},
	{"xsetid", "XADD k 1-1 a 1", "XSETID k 5-5"},
	{"xgroup", "XADD k 1-1 a 1", "XGROUP CREATE k g 0"},
	{"xgroup mkstream", "", "XGROUP CREATE k g 0 MKSTREAM"},
	{"xread", "XADD k 1-1 a 1", "XREAD STREAMS nokey k 0 0"},
	{"setbit", "", "SETBIT k 100 1"},
	{"bitfield", "SET k v", "BITFIELD k SET u8 0 1 INCRBY u8 100 5"},
	{"bitop", "SET k v", "BITOP AND k2 k nokey k"},
	{"bitop self", "SET k v", "BITOP NOT k k"},
	{"pfadd", "", "PFADD k a b"},
	{"pfcount", "PFADD k a b", "PFCOUNT k nokey k"},
	{"pfmerge", "PFADD k a b", "PFMERGE k2 k nokey k"},
	{"restore", "SET k v", "RESTORE k 0 x REPLACE"},
}

// reactions are what the module does to the key of an event.
var reactions = []string{"del", "unlink", "delkey", "set", "list", "append", "expire", "gone", "rename", "flush", "fill", "job"}

// Whatever a module does when it hears of a key, the command that caused it
// goes on and the databases are in order.
func TestChangesUnderfoot(t *testing.T) {
	t.Parallel()
	so := module(t, "testdata/modules/events.c")
	path, err := checked()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, path, "serve", "--enable-debug-command", "yes")
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so, "32767") // all classes
	c.expect(t, "(integer) 0", "EV.HEAR", "key", "yes")
	c.expect(t, "(integer) 0", "EV.HEAR", "flush", "yes")
	for _, reaction := range reactions {
		for _, u := range underfoot {
			for _, late := range []bool{false, true} {
				if !underfootOnce(t, c, reaction, late, u.before, u.command) {
					t.Logf("%s is not there", u.name)
				}
			}
		}
	}
}

// The same for keys that the server itself takes out, many at a time.
func TestServerUnderfoot(t *testing.T) {
	t.Parallel()
	so := module(t, "testdata/modules/events.c")
	path, err := checked()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, path, "serve", "--hz", "100")
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so, "32767")
	c.expect(t, "(integer) 0", "EV.HEAR", "key", "yes")
	for _, reaction := range reactions {
		c.expect(t, "OK", "EV.REACT", "none")
		c.expect(t, "OK", "FLUSHALL")
		c.expect(t, "OK", "CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "allkeys-random")
		for i := range 400 {
			c.expect(t, "OK", "SET", fmt.Sprintf("late:%d", i), "v", "PX", "30")
			c.expect(t, "OK", "SET", fmt.Sprintf("key:%d", i), strings.Repeat("v", 100))
		}
		c.expect(t, "OK", "EV.REACT", reaction)
		s.eventually("all to expire", func() bool {
			log := c.do(t, "EV.LOG")
			return strings.Contains(log, "expired") || reaction == "flush" || reaction == "fill" || reaction == "rename"
		})
		used, err := strconv.Atoi(c.info(t, "memory", "used_memory"))
		if err != nil {
			t.Fatal(err)
		}
		c.expect(t, "OK", "CONFIG", "SET", "maxmemory", strconv.Itoa(used-20_000))
		for i := range 100 {
			c.do(t, "SET", fmt.Sprintf("key:%d", i), "w") // an error when there is too little memory
		}
		c.expect(t, "OK", "CONFIG", "SET", "maxmemory", "0")
		c.expect(t, "OK", "EV.REACT", "none")
		c.do(t, "EV.LOG")
		checkKeys(t, c, "eviction with "+reaction)
	}
	if n := c.info(t, "stats", "evicted_keys"); n == "0" {
		t.Error("nothing was evicted")
	}
}

// underfootOnce runs one command while the module reacts. With late set the keys
// besides k are over their time. It reports false when there is no such command.
func underfootOnce(t *testing.T, c *client, reaction string, late bool, before, command string) bool {
	t.Helper()
	c.expect(t, "OK", "EV.REACT", "none")
	c.expect(t, "OK", "FLUSHALL")
	if before != "" {
		if strings.HasPrefix(c.do(t, strings.Fields(before)...), "(error) ERR unknown command") {
			return false
		}
	}
	if late { // what is missed is over its time instead
		for _, key := range []string{"nokey", "nokey2", "k2"} {
			c.do(t, "SET", key, "v", "PX", "1", "NX")
		}
		c.do(t, "DEBUG", "SLEEP", "0.003")
	}
	c.expect(t, "OK", "EV.REACT", reaction)
	got := c.do(t, strings.Fields(command)...)
	if strings.HasPrefix(got, "(error) ERR unknown command") {
		return false
	}
	c.expect(t, "OK", "EV.REACT", "none")
	c.do(t, "EV.LOG")
	for _, db := range []string{"0", "1"} {
		c.expect(t, "OK", "SELECT", db)
		checkKeys(t, c, fmt.Sprintf("%q with %s", command, reaction))
	}
	c.expect(t, "OK", "SELECT", "0")
	return true
}

// checkKeys looks at all that a database holds.
func checkKeys(t *testing.T, c *client, after string) {
	t.Helper()
	if err := c.send("KEYS", "*"); err != nil {
		t.Fatal(err)
	}
	r, err := c.receive()
	if err != nil {
		t.Fatalf("after %s: %v", after, err)
	}
	var keys []string
	for i := range r.Len {
		keys = append(keys, string(r.Elem(i).Str))
	}
	slices.Sort(keys)
	if len(slices.Compact(slices.Clone(keys))) != len(keys) {
		t.Fatalf("after %s there are keys twice: %q", after, keys)
	}
	for _, key := range keys[:min(len(keys), 8)] {
		c.do(t, "OBJECT", "ENCODING", key)
		switch kind := c.do(t, "TYPE", key); kind {
		case "string":
			c.do(t, "GETRANGE", key, "0", "-1")
		case "list":
			c.do(t, "LRANGE", key, "0", "-1")
		case "hash":
			c.do(t, "HGETALL", key)
		case "set":
			c.do(t, "SMEMBERS", key)
		case "zset":
			c.do(t, "ZRANGE", key, "0", "-1", "WITHSCORES")
		case "stream":
			c.do(t, "XRANGE", key, "-", "+")
		default:
			t.Errorf("after %s, %s is a %s", after, key, kind)
		}
	}
}

// Of clients, the loop, modules and the end a module hears too.
func TestServerEvents(t *testing.T) {
	t.Parallel()
	so := module(t, "testdata/modules/events.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so, "0")
	for _, event := range []string{"client", "loop", "module", "shutdown", "cron"} {
		c.expect(t, "(integer) 0", "EV.HEAR", event, "yes")
	}
	o, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := o.try("PING"); got != "PONG" {
		t.Fatalf("PING: %s, %v", got, err)
	}
	o.conn.Close()
	c.expect(t, "OK", "MODULE", "LOAD", module(t, "modules/helloworld.c"))
	c.expect(t, "OK", "MODULE", "UNLOAD", "helloworld")
	log := ""
	for _, want := range []string{
		"client here version 1 same 1 flags 16", "client gone version 1 same 1 flags 16",
		"module loaded helloworld 1", "module unloaded helloworld 1", "cron 10",
	} {
		s.eventually(want, func() bool {
			log += c.do(t, "EV.LOG")
			return strings.Contains(log, want)
		})
	}
	c.expect(t, "(integer) 3", "EV.LOOPS")
	// Whoever hears of a client's end may end all others, itself included.
	c.expect(t, "OK", "EV.REACT", "kill")
	if o, err = s.connect(); err != nil {
		t.Fatal(err)
	}
	o.conn.Close()
	for err == nil {
		_, err = c.receive()
	}
	c = s.dial()
	s.eventually("a reply to a new client", func() bool {
		got, err := c.try("EV.REACT", "none")
		if err != nil {
			c = s.dial()
		}
		return got == "OK"
	})
	c.expect(t, "PONG", "PING")
	if err := c.send("SHUTDOWN", "NOSAVE"); err != nil {
		t.Fatal(err)
	}
	<-s.done
	if text := s.output(); !strings.Contains(text, "<events> events: the end") {
		t.Errorf("the log says nothing of the end:\n%s", tail(text, 2000))
	}
}

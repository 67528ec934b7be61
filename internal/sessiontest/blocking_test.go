package sessiontest

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

var waits = flag.Int("waits", 2000, "how many random commands of clients that wait for keys to run")

// crowdSize is how many connections wait for keys. The first never does.
const crowdSize = 6

// crowd is the connections to one server, and one that looks at them.
type crowd struct {
	conns    [crowdSize]*testkit.Conn
	ids      [crowdSize]string
	observer *testkit.Conn
	// reply is what the first connection was told last.
	reply resp.Reply
}

func newCrowd(srv *testkit.Server) *crowd {
	c := &crowd{observer: srv.Dial()}
	for i := range c.conns {
		c.conns[i] = srv.Dial()
		r := c.conns[i].Do("CLIENT", "ID")
		c.ids[i] = strconv.FormatInt(r.Int, 10)
	}
	return c
}

// states are what CLIENT LIST shows of the connections: the last command, and whether
// it waits.
func (c *crowd) states() (last [crowdSize]string, waiting [crowdSize]bool) {
	r := c.observer.Do(append([]string{"CLIENT", "LIST", "ID"}, c.ids[:]...)...)
	for line := range strings.Lines(string(r.Str)) {
		var id, flags, cmd string
		for _, f := range strings.Fields(line) {
			switch name, value, _ := strings.Cut(f, "="); name {
			case "id":
				id = value
			case "flags":
				flags = value
			case "cmd":
				cmd = value
			}
		}
		if i := slices.Index(c.ids[:], id); i >= 0 {
			last[i], waiting[i] = cmd, strings.Contains(flags, "b")
		}
	}
	return last, waiting
}

// send has a connection send a command, and waits until the server has taken it: then
// its reply is there, or the client waits. The first connection's commands never do.
func (c *crowd) send(i int, args []string) (waiting [crowdSize]bool) {
	if i != 0 {
		c.conns[i].Do("PING") // so that the last command is another
	}
	c.conns[i].Send(args...)
	if i == 0 {
		c.reply = c.conns[i].Read()
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		last, waiting := c.states()
		if i == 0 || last[i] != "ping" {
			return waiting
		}
	}
	return waiting
}

// read is what a connection is told next.
func (c *crowd) read(i int) resp.Reply {
	if i == 0 {
		return c.reply
	}
	return c.conns[i].Read()
}

// waitGen makes the commands. Values of different types meet only where both servers
// agree on what that does to those who wait.
type waitGen struct {
	*Gen
	// wide allows what Redis does since 7.2.
	wide bool
	ids  [crowdSize]string
	// stamp numbers the entries of streams.
	stamp int
}

func (g *waitGen) some(kind string) []string {
	keys := []string{kind + g.count(2)}
	for range g.IntN(3) {
		keys = append(keys, kind+g.count(3))
	}
	return keys
}

// one is a key of a type, or one that values of any type have.
func (g *waitGen) one(kind string) string {
	if g.IntN(4) == 0 {
		return "x" + g.count(2)
	}
	return kind + g.count(2)
}

// target is where a list's element goes. Who waits for several keys is served by 7.2
// from the first that is there, and by 7.0 from the one that came: none of them is a
// target.
func (g *waitGen) target() string {
	if g.wide {
		return g.one("l")
	}
	return "d" + g.count(2)
}

// wait is a command that waits if there is nothing to be had.
func (g *waitGen) wait() []string {
	end := func() string { return g.pick("LEFT", "RIGHT") }
	switch g.IntN(10) {
	case 0:
		return join(g.pick("BLPOP", "BRPOP"), g.some("l"), "0")
	case 1:
		return join(g.pick("BLPOP", "BRPOP"), g.pick(g.one("l"), g.target()), "0")
	case 2:
		return join("BLMOVE", g.one("l"), g.target(), end(), end(), "0")
	case 3:
		return join("BRPOPLPUSH", g.one("l"), g.target(), "0")
	case 4:
		keys := g.some("l")
		return join("BLMPOP", "0", strconv.Itoa(len(keys)), keys, end(), g.maybe(50, "COUNT", g.pick("1", "2", "9")))
	case 5:
		return join(g.pick("BZPOPMIN", "BZPOPMAX"), g.some("z"), "0")
	case 6:
		return join(g.pick("BZPOPMIN", "BZPOPMAX"), g.one("z"), "0")
	case 7:
		keys := g.some("z")
		return join("BZMPOP", "0", strconv.Itoa(len(keys)), keys, g.pick("MIN", "MAX"), g.maybe(50, "COUNT", g.pick("1", "2", "9")))
	}
	keys := g.some("s")
	if !g.wide { // a stream that is named twice is replied twice since 7.2
		keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	}
	var ids []string
	if g.wide && g.IntN(2) == 0 {
		for range keys {
			ids = append(ids, ">")
		}
		return join("XREADGROUP", "GROUP", "g", "c"+g.count(2), "BLOCK", "0", "STREAMS", keys, ids)
	}
	for range keys {
		ids = append(ids, g.pick("$", "$", "0", strconv.Itoa(max(0, g.stamp-g.IntN(5)))))
	}
	return join("XREAD", g.maybe(50, "COUNT", g.pick("1", "2")), "BLOCK", "0", "STREAMS", keys, ids)
}

// feed is a command that may end waits.
func (g *waitGen) feed() []string {
	switch g.IntN(16) {
	case 0, 1, 2:
		return join(g.pick("LPUSH", "RPUSH"), g.one("l"), g.values())
	case 3, 4, 5:
		args := []string{"ZADD", g.one("z")}
		for _, v := range g.values() {
			args = append(args, g.count(10), v)
		}
		return args
	case 6, 7, 8:
		g.stamp++
		return join("XADD", g.one("s"), strconv.Itoa(g.stamp)+"-1", "f", g.count(100))
	case 9:
		return join("LMOVE", g.one("l"), g.one("l"), "LEFT", "RIGHT")
	case 10:
		kind := g.pick("l", "z", "x")
		return join(g.pick("RENAME", "COPY", "RENAMENX"), kind+g.count(3), kind+g.count(3))
	case 11:
		kind := g.pick("l", "z", "x")
		if g.wide {
			kind = g.pick("l", "z", "x", "s")
		}
		return join(g.pick("DEL", "UNLINK"), kind+g.count(3))
	case 12:
		return join("SET", "x"+g.count(2), "string")
	case 13:
		return join("ZUNIONSTORE", g.one("z"), "2", "z"+g.count(3), "z"+g.count(3))
	case 14:
		return join("SORT", "l"+g.count(3), "ALPHA", "STORE", g.one("l"))
	}
	if g.wide {
		return join("XGROUP", g.pick("CREATE", "CREATE", "DESTROY"), "s"+g.count(3), "g", g.maybe(100, "$", "MKSTREAM"))
	}
	return join("LPUSHX", "l"+g.count(3), "v")
}

func (g *waitGen) values() []string {
	var vs []string
	for range 1 + g.IntN(3) {
		vs = append(vs, "v"+g.count(100))
	}
	return vs
}

// waitRun is the two servers with their crowds.
type waitRun struct {
	t            *testing.T
	berth, redis *crowd
	waiting      [crowdSize]bool
	history      []string
}

// step sends a command on connection i and compares what all connections are told.
func (w *waitRun) step(i int, berth, redis []string) bool {
	w.t.Helper()
	w.history = append(w.history, fmt.Sprintf("%d> %s", i, quoted(redis)))
	r, b := w.redis.send(i, redis), w.berth.send(i, berth)
	if b != r {
		w.fail("berth has waiting %v, redis-server %v", b, r)
		return false
	}
	for j := range crowdSize {
		if b[j] || j != i && !w.waiting[j] {
			continue
		}
		rb, rr := w.berth.read(j), w.redis.read(j)
		if !agree(redis, &rb, &rr) {
			w.fail("connection %d gets from berth %s, from redis-server %s", j, show(&rb), show(&rr))
			return false
		}
	}
	w.waiting = b
	return true
}

// fail tells what disagreed, and what led to it.
func (w *waitRun) fail(format string, args ...any) {
	w.t.Helper()
	const most = 60
	w.t.Errorf("seed %d: %s, after\n%s", *seed, fmt.Sprintf(format, args...), strings.Join(w.history[max(0, len(w.history)-most):], "\n"))
}

// The same clients wait, and are served the same in the same order, on both servers.
func TestRandomWaits(t *testing.T) {
	t.Parallel()
	redis, berth := testkit.StartRedis(t, testkit.Options{}), testkit.StartBerth(t, testkit.Options{})
	w := &waitRun{t: t, berth: newCrowd(berth), redis: newCrowd(redis)}
	version := w.redis.observer.Do("INFO", "server")
	g := &waitGen{Gen: NewGen(*seed), wide: strings.Contains(string(version.Str), "redis_version:7.2.")}
	served, most := 0, 0
	for range *waits {
		i := g.IntN(crowdSize)
		if w.waiting[i] || i != 0 && g.IntN(3) == 0 {
			i = 0
		}
		before := w.waiting
		switch r := g.IntN(20); {
		case i != 0 && r < 16:
			args := g.wait()
			if !w.step(i, args, args) {
				return
			}
		case r == 0:
			j, how := g.IntN(crowdSize), g.pick("TIMEOUT", "ERROR")
			if !w.step(i, join("CLIENT", "UNBLOCK", w.berth.ids[j], how), join("CLIENT", "UNBLOCK", w.redis.ids[j], how)) {
				return
			}
		case g.wide && r < 4:
			if !w.transaction(g, i) {
				return
			}
		default:
			args := g.feed()
			if !w.step(i, args, args) {
				return
			}
		}
		n := 0
		for j := range crowdSize {
			if w.waiting[j] {
				n++
			} else if before[j] {
				served++
			}
		}
		most = max(most, n)
	}
	t.Logf("%d waits ended, at most %d at once", served, most)
	if served < *waits/20 || most < crowdSize-2 {
		t.Error("that tests nothing")
	}
	p := &pair{berth: w.berth.observer, redis: w.redis.observer}
	p.compareKeys(t)
}

// transaction sends a few commands in one.
func (w *waitRun) transaction(g *waitGen, i int) bool {
	w.t.Helper()
	cmds := [][]string{{"MULTI"}}
	for range 1 + g.IntN(4) {
		cmds = append(cmds, g.feed())
	}
	cmds = append(cmds, []string{"EXEC"})
	for _, args := range cmds {
		if !w.step(i, args, args) {
			return false
		}
	}
	return true
}

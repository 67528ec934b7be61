package exampletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"berth/internal/testkit"
)

// header ends a test where the headers of a library are not installed.
func header(t *testing.T, path, pkg string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		testkit.Missing(t, "no %s: %v", pkg, err)
	}
}

// newUpstream is the other server, at the socket "up" of a folder, not started.
func newUpstream(t *testing.T) *testkit.Program {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		testkit.Missing(t, "no redis-server to forward to: %v", err)
	}
	dir := testkit.ShortDir(t)
	socket := filepath.Join(dir, "up")
	ready := func() error {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err
	}
	return testkit.NewProgram(t, dir, ready, path, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir,
		"--enable-debug-command", "yes")
}

// stat is a number from the pairs that a command replies.
func stat(t *testing.T, c *testkit.Conn, command, name string) int {
	t.Helper()
	r := c.Do(command)
	for i := 0; i+1 < r.Len; i += 2 {
		if key, value := r.Elem(i), r.Elem(i+1); string(key.Str) == name {
			return int(value.Int)
		}
	}
	t.Fatalf("no %s in %s", name, testkit.Show(&r))
	return 0
}

// buildProxy builds the module as the Makefile does.
func buildProxy(t *testing.T) string {
	t.Helper()
	header(t, "/usr/include/hiredis/async.h", "libhiredis-dev")
	return testkit.BuildC(t, "modules/hiredisproxy.c", "-Wextra", "-Werror", "-l:libhiredis.a", "-Wl,--exclude-libs,ALL")
}

// startProxy starts a server whose module forwards to the upstream.
func startProxy(t *testing.T, up *testkit.Program, args string) *testkit.Server {
	t.Helper()
	so := buildProxy(t)
	return testkit.StartBerth(t, testkit.Options{Modules: []string{so + " " + filepath.Join(up.Dir, "up") + " " + args}})
}

// proxyStat is one of the module's counters.
func proxyStat(t *testing.T, c *testkit.Conn, name string) int {
	t.Helper()
	return stat(t, c, "HIREDISPROXY.STATS", name)
}

// both runs a test with each of the two adapters.
func both(t *testing.T, test func(t *testing.T, events string)) {
	t.Parallel()
	for _, events := range []string{"file", "loop"} {
		t.Run(events, func(t *testing.T) {
			t.Parallel()
			test(t, " events "+events)
		})
	}
}

// Every kind of reply comes through; what is not for a shared connection does not.
func TestProxyReplies(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		up.Start()
		s := startProxy(t, up, "timeout 15000"+events)
		c := s.Dial()
		own := "(error) ERR this command needs a connection of its own"
		c.Expect("HIREDISPROXY.DO PING", "PONG",
			`HIREDISPROXY.DO SET "a key" "x\x00\r\ny"`, "OK",
			`HIREDISPROXY.DO GET "a key"`, `"x\x00\r\ny"`,
			`EXISTS "a key"`, "(integer) 0",
			"HIREDISPROXY.DO GET nothing", "(nil)",
			"HIREDISPROXY.DO INCRBY n -7", "(integer) -7",
			"HIREDISPROXY.DO LRANGE none 0 -1", "(empty array)",
			"HIREDISPROXY.DO EVAL 'return {1,{\"a\",false,{}},redis.status_reply(\"S\"),redis.error_reply(\"E inside\")}' 0",
			"1) (integer) 1\n2) 1) \"a\"\n   2) (nil)\n   3) (empty array)\n3) S\n4) (error) E inside",
			"HIREDISPROXY.DO LPUSH n 1", "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
			"HIREDISPROXY.DO NOSUCH", "(error) ERR unknown command 'NOSUCH', with args beginning with: ",
			"HIREDISPROXY.DO", "(error) ERR wrong number of arguments for 'hiredisproxy.do' command",
			"HIREDISPROXY.DO subscribe a", own, "HIREDISPROXY.DO MULTI", own, "HIREDISPROXY.DO blpop a 0", own,
			"HIREDISPROXY.DO XREAD BLOCK 0 STREAMS a 0", own,
			"HIREDISPROXY.DO XREAD STREAMS block 0", "(nil)",
			"MULTI", "OK", "HIREDISPROXY.DO INCR never", "QUEUED", "EXEC", "1) (error) ERR this client may not wait",
			"HIREDISPROXY.DO GET never", "(nil)")
		large := strings.Repeat("0123456789", 200_000)
		if got := c.Do("HIREDISPROXY.DO", "ECHO", large); string(got.Str) != large {
			t.Errorf("a large reply came with %d bytes", len(got.Str))
		}
		if got := proxyStat(t, c, "connects"); got != 1 {
			t.Errorf("%d connections", got)
		}
		c.Expect("MODULE UNLOAD hiredisproxy", "OK", "PING", "PONG")
	})
}

// Many clients send many requests each, which share one connection, keep their
// order, and are written together.
func TestProxyPipelining(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		up.Start()
		s := startProxy(t, up, "timeout 15000"+events)
		const clients, each = 40, 50
		conns := make([]*testkit.Conn, clients)
		for i := range conns {
			conns[i] = s.Dial()
			var all []byte
			for j := range each {
				all = append(all, testkit.Request("HIREDISPROXY.DO", "RPUSH", fmt.Sprint("list", i), fmt.Sprint(j))...)
			}
			conns[i].Write(all)
		}
		for i, c := range conns {
			for j := range each {
				if got, want := c.Read(), int64(j+1); got.Int != want {
					t.Fatalf("client %d: got %s, want %d", i, testkit.Show(&got), want)
				}
			}
		}
		c := conns[0]
		for name, want := range map[string]int{"connects": 1, "answered": clients * each, "waiting": 0, "lost": 0} {
			if got := proxyStat(t, c, name); got != want {
				t.Errorf("%s is %d, want %d", name, got, want)
			}
		}
	})
}

// The other server is absent, comes, dies with requests under way, and comes
// back: errors are errors, and nothing has to be done for it to go on.
func TestProxyReconnects(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		s := startProxy(t, up, "timeout 15000"+events)
		c := s.Dial()
		c.Expect("HIREDISPROXY.DO PING", "(error) ERR upstream: No such file or directory")
		returns := func() {
			t.Helper()
			eventually(t, "the other server", func() bool { return c.Line("HIREDISPROXY.DO PING") == "PONG" })
		}
		up.Start()
		returns()
		for round := range 3 {
			up.Pause()
			waiting := make([]*testkit.Conn, 20)
			for i := range waiting {
				waiting[i] = s.Dial()
				waiting[i].Send("HIREDISPROXY.DO", "INCR", "n")
			}
			eventually(t, "all to wait", func() bool { return proxyStat(t, c, "waiting") == len(waiting) })
			waiting[0].Close()
			eventually(t, "one to leave", func() bool { return proxyStat(t, c, "waiting") == len(waiting)-1 })
			up.Kill()
			for _, w := range waiting[1:] {
				if got := w.Read(); string(got.Str) != "ERR upstream: Server closed the connection" && string(got.Str) != "ERR upstream: Connection reset by peer" {
					t.Errorf("round %d: %s", round, testkit.Show(&got))
				}
				w.Expect("PING", "PONG")
			}
			if got := c.Line("HIREDISPROXY.DO PING"); got != "(error) ERR upstream: Connection refused" {
				t.Errorf("round %d: %s", round, got)
			}
			up.Start()
			returns()
		}
		c.Expect("MODULE UNLOAD hiredisproxy", "OK")
	})
}

// The other server hangs: who waits gets its timeout, everybody else is served,
// and it goes on when the other server does. Clients leave while they wait.
func TestProxyHanging(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		up.Start()
		s := startProxy(t, up, "timeout 300"+events)
		c := s.Dial()
		eventually(t, "the other server", func() bool { return c.Line("HIREDISPROXY.DO PING") == "PONG" })
		up.Pause()
		staying, leaving, killed := make([]*testkit.Conn, 10), make([]*testkit.Conn, 10), s.Dial()
		killed.Expect("CLIENT SETNAME killed", "OK")
		id := killed.Do("CLIENT", "ID")
		killed.Send("HIREDISPROXY.DO", "GET", "n")
		for i := range staying {
			staying[i], leaving[i] = s.Dial(), s.Dial()
			staying[i].Send("HIREDISPROXY.DO", "GET", "n")
			leaving[i].Send("HIREDISPROXY.DO", "GET", "n")
		}
		eventually(t, "all to have sent", func() bool { return proxyStat(t, c, "forwarded") > 2*len(staying) })
		for _, w := range leaving {
			w.Close()
		}
		c.Line(fmt.Sprintf("CLIENT KILL ID %d", id.Int)) // it may have its timeout already
		for _, w := range staying {
			got := w.Read()
			if text := string(got.Str); text != "ERR upstream: no answer in time" && text != "ERR upstream: it does not answer" {
				t.Errorf("got %s", testkit.Show(&got))
			}
			w.Expect("PING", "PONG")
		}
		eventually(t, "nobody to wait", func() bool { return proxyStat(t, c, "waiting") == 0 })
		up.Resume()
		eventually(t, "the other server", func() bool { return c.Line("HIREDISPROXY.DO PING") == "PONG" })
		// The module may go while a request is under way that nobody waits for.
		up.Pause()
		last := s.Dial()
		last.Send("HIREDISPROXY.DO", "GET", "n")
		eventually(t, "the last to wait", func() bool { return proxyStat(t, c, "queued") == 1 })
		last.Close()
		eventually(t, "it to leave", func() bool { return proxyStat(t, c, "waiting") == 0 })
		c.Expect("MODULE UNLOAD hiredisproxy", "OK", "PING", "PONG")
	})
}

// CLIENT UNBLOCK releases one client, and tells nothing about the other server.
func TestProxyUnblock(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		up.Start()
		s := startProxy(t, up, "timeout 15000"+events)
		c := s.Dial()
		c.Expect("HIREDISPROXY.DO SET n 1", "OK")
		up.Pause()
		var ids []int64
		list := make([]*testkit.Conn, 3)
		for i := range list {
			list[i] = s.Dial()
			id := list[i].Do("CLIENT", "ID")
			ids = append(ids, id.Int)
			list[i].Send("HIREDISPROXY.DO", "INCR", "n")
		}
		eventually(t, "all to wait", func() bool { return proxyStat(t, c, "waiting") == 3 })
		c.Expect(fmt.Sprint("CLIENT UNBLOCK ", ids[0]), "(integer) 1", fmt.Sprint("CLIENT UNBLOCK ", ids[1], " ERROR"), "(integer) 1")
		for i, want := range []string{"(error) ERR upstream: no answer in time", "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK"} {
			if r := list[i].Read(); testkit.Show(&r) != want {
				t.Errorf("client %d: got %s", i, testkit.Show(&r))
			}
		}
		up.Resume()
		// The requests are executed all the same, in their order.
		if r := list[2].Read(); r.Int < 2 || r.Int > 4 {
			t.Errorf("the third: got %s", testkit.Show(&r))
		}
		c.Expect("HIREDISPROXY.DO GET n", `"4"`)
		if n := proxyStat(t, c, "connects"); n != 1 {
			t.Errorf("%d connections", n)
		}
		c.Expect("MODULE UNLOAD hiredisproxy", "OK")
	})
}

// TestProxyHammer has clients that ask, leave and are killed at random, before a
// server that stops and dies. Afterwards all is as if nothing had been.
func TestProxyHammer(t *testing.T) {
	both(t, func(t *testing.T, events string) {
		up := newUpstream(t)
		up.Start()
		s := startProxy(t, up, "timeout 100"+events)
		all := startCrowd(t, s, 8, func(rng *rand.Rand) []byte {
			if rng.IntN(2) == 0 {
				return testkit.Request("HIREDISPROXY.DO", "INCR", "n")
			}
			return testkit.Request("HIREDISPROXY.DO", "LRANGE", "none", "0", "-1")
		})
		for range 2 {
			time.Sleep(100 * time.Millisecond)
			up.Pause()
			time.Sleep(200 * time.Millisecond)
			up.Resume()
			time.Sleep(100 * time.Millisecond)
			up.Kill()
			time.Sleep(100 * time.Millisecond)
			up.Start()
		}
		time.Sleep(100 * time.Millisecond)
		answers := all.end()
		t.Logf("%d arrays, %d errors, %d ends", answers['*'], answers['-'], answers[0])
		if answers['*'] == 0 || answers['-'] == 0 || answers[0] == 0 {
			t.Error("something was not tried")
		}
		c := s.Dial()
		eventually(t, "nobody to wait", func() bool { return proxyStat(t, c, "waiting") == 0 && proxyStat(t, c, "queued") == 0 })
		eventually(t, "the other server", func() bool { return c.Line("HIREDISPROXY.DO PING") == "PONG" })
		c.Expect("MODULE UNLOAD hiredisproxy", "OK")
	})
}

// Arguments of the module that cannot be meant keep it from loading.
func TestProxyArguments(t *testing.T) {
	t.Parallel()
	so := buildProxy(t)
	s := testkit.StartBerth(t, testkit.Options{})
	c := s.Dial()
	for args, reason := range map[string]string{
		"":                    "usage: ADDRESS",
		" localhost":          "the address must be",
		" 127.0.0.1:0":        "the address must be",
		" /s timeout":         "usage: ADDRESS",
		" /s timeout 0":       "the timeout must be",
		" /s timeout never":   "the timeout must be",
		" /s events nonsense": "unknown argument",
	} {
		c.Expect("MODULE LOAD "+so+args, "(error) ERR Error loading the extension. Please check the server logs.")
		s.WaitLog(reason)
	}
	c.Expect("MODULE LOAD "+so+" 127.0.0.1:1", "OK", "HIREDISPROXY.DO PING", "(error) ERR upstream: Connection refused",
		"MODULE UNLOAD hiredisproxy", "OK")
	if _, err := c.Next(10 * time.Millisecond); !errors.Is(err, testkit.ErrQuiet) {
		t.Error(err)
	}
}

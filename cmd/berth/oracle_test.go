package main

import (
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

// peer is a connection that reads whole replies.
type peer struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

// dial waits until somebody listens on the port.
func dial(t *testing.T, port int) *peer {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &peer{t: t, conn: conn}
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// do sends one command and gives its reply.
func (p *peer) do(args ...string) resp.Reply {
	p.t.Helper()
	req := fmt.Sprintf("*%d\r\n", len(args))
	for _, arg := range args {
		req += fmt.Sprintf("$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := p.conn.Write([]byte(req)); err != nil {
		p.t.Fatal(err)
	}
	p.buf = nil
	chunk := make([]byte, 1<<16)
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		if r, _, err := resp.ParseReply(p.buf); err == nil {
			return r
		}
		n, err := p.conn.Read(chunk)
		if err != nil {
			p.t.Fatalf("%q: %v after %q", args, err, p.buf)
		}
		p.buf = append(p.buf, chunk[:n]...)
	}
}

// strings lists the elements of an array of texts and numbers.
func texts(r resp.Reply) []string {
	list := make([]string, r.Len)
	for i := range list {
		e := r.Elem(i)
		list[i] = string(e.Str)
		if e.Kind == resp.KindInt {
			list[i] = strconv.FormatInt(e.Int, 10)
		}
	}
	return list
}

// config is all of CONFIG GET * as a map.
func (p *peer) config() map[string]string {
	m := make(map[string]string)
	list := texts(p.do("CONFIG", "GET", "*"))
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

// beside starts a redis-server and a berth and connects to both.
func beside(t *testing.T) (redis, berth *peer) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server to compare with: ", err)
	}
	port := freePort(t)
	dir := t.TempDir()
	cmd := exec.Command(path, "--port", strconv.Itoa(port), "--save", "", "--dir", dir, "--bind", "127.0.0.1",
		"--enable-debug-command", "yes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has nothing to save
		_ = cmd.Wait()         // killed
	})
	p := start(t, dir, "--save", "", "--bind", "127.0.0.1", "--enable-debug-command", "yes")
	return dial(t, port), dial(t, p.port)
}

// Every parameter of redis-server is there with the same value, and so is every
// field of INFO.
func TestSameParameters(t *testing.T) {
	redis, berth := beside(t)
	mine := berth.config()
	for name, want := range redis.config() {
		got, ok := mine[name]
		// In 7.2 these differ from the 7.0 that distributions have.
		changed := []string{"port", "pidfile"}
		if name == "aof-disable-auto-gc" {
			continue // hidden in 7.2
		}
		if !ok || got != want && !slices.Contains(changed, name) {
			t.Errorf("%s is %q, %v; redis-server has %q", name, got, ok, want)
		}
	}
	info := string(berth.do("INFO", "everything").Str)
	for _, line := range strings.Split(string(redis.do("INFO", "everything").Str), "\r\n") {
		name, _, ok := strings.Cut(line, ":")
		if ok && !strings.Contains(name, "stat_") && !strings.HasPrefix(name, "latency_") && !strings.Contains(info, "\r\n"+name+":") {
			t.Errorf("INFO has no field %s", name)
		}
	}
}

// CONFIG SET takes and refuses the same values with the same words.
func TestSameConfigSet(t *testing.T) {
	redis, berth := beside(t)
	values := []string{
		"", "yes", "NO", "maybe", "0", "1", "-1", "07", "100", "65536", "1kb", "1GB", "10%", "2147483648",
		"9223372036854775808", "a b", "3600 1", "0 1", "slave 1mb 2mb 3", "normal 1 2", "KEA", "q", "50 99.5", "101",
		"0 200 800", "save nosave", "now force", "everysec", "{title} {x}", "a/b", "noeviction", "swapdb",
	}
	for _, name := range []string{
		"hz", "maxmemory", "maxmemory-policy", "save", "client-output-buffer-limit", "notify-keyspace-events",
		"latency-tracking-info-percentiles", "oom-score-adj-values", "shutdown-on-sigterm", "appendfsync",
		"proc-title-template", "dbfilename", "repl-diskless-load", "list-max-ziplist-size", "hash-max-listpack-value",
		"slowlog-log-slower-than", "protected-mode", "databases", "unixsocketperm", "nosuch",
	} {
		for _, value := range values {
			want, got := redis.do("CONFIG", "SET", name, value), berth.do("CONFIG", "SET", name, value)
			if string(got.Raw) != string(want.Raw) {
				t.Errorf("CONFIG SET %s %q: %s, redis-server: %s", name, value, got.Str, want.Str)
			}
			want, got = redis.do("CONFIG", "GET", name), berth.do("CONFIG", "GET", name)
			if string(got.Raw) != string(want.Raw) {
				t.Errorf("CONFIG GET %s after %q: %q, redis-server: %q", name, value, texts(got), texts(want))
			}
		}
	}
}

// Commands that both have take the same number of arguments and have their
// keys at the same places.
func TestSameCommands(t *testing.T) {
	redis, berth := beside(t)
	for _, name := range texts(berth.do("COMMAND", "LIST")) {
		want, got := redis.do("COMMAND", "INFO", name), berth.do("COMMAND", "INFO", name)
		if want.Elem(0).IsNull() {
			continue // newer than that redis-server, or berth's own
		}
		for i, what := range []string{"name", "arity", "flags", "first key", "last key", "step"} {
			newer := strings.HasPrefix(name, "command|getkeys") || name == "zrank" || name == "zrevrank"
			if i == 2 || i == 1 && newer {
				continue // flags are sets, and 7.2 has more; some take other arguments there
			}
			if g, w := got.Elem(0).Elem(i), want.Elem(0).Elem(i); string(g.Raw) != string(w.Raw) {
				t.Errorf("%s of %s is %q, redis-server's is %q", what, name, g.Raw, w.Raw)
			}
		}
	}
}

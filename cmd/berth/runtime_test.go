package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// getsid is the session of a process.
func getsid(pid int) (int, error) { return unix.Getsid(pid) }

// What CONFIG SET changes is felt at once.
func TestRuntimeChanges(t *testing.T) {
	p := start(t, t.TempDir(), "--bind", "127.0.0.1", "--save", "")

	first := p.port
	moved := freePort(t)
	p.expect("+OK\r\n", "CONFIG", "SET", "port", strconv.Itoa(moved))
	if conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(first)); err == nil {
		conn.Close()
		t.Errorf("it still listens on port %d", first)
	}
	p.port = moved
	p.expect("+PONG\r\n", "PING")

	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	busyPort := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	p.expect("-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.\r\n",
		"CONFIG", "SET", "port", busyPort)
	p.expect("+PONG\r\n", "PING")
	p.expect("*2\r\n$4\r\nport\r\n$"+strconv.Itoa(len(strconv.Itoa(moved)))+"\r\n"+strconv.Itoa(moved)+"\r\n", "CONFIG", "GET", "port")

	p.expect("-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.\r\n",
		"CONFIG", "SET", "bind", "127.0.0.1 999.999.999.999")
	p.expect("+OK\r\n", "CONFIG", "SET", "bind", "127.0.0.1 -::1")
	p.expect("+PONG\r\n", "PING")

	// One client stays on; with it the limit of one is used up.
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(moved))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := talkTo(t, conn, "CONFIG", "SET", "maxclients", "1"); got != "+OK\r\n" {
		t.Fatalf("maxclients: %q", got)
	}
	if got := p.ask("PING"); !strings.HasPrefix(got, "-ERR max number of clients") {
		t.Errorf("a second client: %q", got)
	}
	if got := talkTo(t, conn, "CONFIG", "SET", "maxclients", "100", "requirepass", "secret"); got != "+OK\r\n" {
		t.Fatalf("requirepass: %q", got)
	}
	p.expect("-NOAUTH Authentication required.\r\n", "PING")
	if got := talkTo(t, conn, "PING"); got != "+PONG\r\n" {
		t.Errorf("the client that set the password is thrown out: %q", got)
	}
	p.expect("+OK\r\n", "AUTH", "secret")
}

// A rewritten file starts the server with the same values.
func TestRewriteAndRestart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte("# mine\nbind 127.0.0.1\nsave ''\nhash-max-ziplist-entries 9\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, dir, file)
	p.expect("+OK\r\n", "CONFIG", "SET", "maxmemory", "64mb", "timeout", "77", "requirepass", "a \"b\" \x01")
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(p.port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, cmd := range [][]string{{"AUTH", "a \"b\" \x01"}, {"CONFIG", "REWRITE"}} {
		if got := talkTo(t, conn, cmd...); got != "+OK\r\n" {
			t.Fatalf("%q: %q", cmd, got)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.exit()

	again := launch(t, dir, "", file)
	again.port = p.port
	again.waitFor("bye bye") // of the first, in the same file
	for strings.Count(again.output(), "Ready to accept") < 2 {
		select {
		case <-again.done:
			t.Fatalf("it ended:\n%s", again.output())
		default:
		}
	}
	conn, err = net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(again.port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	talkTo(t, conn, "AUTH", "a \"b\" \x01")
	got := talkTo(t, conn, "CONFIG", "GET", "maxmemory", "timeout", "hash-max-listpack-entries")
	for _, want := range []string{"67108864", "77", "9"} {
		if !strings.Contains(got, "\r\n"+want+"\r\n") {
			t.Errorf("no %s in %q", want, got)
		}
	}
}

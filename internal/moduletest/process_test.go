package moduletest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// server is a running server in a folder of its own. It listens on a Unix
// socket and, for modules that connect to it, on a port of this machine.
type server struct {
	t      *testing.T
	dir    string
	socket string
	port   int
	pid    int
	log    string
	done   chan struct{}
}

// startBerth starts the server of this tree.
func startBerth(t *testing.T) *server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return start(t, path, "serve")
}

// startRedis starts the redis-server of the system, to compare with.
func startRedis(t *testing.T) *server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		absent(t, "redis-server")
	}
	return start(t, path)
}

func start(t *testing.T, path string, args ...string) *server {
	t.Helper()
	// The name of a socket has to be short, so t.TempDir will not do.
	dir, err := os.MkdirTemp("", "berth-mt-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := launch(t, dir, path, args...)
	s.listening()
	return s
}

// launch starts a server in a folder.
func launch(t *testing.T, dir, path string, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: dir, socket: filepath.Join(dir, "s"), log: filepath.Join(dir, "log"), done: make(chan struct{})}
	s.port = freePort(t)
	out, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	own := []string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--unixsocket", s.socket,
		"--save", "", "--dir", dir, "--enable-module-command", "yes", "--loglevel", "verbose"}
	first := 0
	for first < len(args) && !strings.HasPrefix(args[first], "--") {
		first++ // the subcommand comes before the options, and those of the test win
	}
	cmd := exec.Command(path, slices.Concat(args[:first], own, args[first:])...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = cmd.Process.Pid
	go func() {
		_ = cmd.Wait() // it is killed at the end
		close(s.done)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may be gone
		<-s.done
		if t.Failed() {
			t.Logf("the end of the log of %s:\n%s", filepath.Base(path), tail(s.output(), 4000))
		}
	})
	return s
}

// listening waits until the server takes connections.
func (s *server) listening() {
	s.t.Helper()
	s.eventually("the server to listen", func() bool {
		conn, err := net.Dial("unix", s.socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// restart ends the server without saving and starts it again in its folder.
func (s *server) restart(args ...string) *server {
	s.t.Helper()
	path, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.stop()
	n := launch(s.t, s.dir, path, append([]string{"serve"}, args...)...)
	n.listening()
	c, err := n.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.conn.Close()
	n.eventually("the server to have loaded its data", func() bool { return !strings.HasPrefix(c.do(s.t, "PING"), "(error) LOADING") })
	return n
}

// stop ends the server without saving.
func (s *server) stop() {
	s.t.Helper()
	if c, err := s.connect(); err == nil {
		_ = c.send("SHUTDOWN", "NOSAVE") // it may have ended
		defer c.conn.Close()
	}
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatal("the server does not end")
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func tail(s string, n int) string {
	return s[max(0, len(s)-n):]
}

// output is all that the server printed.
func (s *server) output() string {
	data, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Error(err)
	}
	return string(data)
}

// eventually waits until something holds, as long as the server lives.
func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			s.t.Fatalf("waiting for %s: the server has ended:\n%s", what, tail(s.output(), 8000))
		default:
		}
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// descriptors counts what the server has open.
func (s *server) descriptors() int {
	s.t.Helper()
	list, err := os.ReadDir("/proc/" + strconv.Itoa(s.pid) + "/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	return len(list)
}

// settled is the number of descriptors once it has stopped changing: closing a
// connection on this side is seen a little later on the other.
func (s *server) settled() int {
	s.t.Helper()
	n, same := s.descriptors(), 0
	for end := time.Now().Add(patience); same < 10 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if now := s.descriptors(); now == n {
			same++
		} else {
			n, same = now, 0
		}
	}
	return n
}

// expectDescriptors waits until as many descriptors are open as before.
func (s *server) expectDescriptors(want int) {
	s.t.Helper()
	got := 0
	for end := time.Now().Add(patience / 4); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if got = s.descriptors(); got == want {
			return
		}
	}
	s.t.Errorf("%d descriptors are open, there were %d", got, want)
}

// logged waits for a line of the log that matches.
func (s *server) logged(pattern string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	s.eventually("a log line like "+pattern, func() bool { return re.MatchString(s.output()) })
}

// loggedSince gives the lines that were logged after the first n bytes.
func (s *server) loggedSince(n int) []string {
	text := strings.TrimSuffix(s.output()[n:], "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

//go:build linux && (amd64 || arm64)

package torture

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"berth/abi"
	"berth/internal/server"
	"berth/loader"
)

// The loop runs on the process's main thread, so TestMain keeps it and the tests run on another.
func init() { runtime.LockOSThread() }

var (
	dir     string // of the modules and the socket
	skipped string // why there is no server
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	debug.SetPanicOnFault(true)
	if dir = os.Getenv(serveIn); dir != "" { // the test's own server process
		return serve(nil)
	}
	var err error
	if dir, err = os.MkdirTemp("", "berth-torture"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if _, err := exec.LookPath("gcc"); err != nil {
		skipped = "SKIPPED: no C compiler (make setup)"
		return m.Run()
	}
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return serve(m.Run)
}

// serveIn is the environment variable that has this program be nothing but a server, in the folder that it names.
const serveIn = "BERTH_TORTURE_SERVE"

// serve runs a server in dir, and what tests it, until that is over.
func serve(tests func() int) int {
	s, err := server.New(server.Options{
		LoadModules: func(s *server.Server) error {
			host, err := abi.New(s)
			if err == nil {
				_, err = loader.New(host)
			}
			return err
		},
		Configure: func(s *server.Server) error {
			return s.Config.LoadText(fmt.Sprintf("port 0\nsave \"\"\nunixsocket %s/s\nlogfile %s/log\nenable-module-command yes\nmaxclients 20000\n", dir, dir))
		},
	})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := make(chan int, 1)
	if tests != nil {
		go func() {
			code <- tests()
			s.Loop.Stop()
		}()
	} else {
		code <- 0
	}
	if err := s.Loop.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return <-code
}

// build makes two C modules of one source and two Go modules.
func build() error {
	include, err := filepath.Abs("../../include")
	if err != nil {
		return err
	}
	for _, name := range []string{"alpha", "beta"} {
		out, err := exec.Command("gcc", "-shared", "-fPIC", "-O2", "-std=gnu11", "-pthread", "-I"+include, "-DNAME="+name,
			"-o", filepath.Join(dir, name+".so"), "testdata/threads.c").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	for _, name := range []string{"gohello", "goblock"} {
		path := filepath.Join(dir, name+".so")
		cmd := exec.Command("go", "build", "-buildmode=c-shared", "-o", path, "../../modules/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		if err := os.Chmod(path, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// client is one connection, for inline commands.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial() (*client, error) { return dialTo(filepath.Join(dir, "s")) }

func dialTo(socket string) (*client, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn)}, nil
}

// do sends a command and reads its reply, arrays joined by blanks.
func (c *client) do(line string) (string, error) {
	c.conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		return "", err
	}
	return c.read()
}

func (c *client) read() (string, error) {
	l, err := c.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	l = strings.TrimSuffix(l, "\r\n")
	n, _ := strconv.Atoi(l[1:])
	switch l[0] {
	case '$':
		if n < 0 {
			return "", nil
		}
		b := make([]byte, n+2)
		_, err := io.ReadFull(c.r, b)
		return string(b[:n]), err
	case '*':
		var all []string
		for range n {
			e, err := c.read()
			if err != nil {
				return "", err
			}
			all = append(all, e)
		}
		return strings.Join(all, " "), nil
	}
	return l, nil
}

// calls are commands with a number for %d, and what a good reply looks like (the beginning; "" is anything).
var calls = []struct{ line, reply string }{
	{"alpha.work %d", ""}, {"beta.work %d", ""},
	{"alpha.race %d", ":"}, {"beta.race %d", ":"},
	{"alpha.early %d", ":"}, {"beta.early %d", ":"},
	{"alpha.abort", "+aborted"}, {"beta.abort", "+aborted"},
	{"goblock.sleep %d", ":"}, {"goblock.many %d", ""},
	{"gohello.echo %d", ""}, {"gohello.sum %d 1", ":"},
	{"set k%d v", "+OK"}, {"get k%d", ""},
}

// allowed tells whether an error is one that this test provokes.
func allowed(reply string) bool {
	return strings.HasPrefix(reply, "-ERR unknown command") || // the module is out just now
		strings.HasPrefix(reply, "-UNBLOCKED ") || strings.HasPrefix(reply, "+OK") ||
		reply == ":-1" || reply == ""
}

// Hammer of the whole host.
func TestTorture(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	length := 3 * time.Second
	if v := os.Getenv("BERTH_TORTURE"); v != "" {
		var err error
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	defer admin.conn.Close()
	must := func(line, want string) {
		t.Helper()
		got, err := admin.do(line)
		if err != nil || got != want {
			t.Fatalf("%s: %q, %v", line, got, err)
		}
	}
	modules := []string{"alpha", "beta", "gohello", "goblock"}
	// Once round before counting descriptors: the Go runtimes of the modules keep some of their own.
	for _, m := range modules {
		must("module load "+dir+"/"+m+".so", "+OK")
	}
	must("goblock.sleep 1", ":0")
	descriptors := countDescriptors(t)

	var stop atomic.Bool
	var wg, busy sync.WaitGroup
	var answered, refused, cycles atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			if err := caller(rand.New(rand.NewPCG(uint64(i), 1)), &stop, &answered, &refused); err != nil {
				t.Error(err)
				stop.Store(true)
			}
		})
	}
	wg.Go(func() {
		if err := cycle(modules, &stop, &cycles); err != nil {
			t.Error(err)
			stop.Store(true)
		}
	})
	busy.Go(func() {
		// Nothing in this loop gives the scheduler a chance: it must be stopped by a signal at each collection.
		for !stop.Load() {
		}
	})
	busy.Go(func() {
		for !stop.Load() {
			runtime.GC()
			time.Sleep(5 * time.Millisecond)
		}
	})
	// The main thing that can go wrong silently is a hang: the server must answer all the time.
	for end := time.Now().Add(length); time.Now().Before(end) && !stop.Load(); time.Sleep(50 * time.Millisecond) {
		if got, err := admin.do("ping"); err != nil || got != "+PONG" {
			t.Fatalf("the server hangs: %q, %v\n%s", got, err, tail())
		}
	}
	stop.Store(true)
	wg.Wait()
	busy.Wait()
	if t.Failed() {
		t.Fatalf("log:\n%s", tail())
	}
	settle(t, admin, "no client is blocked", func() bool {
		info, err := admin.do("info clients")
		return err == nil && strings.Contains(info, "blocked_clients:0\r\n") && strings.Contains(info, "connected_clients:1\r\n")
	})
	settle(t, admin, "no descriptor is left open", func() bool { return countDescriptors(t) <= descriptors })
	for _, m := range modules {
		// A goroutine or a thread may still have to give back the handle of a client that was killed.
		settle(t, admin, m+" can be unloaded", func() bool {
			got, err := admin.do("module unload " + m)
			return err == nil && got == "+OK"
		})
	}
	if n := answered.Load(); n < 100 || cycles.Load() < 4 {
		t.Errorf("only %d replies and %d unloads: this tests nothing", n, cycles.Load())
	}
	t.Logf("%d replies, %d refusals, %d unloads", answered.Load(), refused.Load(), cycles.Load())
}

// caller connects, sends a few commands, now and then leaves without waiting for the replies, unblocks others, and connects again.
func caller(rnd *rand.Rand, stop *atomic.Bool, answered, refused *atomic.Int64) error {
	for !stop.Load() {
		c, err := dial()
		if err != nil {
			return err
		}
		id, err := c.do("client id")
		if err != nil {
			return fmt.Errorf("client id: %w", err)
		}
		me, _ := strconv.Atoi(id[1:])
		for range 20 {
			call := calls[rnd.IntN(len(calls))]
			line := call.line
			if strings.Contains(line, "%d") {
				line = fmt.Sprintf(line, rnd.IntN(20))
			}
			switch rnd.IntN(12) {
			case 0:
				io.WriteString(c.conn, line+"\r\n")
				c.conn.Close()
			case 1:
				line = fmt.Sprintf("client unblock %d %s", me-rnd.IntN(16)-1, []string{"timeout", "error"}[rnd.IntN(2)])
				call.reply = ":"
				fallthrough
			default:
				reply, err := c.do(line)
				if err != nil {
					return fmt.Errorf("%s: %w", line, err)
				}
				answered.Add(1)
				if strings.HasPrefix(reply, "-") || !strings.HasPrefix(reply, call.reply) {
					if !allowed(reply) {
						return fmt.Errorf("%s: %q", line, reply)
					}
					refused.Add(1)
				}
				continue
			}
			break
		}
		c.conn.Close()
	}
	return nil
}

// cycle unloads modules and loads them again.
func cycle(modules []string, stop *atomic.Bool, cycles *atomic.Int64) error {
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for i := 0; !stop.Load(); i++ {
		m := modules[i%len(modules)]
		reply, err := c.do("module unload " + m)
		switch {
		case err != nil:
			return fmt.Errorf("unload of %s: %w", m, err)
		case reply == "+OK":
			cycles.Add(1)
			time.Sleep(time.Millisecond)
			if reply, err = c.do("module load " + dir + "/" + m + ".so"); err != nil || reply != "+OK" {
				return fmt.Errorf("load of %s: %q, %w", m, reply, err)
			}
		case strings.Contains(reply, "blocked client"):
		default:
			return fmt.Errorf("unload of %s: %q", m, reply)
		}
		time.Sleep(3 * time.Millisecond)
	}
	return nil
}

func settle(t *testing.T, admin *client, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	clients, _ := admin.do("client list")
	t.Errorf("not so in the end: %s\n%s\n%s", what, clients, tail())
}

func countDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// tail is the end of the server's log.
func tail() []byte {
	b, _ := os.ReadFile(filepath.Join(dir, "log"))
	lines := bytes.Split(b, []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-15):], []byte("\n"))
}

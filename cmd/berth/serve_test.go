package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that must happen.
const patience = 20 * time.Second

// binary builds the command once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "berth-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "berth")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// freePort is a port that nobody listens on right now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// process is a running berth serve.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	dir  string
	port int
	log  string
	done chan struct{}
}

// launch runs berth serve in dir. Its output, both streams, goes to a file.
func launch(t *testing.T, dir string, stdin string, args ...string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, dir: dir, log: filepath.Join(dir, "stdout"), done: make(chan struct{})}
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p.cmd = exec.Command(path, append([]string{"serve"}, args...)...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, f, f
	p.cmd.Stdin = strings.NewReader(stdin)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the code is read from the state
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be gone
		<-p.done
	})
	return p
}

// start runs berth serve and waits until it is ready.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	port := freePort(t)
	p := launch(t, dir, "", append(args, "--port", strconv.Itoa(port))...)
	p.port = port
	p.waitFor("Ready to accept connections tcp")
	return p
}

// output is all that the process printed.
func (p *process) output() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

// waitFor waits until the output has the text.
func (p *process) waitFor(text string) {
	p.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(p.output(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("no %q in:\n%s", text, p.output())
		}
	}
}

// exit waits for the end of the process and gives its code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("it goes on running:\n%s", p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// ask sends one command on a connection of its own and gives the raw reply, or
// what there is of it when the server hangs up.
func (p *process) ask(args ...string) string {
	p.t.Helper()
	return askAt(p.t, "tcp", "127.0.0.1:"+strconv.Itoa(p.port), args...)
}

func askAt(t *testing.T, network, addr string, args ...string) string {
	t.Helper()
	conn, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return talkTo(t, conn, args...)
}

// talkTo sends one command and reads what comes within a moment.
func talkTo(t *testing.T, conn net.Conn, args ...string) string {
	t.Helper()
	req := fmt.Sprintf("*%d\r\n", len(args))
	for _, arg := range args {
		req += fmt.Sprintf("$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := conn.Write([]byte(req)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	n, err := conn.Read(buf)
	if err != nil && n == 0 {
		return ""
	}
	return string(buf[:n])
}

func (p *process) expect(reply string, args ...string) {
	p.t.Helper()
	if got := p.ask(args...); got != reply {
		p.t.Errorf("%q: got %q, want %q", args, got, reply)
	}
}

// inOrder checks that the output has lines that match, one behind the other.
func (p *process) inOrder(patterns ...string) {
	p.t.Helper()
	rest := p.output()
	for _, pattern := range patterns {
		at := regexp.MustCompile(pattern).FindStringIndex(rest)
		if at == nil {
			p.t.Fatalf("no %q in the rest of the output:\n%s", pattern, rest)
		}
		rest = rest[at[1]:]
	}
}

func TestServeByArguments(t *testing.T) {
	p := start(t, t.TempDir(), "--save", "", "--timeout", "0")
	if got := p.ask("PING"); got != "+PONG\r\n" {
		t.Fatalf("PING: %q", got)
	}
	// An inline command with a stray line feed, as the test harness sends it.
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(p.port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("PING\r\n\n")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "+PONG\r\n" {
		t.Errorf("inline PING: %q, %v", buf[:n], err)
	}
	if got := p.ask("SHUTDOWN", "NOSAVE"); got != "" {
		t.Errorf("SHUTDOWN: %q", got)
	}
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	pid := strconv.Itoa(p.cmd.Process.Pid)
	p.inOrder(
		`(?m)^`+pid+`:M \d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3} \* berth is starting$`,
		`berth version=\S+, Redis version=7\.2\.6, bits=64, pid=`+pid+`, just started`,
		`Configuration loaded`, ` PID: `+pid+`\b`, `\* Server initialized\n`, `\* Ready to accept connections tcp\n`,
		`\* User requested shutdown\.\.\.\n`, `# berth is now ready to exit, bye bye\.\.\.\n$`,
	)
}

func TestServeByFile(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	text := fmt.Sprintf("# as the harness writes it\nalways-show-logo yes\nnotify-keyspace-events KEA\ndaemonize no\n"+
		"pidfile %s/redis.pid\nport %d\ntimeout 0\nbind 127.0.0.1\nloglevel verbose\nlogfile ''\ndatabases 16\n"+
		"latency-monitor-threshold 1\nrepl-diskless-sync-delay 0\nsave ''\nslave-serve-stale-data yes\nappendonly no\n"+
		"propagation-error-behavior panic\nshutdown-on-sigterm force\nenable-debug-command yes\n"+
		"dir ./work\nunixsocket %s/socket\nunixsocketperm 700\n", dir, port, dir)
	if err := os.Mkdir(filepath.Join(dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "redis.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := launch(t, dir, "", "redis.conf")
	p.port = port
	p.waitFor("Ready to accept connections unix")
	pid := p.cmd.Process.Pid

	// The pattern that Redis's own test harness waits for.
	if !regexp.MustCompile(fmt.Sprintf(`(?s) PID: %d.*Server initialized`, pid)).MatchString(p.output()) {
		t.Errorf("no process id before the end of the start:\n%s", p.output())
	}
	if data, err := os.ReadFile(filepath.Join(dir, "redis.pid")); err != nil || string(data) != fmt.Sprintf("%d\n", pid) {
		t.Errorf("pid file: %q, %v", data, err)
	}
	info, err := os.Stat(filepath.Join(dir, "socket"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("socket: %v, %v", info, err)
	}
	if got := askAt(t, "unix", filepath.Join(dir, "socket"), "PING"); got != "+PONG\r\n" {
		t.Errorf("PING by the unix socket: %q", got)
	}
	work, _ := filepath.EvalSymlinks(filepath.Join(dir, "work"))
	if got := p.ask("CONFIG", "GET", "dir"); !strings.Contains(got, work) {
		t.Errorf("dir: %q", got)
	}
	p.expect("+OK\r\n", "DEBUG", "SLEEP", "0")
	if got := p.ask("INFO", "server"); !strings.Contains(got, "config_file:"+file+"\r\n") {
		t.Errorf("config_file is not absolute: %q", got)
	}

	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.expect("+PONG\r\n", "PING")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.exit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	p.inOrder("# Received SIGTERM scheduling shutdown", "User requested shutdown", "Removing the pid file",
		"Removing the unix socket file", "ready to exit, bye bye")
	for _, name := range []string{"redis.pid", "socket"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	busyPort := strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)
	for _, tc := range []struct {
		name  string
		stdin string
		args  []string
		want  string
	}{
		{"unknown directive", "", []string{"--nosuch", "1"},
			"\n*** FATAL CONFIG FILE ERROR (Redis 7.2.6) ***\nReading the configuration file, at line 2\n" +
				">>> 'nosuch \"1\"'\nBad directive or wrong number of arguments\n"},
		{"from standard input", "hz 10\nnosuch\n", []string{"-"},
			"at line 2\n>>> 'nosuch'\nBad directive or wrong number of arguments\n"},
		{"no such file", "", []string{"none.conf"}, "none.conf': No such file or directory\n"},
		{"port in use", "", []string{"--bind", "127.0.0.1", "--port", busyPort}, "Failed listening on port " + busyPort},
		{"module that is missing", "", []string{"--port", "0", "--loadmodule", "/none.so"},
			"Can't load module from /none.so: server aborting\n"},
		{"value for no module", "", []string{"--port", "0", "--none.value", "1"},
			"Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting\n"},
		{"allocator that is missing", "", []string{"--port", "0", "--module-allocator", "/none.so"}, "module-allocator: "},
		{"port with TLS", "", []string{"--port", "0", "--tls-port", "7"}, "berth has no TLS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := launch(t, t.TempDir(), tc.stdin, tc.args...)
			if code := p.exit(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			out := p.output()
			if !strings.Contains(out, tc.want) {
				t.Errorf("no %q in:\n%s", tc.want, out)
			}
			if strings.Contains(out, "Ready to accept") || strings.Contains(out, "panic") {
				t.Errorf("output:\n%s", out)
			}
		})
	}
}

func TestDaemon(t *testing.T) {
	dir := t.TempDir()
	port := freePort(t)
	pidFile, logFile := filepath.Join(dir, "d.pid"), filepath.Join(dir, "d.log")
	conf := fmt.Sprintf("daemonize yes\nport %d\nbind 127.0.0.1\npidfile %s\nlogfile %s\nsave ''\nmaxmemory 5mb\n", port, pidFile, logFile)
	p := launch(t, dir, conf, "-", "--hz", "20")
	if code := p.exit(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, p.output())
	}
	p.log, p.port = logFile, port
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if data, err := os.ReadFile(logFile); err == nil && bytes.Contains(data, []byte("Ready to accept")) {
			break
		}
	}
	data, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || pid == p.cmd.Process.Pid {
		t.Fatalf("pid file %q, %v", data, err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) }) // it may be gone
	if got := p.ask("CONFIG", "GET", "hz"); !strings.Contains(got, "$2\r\n20\r\n") {
		t.Errorf("hz: %q", got)
	}
	if got := p.ask("CONFIG", "GET", "maxmemory"); !strings.Contains(got, "5242880") {
		t.Errorf("standard input did not reach the daemon: %q", got)
	}
	if sid, err := getsid(pid); err != nil || sid != pid {
		t.Errorf("session %d, %v, want its own: %d", sid, err, pid)
	}
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.waitFor("bye bye")
	p.inOrder("Received SIGINT scheduling shutdown", "Removing the pid file")
}

func TestVersion(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "version").Output()
	if err != nil || !regexp.MustCompile(`^berth \d+\.\d+\.\d+ \(Redis 7\.2\.6, go`).Match(out) {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := exec.Command(path, "serve", "--help").Output(); err != nil || !bytes.Contains(out, []byte("redis.conf")) {
		t.Errorf("%q, %v", out, err)
	}
}

package testkit

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long something that must happen may take.
const patience = time.Minute

// Options say how a server is started.
type Options struct {
	// TCP has it listen on a free port of 127.0.0.1, too.
	TCP bool
	// Args are further directives: "--requirepass", "x", ….
	Args []string
	// Modules are libraries to load at the start, each with its arguments
	// behind a blank.
	Modules []string
}

// Server is a running server process.
type Server struct {
	// Name is "berth" or "redis-server".
	Name string
	// Socket is the path of its unix socket.
	Socket string
	// Port is its TCP port, 0 for none.
	Port int
	// Dir is its working folder.
	Dir string
	// PID is its process.
	PID int

	t    testing.TB
	log  string
	done chan struct{}
	cmd  *exec.Cmd
	// over is set once somebody ended it on purpose.
	over bool
}

// StartBerth builds berth and starts it.
func StartBerth(t testing.TB, o Options) *Server {
	t.Helper()
	return start(t, "berth", []string{Berth(t), "serve"}, o)
}

// StartRedis starts the system's redis-server. Without one the test is skipped,
// or fails where CI is set.
func StartRedis(t testing.TB, o Options) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		Missing(t, "no redis-server to compare with: %v", err)
	}
	return start(t, "redis-server", []string{path}, o)
}

// start runs a server until the test ends. Somebody may take a free port before
// the server does: then another is tried.
func start(t testing.TB, name string, command []string, o Options) *Server {
	t.Helper()
	for try := 0; ; try++ {
		s, err := launch(t, name, command, o)
		if err == nil {
			return s
		}
		if !o.TCP || try == 5 || !strings.Contains(err.Error(), "ddress already in use") {
			t.Fatal(err)
		}
	}
}

// freePort is a port that nobody listens on right now.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func launch(t testing.TB, name string, command []string, o Options) (*Server, error) {
	// Not TempDir: with a test's long name, a socket's path would be too long.
	dir, err := os.MkdirTemp("", name+"-")
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{t: t, Name: name, Dir: dir, Socket: filepath.Join(dir, "s"), log: filepath.Join(dir, "log"), done: make(chan struct{})}
	if o.TCP {
		if s.Port, err = freePort(); err != nil {
			return nil, err
		}
	}
	args := append([]string{}, command[1:]...)
	args = append(args, "--port", strconv.Itoa(s.Port), "--bind", "127.0.0.1", "--unixsocket", s.Socket, "--save", "",
		"--dir", dir, "--enable-debug-command", "yes", "--enable-module-command", "yes")
	for _, m := range o.Modules {
		args = append(args, "--loadmodule")
		args = append(args, strings.Fields(m)...)
	}
	args = append(args, o.Args...)
	out, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s.cmd = exec.Command(command[0], args...)
	s.cmd.Env = append(raceEnv, os.Environ()...) // what is set there counts more
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = dir, out, out, dieWithTest()
	if err := s.run(); err != nil {
		return nil, err
	}
	t.Cleanup(s.end)
	return s, s.wait()
}

// run starts the process.
func (s *Server) run() error {
	if err := startLocked(s.cmd, s.done); err != nil {
		return err
	}
	s.PID = s.cmd.Process.Pid
	return nil
}

// wait waits until the server takes connections.
func (s *Server) wait() error {
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("unix", s.Socket)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.done:
			s.over = true
			return fmt.Errorf("%s ended at once:\n%s", s.Name, s.Log())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s takes no connections: %w\n%s", s.Name, err, s.Log())
		}
	}
}

// Log is all that the server printed.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// WaitLog waits until the server has printed a text.
func (s *Server) WaitLog(text string) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(s.Log(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: no %q in\n%s", s.Name, text, s.Log())
		}
	}
}

// Running reports whether the process is there.
func (s *Server) Running() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// Stop ends the server as an operator does and waits for it.
func (s *Server) Stop() {
	s.t.Helper()
	if s.Running() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	}
	s.WaitExit()
}

// Kill ends the server without a chance to do anything, and waits for it.
func (s *Server) Kill() {
	s.over = true
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.done
}

// WaitExit waits until the process has ended by itself and gives its exit code,
// -1 after a signal.
func (s *Server) WaitExit() int {
	s.t.Helper()
	s.over = true
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // for the stacks
		time.Sleep(100 * time.Millisecond)
		s.Kill()
		s.t.Errorf("%s does not end:\n%s", s.Name, s.Log())
	}
	return s.cmd.ProcessState.ExitCode()
}

// end stops the server after its test. One that ended although nobody asked it
// to has crashed.
func (s *Server) end() {
	s.t.Helper()
	if s.over {
		if s.Running() {
			s.Kill()
		}
		return
	}
	if !s.Running() {
		s.t.Errorf("%s ended during the test: %v\n%s", s.Name, s.cmd.ProcessState, s.Log())
		return
	}
	s.Stop()
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("%s ended with %v:\n%s", s.Name, s.cmd.ProcessState, s.Log())
	}
}

//go:build linux

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNotStarted is returned by Start when the server exits or does not answer within ten seconds.
var ErrNotStarted = errors.New("server did not start")

// Server is a running server process.
type Server struct {
	// Name is what tables call it.
	Name string
	// Port is its TCP port on 127.0.0.1.
	Port int
	// Module says whether the bench module is loaded.
	Module bool
	// ModuleError is why it is not, in the server's own words.
	ModuleError string

	cmd  *exec.Cmd
	dir  string
	done chan struct{}
}

// Options say how servers are started.
type Options struct {
	// Module is the path of the bench module; empty: none.
	Module string
	// CPU is the processor the server is bound to, or -1.
	CPU int
	// Clients is the greatest number of clients that it must accept.
	Clients int
	// Args are further arguments.
	Args []string
}

// Start starts command (a program and its first arguments) with an empty data set on a free port, loads the module, and waits
// until it answers. A server that cannot load the module is started without it: Server.Module tells.
func Start(name string, command []string, o Options) (*Server, error) {
	s, err := start(name, command, o)
	if err == nil || o.Module == "" {
		return s, err
	}
	reason := err.Error()
	o.Module = ""
	if s, err = start(name, command, o); err == nil {
		s.ModuleError = reason
	}
	return s, err
}

func start(name string, command []string, o Options) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "berth-bench")
	if err != nil {
		return nil, err
	}
	args := append(append([]string{}, command[1:]...),
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir,
		"--maxclients", strconv.Itoa(o.Clients+100))
	args = append(args, o.Args...)
	if o.Module != "" {
		args = append(args, "--loadmodule", o.Module)
	}
	log := filepath.Join(dir, "log")
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	s := &Server{Name: name, Port: port, Module: o.Module != "", dir: dir, done: make(chan struct{})}
	s.cmd = exec.Command(command[0], args...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	// The server dies with this process, also when that is killed.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := startOn(s.cmd, o.CPU); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("%w: %v", ErrNotStarted, err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		select {
		case <-s.done:
			err := fmt.Errorf("%w: %s", ErrNotStarted, lastLine(log))
			os.RemoveAll(dir)
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
		if c, err := Dial(port); err == nil {
			r, err := c.Do("PING")
			c.Close()
			if err == nil && r.Text == "PONG" {
				return s, nil
			}
		}
	}
	err = fmt.Errorf("%w: no answer to PING: %s", ErrNotStarted, lastLine(log))
	s.Stop()
	return nil, err
}

// startOn starts cmd bound to a processor: a child inherits the binding of the thread that forks it.
func startOn(cmd *exec.Cmd, cpu int) error {
	if cpu < 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return err
	}
	if err := bind(cpu); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &old)
	return cmd.Start()
}

// bind binds the calling thread to one processor.
func bind(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(0, &set)
}

// Stop ends the process and removes its directory.
func (s *Server) Stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(3 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
	}
	os.RemoveAll(s.dir)
}

// Alive tells whether the process runs; when it does not, the error has the end of its log.
func (s *Server) Alive() error {
	select {
	case <-s.done:
		return fmt.Errorf("%s ended: %s", s.Name, lastLine(filepath.Join(s.dir, "log")))
	default:
		return nil
	}
}

// PID is the process's number.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// CPU is the processor time that the process has used so far: user and system time of all its threads, also of those that
// ended.
func (s *Server) CPU() (time.Duration, error) {
	// The kernel makes the clock of a process from its number (clock_getcpuclockid(3)); 2 is the scheduler's clock.
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^s.PID())<<3|2, &t); err != nil {
		return 0, fmt.Errorf("clock of process %d: %w", s.PID(), err)
	}
	return time.Duration(t.Nano()), nil
}

// ticks is the time spent outside and inside the kernel so far, in the kernel's ticks. Which of the two a tick is counted
// for is sampled, so only differences over a second or more mean something.
func (s *Server) ticks() (user, system float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.PID()))
	if err != nil {
		return 0, 0, err
	}
	// The second field is the program's name in parentheses, which may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0, 0, errors.New("short line in the process's stat")
	}
	if user, err = strconv.ParseFloat(fields[11], 64); err == nil {
		system, err = strconv.ParseFloat(fields[12], 64)
	}
	return user, system, err
}

// RSS is the resident memory of the process, in bytes.
func (s *Server) RSS() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmRSS in the process's status")
}

// Version is what the server's INFO says of itself.
func (s *Server) Version() string {
	if v := s.Info("server", "redis_version"); v != "" {
		return v
	}
	return "unknown"
}

// Info is a field of the server's INFO, empty when it has none of the name.
func (s *Server) Info(section, field string) string {
	c, err := Dial(s.Port)
	if err != nil {
		return ""
	}
	defer c.Close()
	r, err := c.Do("INFO", section)
	if err != nil {
		return ""
	}
	return infoField(r.Text, field)
}

// infoField is a field of a reply of INFO, empty when it has none of the name.
func infoField(text, field string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// lastLine is the last line of a log that says something.
func lastLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	last := strings.TrimSpace(string(lines[len(lines)-1]))
	if last == "" {
		return "it said nothing"
	}
	return last
}

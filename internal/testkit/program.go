package testkit

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Program is a server of any kind that a test starts, disturbs and starts
// again, always with the same arguments.
type Program struct {
	// Dir is the folder it runs in.
	Dir string

	t     testing.TB
	ready func() error
	args  []string
	cmd   *exec.Cmd
	done  chan struct{}
}

// NewProgram describes a program without starting it. ready tells whether it
// does its work yet. It is killed when the test ends.
func NewProgram(t testing.TB, dir string, ready func() error, args ...string) *Program {
	p := &Program{Dir: dir, t: t, ready: ready, args: args}
	t.Cleanup(p.Kill)
	return p
}

// ShortDir makes a folder in which the name of a unix socket is short enough,
// and removes it when the test ends. With a test's long name, TempDir's may
// not be.
func ShortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kit-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Start starts the program and waits until it is ready.
func (p *Program) Start() {
	p.t.Helper()
	out, err := os.OpenFile(p.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	cmd, done := exec.Command(p.args[0], p.args[1:]...), make(chan struct{})
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.Dir, out, out, dieWithTest()
	if err := startLocked(cmd, done); err != nil {
		p.t.Fatal(err)
	}
	p.cmd, p.done = cmd, done
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := p.ready()
		if err == nil {
			return
		}
		select {
		case <-done:
			p.t.Fatalf("%s ended at once:\n%s", p.args[0], p.Log())
		default:
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s is not ready: %v\n%s", p.args[0], err, p.Log())
		}
	}
}

// startLocked starts a command on a thread that lives as long as the process,
// so that dieWithTest means the test and not the thread. done is closed when
// the process has ended.
func startLocked(cmd *exec.Cmd, done chan struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in ProcessState
			close(done)
		}
	}()
	return <-started
}

// Kill ends the program without a chance to do anything, if it runs, and waits
// for it.
func (p *Program) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
	p.cmd = nil
}

// Pause stops the program where it is: no thread of it does anything any more.
// Resume has it go on.
func (p *Program) Pause() {
	p.t.Helper()
	p.signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(patience); !stopped(p.cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not stop", p.args[0])
		}
	}
}

// stopped tells whether all threads of a process have stopped. Where the system
// does not tell, they have.
func stopped(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return true
	}
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		// The state follows the program's name, which is in parentheses.
		if at := bytes.LastIndexByte(text, ')'); at >= 0 && !bytes.HasPrefix(text[at:], []byte(") T")) {
			return false
		}
	}
	return true
}

// Resume has a paused program go on.
func (p *Program) Resume() { p.signal(syscall.SIGCONT) }

func (p *Program) signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(fmt.Errorf("%s: %w", p.args[0], err))
	}
}

func (p *Program) log() string { return filepath.Join(p.Dir, "log") }

// Log is all that the program printed, in all its lives.
func (p *Program) Log() string {
	text, err := os.ReadFile(p.log())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

package abi

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"berth/internal/server"
	"berth/loop"
)

// forked is the process that a module forked, one at a time. In that process only
// what it writes to is set.
type forked struct {
	m         *Module
	fn, data  uintptr // whom to tell of its end, with what
	pid       int
	read      int // its news come here
	write     int
	timer     loop.TimerID
	heartbeat []byte // news of which a part has come
}

// What the process tells, as the first of two numbers of eight bytes each.
const (
	forkProgress = 1 // how much is done, as the bits of a double
	forkDirtied  = 2 // how much memory it has for itself
)

const forkNewsSize = 16

// Why there is none.
const (
	errnoRunning = unix.EEXIST
	errnoThread  = unix.ENOTSUP
)

// fork makes a process with the module's code at the place where it is. The number
// is 0 in that process and below zero when there is none.
func (h *Host) fork(fn, data uintptr) (pid int, errno unix.Errno) {
	s := h.srv
	switch {
	case h.running == nil || threadPointer() != loopThread:
		return -1, errnoThread
	case s.ForkRunning() || s.InFork() || s.SnapshotRunning() != nil:
		return -1, errnoRunning
	}
	var news [2]int
	if err := unix.Pipe(news[:]); err != nil {
		return -1, unix.EMFILE
	}
	for _, fd := range news {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true) // at worst a wait for a few bytes
	}
	start := time.Now()
	s.LockLog() // nobody would unlock it in the child
	pid, errno = forkProcess()
	s.UnlockLog()
	switch {
	case pid < 0:
		_ = unix.Close(news[0])
		_ = unix.Close(news[1])
		return -1, errno
	case pid == 0:
		h.becomeChild(news)
		return 0, 0
	}
	_ = unix.Close(news[1])
	h.forked = forked{m: h.running, fn: fn, data: data, pid: pid, read: news[0], write: -1}
	s.ForkBegan(pid, time.Since(start))
	s.Log(server.LogVerbose, "Module fork started pid: %d ", pid)
	h.forked.timer = s.Loop.AddTimer(h.forkPeriod(), func(loop.TimerID) time.Duration {
		if h.waitFork(unix.WNOHANG) {
			return loop.NoMore
		}
		return h.forkPeriod()
	}, nil)
	h.fire(eventForkChild, subForkBorn, 0)
	return pid, 0
}

// forkPeriod is how often the process is looked after.
func (h *Host) forkPeriod() time.Duration {
	return time.Second / time.Duration(max(1, h.srv.Settings.Hz))
}

// becomeChild makes this process the module's. When its callback returns, or faults,
// the process ends: see call.
func (h *Host) becomeChild(news [2]int) {
	_ = unix.Close(news[0])
	h.forked = forked{write: news[1]}
	h.srv.ForkChild()
	for i := range callTop {
		callFrames[i].guard.Signal = forkReturned
	}
}

// forkReturned is in place of a signal where a call returns to in a forked process.
const forkReturned = math.MaxUint64

// returned ends a forked process whose module did not, or that a fault ended.
func (h *Host) returned(c *callFrame) {
	if c.guard.Signal == forkReturned {
		h.srv.Log(server.LogWarning, "Module fork returned in place of exiting")
		exitProcess(0)
	}
	h.srv.Log(server.LogWarning, "Module fork crashed: %s", newFault(c))
	exitProcess(1)
}

// tell sends news to the parent, which may be gone or slow: then it does not learn.
func (k *forked) tell(what, value uint64) {
	var b [forkNewsSize]byte
	binary.LittleEndian.PutUint64(b[:], what)
	binary.LittleEndian.PutUint64(b[8:], value)
	_, _ = unix.Write(k.write, b[:])
}

// hear takes in what the process told.
func (h *Host) hear() {
	k := &h.forked
	var b [64 * forkNewsSize]byte
	for {
		n, err := unix.Read(k.read, b[:])
		if n <= 0 || err != nil {
			return
		}
		k.heartbeat = append(k.heartbeat, b[:n]...)
		for ; len(k.heartbeat) >= forkNewsSize; k.heartbeat = k.heartbeat[forkNewsSize:] {
			value := binary.LittleEndian.Uint64(k.heartbeat[8:])
			switch binary.LittleEndian.Uint64(k.heartbeat) {
			case forkProgress:
				h.srv.ForkProgress(math.Float64frombits(value))
			case forkDirtied:
				h.srv.ForkDirtied(int64(min(value, math.MaxInt64)))
			}
		}
	}
}

// waitFork looks whether the process has ended, and reports whether it has. The
// module is told then, unless it asked for the end.
func (h *Host) waitFork(flags int) bool {
	k := &h.forked
	h.hear()
	var status unix.WaitStatus
	pid, err := unix.Wait4(k.pid, &status, flags, nil)
	for err == unix.EINTR {
		pid, err = unix.Wait4(k.pid, &status, flags, nil)
	}
	if err == nil && pid != k.pid {
		return false
	}
	code, signal := -1, 0
	switch {
	case err != nil:
		h.srv.Log(server.LogWarning, "Nothing is known of the end of module fork %d: %v", k.pid, err)
	case status.Exited():
		code = status.ExitStatus()
	case status.Signaled():
		signal = int(status.Signal())
	}
	h.hear()
	was := *k
	h.forgetFork()
	if signal == int(unix.SIGUSR1) {
		h.srv.Log(server.LogNotice, "Received SIGUSR1 in child %d, which has ended", was.pid)
	}
	h.srv.Log(server.LogNotice, "Module fork exited pid: %d, retcode: %d, bysignal: %d", was.pid, code, signal)
	if was.fn != 0 && was.m != nil {
		h.srv.EnterUnit()
		was.m.call(server.ByFork, was.fn, uint64(uint32(int32(code))), uint64(uint32(int32(signal))), uint64(was.data), 0, 0, 0)
		h.srv.LeaveUnit()
	}
	h.fire(eventForkChild, subForkDied, 0)
	return true
}

// forgetFork gives back what the process had here.
func (h *Host) forgetFork() {
	k := &h.forked
	_ = unix.Close(k.read)
	h.srv.Loop.RemoveTimer(k.timer)
	h.forked = forked{}
	h.srv.ForkEnded()
}

// killFork ends the process of that number; false if it is not the one that runs.
// Its module is not told.
func (h *Host) killFork(pid int) bool {
	k := &h.forked
	if k.pid == 0 || k.pid != pid || h.srv.InFork() {
		return false
	}
	h.srv.Log(server.LogVerbose, "Killing running module fork child: %d", pid)
	k.fn = 0
	if unix.Kill(pid, syscall.SIGUSR1) == nil {
		h.waitFork(0)
	}
	return true
}

// privateMemory is how much memory this process does not share, in bytes; 0 where the
// system does not say.
func privateMemory() int64 {
	b, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if rest, ok := bytes.CutPrefix(line, []byte("Private_Dirty:")); ok {
			n, _ := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
			return n << 10
		}
	}
	return 0
}

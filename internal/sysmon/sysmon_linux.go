//go:build linux && (amd64 || arm64)

package sysmon

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrUnknown is returned when the monitor's thread cannot be told from others.
var ErrUnknown = errors.New("sysmon: the monitor's thread is not known")

// sigaction is the kernel's.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

const (
	saOnStack  = 0x08000000
	saRestorer = 0x04000000
	// lastSignal is one that hardly anybody uses. Whoever does misses what comes
	// within the microseconds that it is ours.
	lastSignal = 64
)

// slack is what handler sets, and answered what the kernel answers, 0 or an error below
// that, less one: zero until it has.
var (
	slack    uint64
	answered int64
)

func handlerPC() uintptr
func restorerPC() uintptr

// Slow has the monitor sleep for up to d longer than it wants to. Only a thread can
// set its own timer slack without privileges, so it is sent a signal whose handler
// does. Call it early, while there are few threads, and once.
func Slow(d time.Duration) error {
	tid, err := monitor()
	if err != nil {
		return err
	}
	slack = uint64(d.Nanoseconds())
	atomic.StoreInt64(&answered, 0)
	ours := sigaction{handler: handlerPC(), flags: saOnStack, restorer: restorerPC()}
	if ours.restorer != 0 {
		ours.flags |= saRestorer
	}
	var old sigaction
	if err := action(&ours, &old); err != nil {
		return err
	}
	err = unix.Tgkill(os.Getpid(), tid, lastSignal)
	for range 1000 {
		if err != nil || atomic.LoadInt64(&answered) != 0 {
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	if err := action(&old, nil); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("sysmon: sending a signal: %w", err)
	}
	switch a := atomic.LoadInt64(&answered); a {
	case -1:
		return nil
	case 0:
		return fmt.Errorf("%w: thread %d does not answer", ErrUnknown, tid)
	default:
		return fmt.Errorf("sysmon: setting the timer slack: %w", unix.Errno(-1-a))
	}
}

func action(act, old *sigaction) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, lastSignal, uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if errno != 0 {
		return fmt.Errorf("sysmon: taking a signal: %w", errno)
	}
	return nil
}

// monitor is the number of the monitor's thread. The runtime starts it before all
// others, so its number is the next after the process's, whether or not numbers have
// begun anew in between.
func monitor() (int, error) {
	most := 1 << 22
	if b, err := os.ReadFile("/proc/sys/kernel/pid_max"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			most = n
		}
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	pid, tid, least := os.Getpid(), 0, most
	for _, t := range tasks {
		n, err := strconv.Atoi(t.Name())
		if err != nil || n == pid {
			continue
		}
		if behind := (n - pid + most) % most; behind < least {
			tid, least = n, behind
		}
	}
	if tid == 0 {
		return 0, ErrUnknown
	}
	return tid, nil
}

//go:build linux && !android && (amd64 || arm64)

package dl

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const numSignals = 65

// sigact is the kernel's struct sigaction. Reading and writing go by the
// rt_sigaction system call in both build modes: libc keeps no state of its own
// about handlers, and what is written back is always a copy of what was read,
// with its restorer.
type sigact struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// Flags that every installed handler has. With all signals masked a handler is
// never interrupted by another, as Go's own handlers expect.
const (
	saSiginfo = 0x4
	saOnStack = 0x08000000
	saRestart = 0x10000000
)

// watched is one signal that dlcall looks after. See call.
type watched struct {
	sig  uintptr
	slot *uintptr // where a foreign handler is written down; a spare one at the row's end
	cur  sigact   // scratch: what is installed
	act  sigact   // what is put back
}

// rows is read by chainHandler at any moment, on any thread. A row is a list of
// handlers that ends with zero; the first is the host's. Rows are replaced, not
// shortened. A row that was replaced may still be in use by a handler: retired
// keeps it. The spare slots at a row's end may only go from zero to a handler.
var rows [numSignals]unsafe.Pointer

// running counts the chainHandlers that are calling a row right now, faults
// left out, by the epoch that they began in: 0 or 1 in turn.
var (
	running [2]uint32
	epoch   uint32
)

// faults marks the signals whose row is walked from its end, one step for each
// time that a handler forwards; see chainHandler.
var faults [numSignals]uint8

// hostText is the range of the host's machine code. chainHandler compares the
// PC of a fault with it.
var hostText struct{ start, end uintptr }

// chainPC is the address of chainHandler, set in assembly.
var chainPC uintptr

var (
	home     [numSignals]sigact // what the host had when install ran
	current  [numSignals][]uintptr
	retired  []unsafe.Pointer
	chaining = true // tests turn it off to show what chaining is for
)

// asynchronous lists the signals that every handler gets.
var asynchronous = []syscall.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGTERM, syscall.SIGCHLD, syscall.SIGURG, syscall.SIGXCPU,
	syscall.SIGXFSZ, syscall.SIGVTALRM, syscall.SIGPROF, syscall.SIGWINCH, syscall.SIGIO,
	syscall.SIGPWR,
}

// synchronous lists the faults, which one handler must take. SIGABRT is one when
// foreign code calls abort.
var synchronous = []syscall.Signal{
	syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL, syscall.SIGTRAP, syscall.SIGABRT,
}

func rtSigaction(sig int, act, old *sigact) error {
	_, _, e := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
		uintptr(unsafe.Pointer(act)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// install puts chainHandler in front of the host's handlers. mu is held.
func install() {
	if !chaining {
		return
	}
	start, end, err := textRange(chainPC)
	if err == nil {
		hostText.start, hostText.end = start, end
	}
	// Without a known range the faults are left as they are.
	if err == nil {
		for _, sig := range synchronous {
			faults[sig] = 1
			takeOver(int(sig))
		}
	}
	for _, sig := range asynchronous {
		takeOver(int(sig))
	}
}

func takeOver(sig int) {
	old := new(sigact)
	if rtSigaction(sig, nil, old) != nil || old.handler <= 1 || old.handler == chainPC {
		return
	}
	home[sig] = *old
	publish(sig, []uintptr{old.handler})
	act := chained(sig)
	if err := rtSigaction(sig, &act, nil); err != nil {
		panic(fmt.Sprintf("BUG: sigaction for signal %d: %v", sig, err))
	}
}

// chained is the action that runs chainHandler for a signal.
func chained(sig int) sigact {
	act := home[sig]
	act.handler = chainPC
	act.flags |= saSiginfo | saOnStack | saRestart
	act.mask = ^uint64(0)
	return act
}

// publish makes handlers the row of sig, with one spare slot. mu is held.
func publish(sig int, handlers []uintptr) {
	row := make([]uintptr, len(handlers)+2)
	copy(row, handlers)
	if old := rows[sig]; old != nil {
		retired = append(retired, old)
	}
	current[sig] = row
	atomic.StorePointer(&rows[sig], unsafe.Pointer(unsafe.SliceData(row)))
}

// handlersOf gives the row of sig without its zeros.
func handlersOf(sig int) []uintptr {
	row := current[sig]
	n := 0
	for n < len(row) && atomic.LoadUintptr(&row[n]) != 0 {
		n++
	}
	return row[:n:n]
}

// reserve readies every row for one more handler and gives dlcall its list.
// mu is held until settle.
func reserve() []watched {
	if !chaining {
		return nil
	}
	var list []watched
	for sig := range rows {
		if rows[sig] == nil {
			continue
		}
		h := handlersOf(sig)
		if len(h)+2 > len(current[sig]) {
			publish(sig, h)
		}
		list = append(list, watched{
			sig: uintptr(sig), slot: &current[sig][len(h)], act: chained(sig),
		})
	}
	return list
}

// look has dlcall look after the watched signals.
func look(c *call, list []watched, forced bool) {
	if len(list) == 0 {
		return
	}
	n := &nudge{dir: taskDir, flags: syscall.O_DIRECTORY | syscall.O_CLOEXEC, pid: uintptr(os.Getpid())}
	if forced {
		n.forced = 1
	}
	c.watch, c.n, c.nudge = unsafe.Pointer(unsafe.SliceData(list)), uintptr(len(list)), unsafe.Pointer(n)
}

var taskDir, _ = syscall.BytePtrFromString("/proc/self/task")

// settle looks at what dlcall wrote down. A handler that took its place back
// is in the row already.
func settle(list []watched) {
	for i := range list {
		w := &list[i]
		found := atomic.LoadUintptr(w.slot)
		if found == 0 {
			continue
		}
		h := handlersOf(int(w.sig))
		if slices.Contains(h[:len(h)-1], found) {
			publish(int(w.sig), h[:len(h)-1])
		}
	}
}

// Rechain looks whether a watched signal has changed hands since the last
// Open, and chains the new handler if so. Call it after a module's OnLoad,
// where its code may have asked for signals. About ten microseconds; any thread.
func Rechain() {
	Prepare()
	mu.Lock()
	defer mu.Unlock()
	rechain()
}

func rechain() { sweep(false) }

// sweep looks at the watched signals without loading anything. With wake every
// thread gets a SIGURG.
func sweep(wake bool) {
	c := new(call)
	w := reserve()
	look(c, w, wake)
	do(c)
	settle(w)
}

// detached is a handler that was taken off for dlclose.
type detached struct {
	sig int
	act sigact // for a watched signal only its handler counts
}

// detach takes the handlers of a library off before dlclose unmaps them: a
// module should do that itself before it goes, but the next signal would kill
// the process if it does not. mu is held.
func detach(handle uintptr) []detached {
	dyn := dynamic(handle)
	if !chaining || dyn == 0 || stays(dyn) {
		return nil
	}
	lib := base(dyn)
	var off []detached
	for sig := 1; sig < numSignals; sig++ {
		if rows[sig] == nil {
			old := new(sigact)
			if rtSigaction(sig, nil, old) == nil && old.handler > 1 && base(old.handler) == lib {
				off = append(off, detached{sig, *old})
				_ = rtSigaction(sig, new(sigact), nil)
			}
			continue
		}
		h := handlersOf(sig)
		kept := make([]uintptr, 0, len(h))
		for _, a := range h {
			if base(a) == lib {
				off = append(off, detached{sig, sigact{handler: a}})
			} else {
				kept = append(kept, a)
			}
		}
		if len(kept) < len(h) {
			publish(sig, kept)
		}
	}
	if len(off) > 0 {
		// Who read a row before may still be on its way: wait for everyone who
		// was counted in the epoch that ends here. One that left by longjmp never
		// counts itself out, so do not wait for ever.
		old := atomic.LoadUint32(&epoch)
		atomic.StoreUint32(&epoch, old^1)
		for end := time.Now().Add(200 * time.Millisecond); atomic.LoadUint32(&running[old]) != 0 && time.Now().Before(end); {
			time.Sleep(50 * time.Microsecond)
		}
	}
	return off
}

// attach puts handlers back that are still mapped: the library had another
// handle open. mu is held.
func attach(off []detached) {
	for _, d := range off {
		if base(d.act.handler) == 0 {
			continue
		}
		if rows[d.sig] == nil {
			act := d.act
			_ = rtSigaction(d.sig, &act, nil)
			continue
		}
		publish(d.sig, append(handlersOf(d.sig), d.act.handler))
		if syscall.Signal(d.sig) == syscall.SIGURG {
			sweep(true)
		}
	}
}

// forget drops handlers whose code has gone with a library that the closed one
// needed. mu is held.
func forget() {
	for sig := range rows {
		if rows[sig] == nil {
			continue
		}
		h := handlersOf(sig)
		kept := slices.DeleteFunc(slices.Clone(h), func(a uintptr) bool { return base(a) == 0 })
		if len(kept) < len(h) {
			publish(sig, kept)
		}
	}
}

// textRange gives the mapping that holds pc.
func textRange(pc uintptr) (start, end uintptr, err error) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		span, _, _ := strings.Cut(sc.Text(), " ")
		lo, hi, ok := strings.Cut(span, "-")
		if !ok {
			continue
		}
		a, err1 := strconv.ParseUint(lo, 16, 64)
		b, err2 := strconv.ParseUint(hi, 16, 64)
		if err1 == nil && err2 == nil && a <= uint64(pc) && uint64(pc) < b {
			return uintptr(a), uintptr(b), nil
		}
	}
	return 0, 0, fmt.Errorf("dl: no mapping holds %#x", pc)
}

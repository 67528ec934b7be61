package loop

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Mask is a set of directions of a descriptor.
type Mask uint8

// The directions. An error or a hang-up counts as both.
const (
	Readable Mask = 1
	Writable Mask = 2
)

// FileFunc is called when fd is ready; fired is the one direction that this
// call is for. A function registered for both is called once for each.
type FileFunc func(fd int, fired Mask)

// ErrDescriptor is returned for a number that cannot be a descriptor.
var ErrDescriptor = errors.New("loop: not a descriptor")

// file is what is registered for one descriptor. gen changes whenever the
// descriptor is registered anew, so that an event which the kernel reported
// for an earlier owner is told apart.
type file struct {
	read, write FileFunc
	gen         uint32
	mask        Mask
}

// event is one report of the poller.
type event struct {
	fd    int
	gen   uint32
	fired Mask
}

// poller is what a system offers to wait for descriptors.
type poller interface {
	// set changes what fd is watched for; old is what it was watched for.
	set(fd int, old, mask Mask, gen uint32) error
	// wait appends ready descriptors to events. timeout is in nanoseconds,
	// below zero for ever. A nested wait may run beside one that is not; it leaves
	// the mark of wake to that.
	wait(events []event, timeout int64, nested bool) ([]event, error)
	// waker is where eight bytes are written to make a wait on another thread return.
	waker() int
	close() error
}

// Loop is a reactor.
type Loop struct {
	poll   poller
	waker  int
	files  []file
	count  int
	events []event
	timers timerHeap
	before []func()
	after  []func()
	unlock func()
	lock   func()
	now    int64

	mu      sync.Mutex
	posted  []func()
	running []func()
	// sleeping is 1 while the loop is in, or about to enter, a wait that a
	// posted function must interrupt.
	sleeping atomic.Int32
	pending  atomic.Int32
	rung     atomic.Int32
	onRing   func()
	stopped  atomic.Bool
}

// New makes a loop. Close frees it.
func New() (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, fmt.Errorf("loop: %w", err)
	}
	nothing := func() {}
	l := &Loop{poll: p, waker: p.waker(), now: nanotime(), unlock: nothing, lock: nothing}
	return l, nil
}

// Close frees the loop's descriptors. Registered ones stay open: they are
// their owners'.
func (l *Loop) Close() error { return l.poll.close() }

// Add has fn called when fd is ready in a direction of mask. It replaces what
// was registered for these directions and leaves the other alone. The error
// wraps the system's reason.
func (l *Loop) Add(fd int, mask Mask, fn FileFunc) error {
	mask &= Readable | Writable
	if fd < 0 || mask == 0 || fn == nil {
		return fmt.Errorf("%w: %d", ErrDescriptor, fd)
	}
	var was file
	if fd < len(l.files) {
		was = l.files[fd]
	}
	if was.mask == 0 {
		was.gen++
	}
	// Also when nothing seems to change: the descriptor may have been closed, and
	// its number be another's now.
	want := was.mask | mask
	if err := l.poll.set(fd, was.mask, want, was.gen); err != nil {
		return fmt.Errorf("loop: watching descriptor %d: %w", fd, err)
	}
	for fd >= len(l.files) {
		l.files = append(l.files, make([]file, max(64, fd+1-len(l.files)))...)
	}
	f := &l.files[fd]
	f.gen = was.gen
	if f.mask == 0 {
		l.count++
	}
	f.mask = want
	if mask&Readable != 0 {
		f.read = fn
	}
	if mask&Writable != 0 {
		f.write = fn
	}
	return nil
}

// Remove ends the watch of fd in the directions of mask. It must come before
// the descriptor is closed. No event already reported is delivered any more.
func (l *Loop) Remove(fd int, mask Mask) {
	if fd < 0 || fd >= len(l.files) {
		return
	}
	f := &l.files[fd]
	if mask &= f.mask; mask == 0 {
		return
	}
	want := f.mask &^ mask
	// An error here means that the descriptor was closed already, and with it
	// the watch.
	_ = l.poll.set(fd, f.mask, want, f.gen)
	f.mask = want
	if mask&Readable != 0 {
		f.read = nil
	}
	if mask&Writable != 0 {
		f.write = nil
	}
	if want == 0 {
		l.count--
	}
}

// Mask returns the directions fd is watched for.
func (l *Loop) Mask(fd int) Mask {
	if fd < 0 || fd >= len(l.files) {
		return 0
	}
	return l.files[fd].mask
}

// Generation changes whenever a descriptor that was not watched is watched again.
func (l *Loop) Generation(fd int) uint32 {
	if fd < 0 || fd >= len(l.files) {
		return 0
	}
	return l.files[fd].gen
}

// Func returns what is called when fd is ready in the one direction dir, or
// nil.
func (l *Loop) Func(fd int, dir Mask) FileFunc {
	if fd < 0 || fd >= len(l.files) {
		return nil
	}
	if dir == Readable {
		return l.files[fd].read
	}
	return l.files[fd].write
}

// Files is how many descriptors are watched.
func (l *Loop) Files() int { return l.count }

// Exclude has unlock called when the loop has done all that it does before it
// sleeps, and lock before it does anything else after. In between a thread that
// takes the same lock has the loop's place.
func (l *Loop) Exclude(unlock, lock func()) { l.unlock, l.lock = unlock, lock }

// BeforeSleep appends fn to what runs in every iteration before polling.
func (l *Loop) BeforeSleep(fn func()) { l.before = append(l.before, fn) }

// AfterSleep appends fn to what runs right after polling.
func (l *Loop) AfterSleep(fn func()) { l.after = append(l.after, fn) }

// Post has fn run on the loop. Any thread. It costs one write when the loop
// sleeps and none when it is awake.
func (l *Loop) Post(fn func()) {
	l.mu.Lock()
	l.posted = append(l.posted, fn)
	l.pending.Store(1)
	l.mu.Unlock()
	l.Wake()
}

// OnRing has fn run on the loop after Ring.
func (l *Loop) OnRing(fn func()) { l.onRing = fn }

// Ring has the function of OnRing run on the loop, once for all calls until then. Any
// thread, as for Wake.
func (l *Loop) Ring() {
	l.rung.Store(1)
	l.Wake()
}

// Wake makes the loop go through another iteration. Any thread, on Linux also one that
// the Go scheduler does not know.
func (l *Loop) Wake() {
	if l.sleeping.Load() != 0 && l.sleeping.CompareAndSwap(1, 0) {
		wake(l.waker)
	}
}

// Stop makes Run return after the current iteration. Any thread.
func (l *Loop) Stop() {
	l.stopped.Store(true)
	l.Wake()
}

// Run runs iterations until Stop.
func (l *Loop) Run() error {
	for !l.stopped.Load() {
		if _, err := l.RunOnce(true); err != nil {
			return err
		}
	}
	l.stopped.Store(false)
	return nil
}

// RunOnce runs one iteration and returns how many callbacks it made. With
// block it waits until there is something to do. A callback may call it: the
// outer iteration then goes on with what is left of its own events.
func (l *Loop) RunOnce(block bool) (int, error) {
	n, err := l.runEvents(block, false)
	if err != nil {
		return 0, err
	}
	return n + l.runTimers(), nil
}

// RunEvents is RunOnce without waiting and without timers: their callbacks are
// not made for being called inside of another. It keeps the loop's place: who has
// it while the loop sleeps may call it too.
func (l *Loop) RunEvents() (int, error) { return l.runEvents(false, true) }

// runEvents is an iteration without its timers.
func (l *Loop) runEvents(block, nested bool) (int, error) {
	for _, fn := range l.before {
		fn()
	}
	events := l.events[:0]
	l.events = nil // a nested iteration makes its own
	timeout := int64(0)
	if block {
		l.sleeping.Store(1)
		// Post and Stop set their word before they look at sleeping, so one
		// of the two sides always sees the other.
		if l.pending.Load()|l.rung.Load() == 0 && !l.stopped.Load() {
			timeout = l.timers.wait(nanotime())
		}
	}
	if !nested {
		l.unlock()
	}
	events, err := l.poll.wait(events, timeout, nested)
	if !nested {
		l.sleeping.Store(0)
		l.lock()
	}
	l.now = nanotime()
	for _, fn := range l.after {
		fn()
	}
	if err != nil {
		return 0, fmt.Errorf("loop: polling: %w", err)
	}
	n := l.runPosted()
	n += l.fire(events)
	l.events = events[:0]
	return n, nil
}

// fire calls back for events, unless what they were reported for is gone, and returns
// how many calls that were.
func (l *Loop) fire(events []event) (n int) {
	for i := range events {
		e := &events[i]
		if e.fd >= len(l.files) {
			continue
		}
		// files may move while a callback runs, so it is indexed each time.
		if f := &l.files[e.fd]; e.fired&Readable != 0 && f.read != nil && f.gen == e.gen {
			f.read(e.fd, Readable)
			n++
		}
		if f := &l.files[e.fd]; e.fired&Writable != 0 && f.write != nil && f.gen == e.gen {
			f.write(e.fd, Writable)
			n++
		}
	}
	return n
}

// runPosted runs what was posted until now; what these functions post waits
// for the next iteration.
func (l *Loop) runPosted() int {
	if l.rung.Load() != 0 {
		l.rung.Store(0)
		l.onRing()
	}
	if l.pending.Load() == 0 {
		return 0
	}
	l.mu.Lock()
	run := l.posted
	l.posted = l.running[:0]
	l.running = nil
	l.pending.Store(0)
	l.mu.Unlock()
	for i, fn := range run {
		run[i] = nil
		fn()
	}
	l.mu.Lock()
	l.running = run[:0]
	l.mu.Unlock()
	return len(run)
}

// Nanotime is the monotonic time at which this iteration woke, in nanoseconds.
func (l *Loop) Nanotime() int64 { return l.now }

var epoch = time.Now()

// nanotime is monotonic time in nanoseconds since the process began.
func nanotime() int64 { return int64(time.Since(epoch)) }

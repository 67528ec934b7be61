//go:build linux

package loop

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newLoop(t testing.TB) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// pair makes two connected descriptors that the test closes.
func pair(t testing.TB) (int, int) {
	t.Helper()
	a, b, err := SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Close(a)
		_ = unix.Close(b)
	})
	return a, b
}

func once(t testing.TB, l *Loop) int {
	t.Helper()
	n, err := l.RunOnce(false)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func send(t testing.TB, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestDirections(t *testing.T) {
	l := newLoop(t)
	a, b := pair(t)
	var calls []Mask
	note := func(_ int, fired Mask) { calls = append(calls, fired) }
	if err := l.Add(a, Readable|Writable, note); err != nil {
		t.Fatal(err)
	}
	once(t, l)
	send(t, b)
	once(t, l)
	if want := []Mask{Writable, Readable, Writable}; !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	if l.Mask(a) != Readable|Writable || l.Files() != 1 {
		t.Errorf("mask %d, %d files", l.Mask(a), l.Files())
	}
	l.Remove(a, Writable)
	if l.Func(a, Writable) != nil || l.Func(a, Readable) == nil {
		t.Error("Remove took the wrong direction")
	}
	l.Remove(a, Readable)
	calls = nil
	if n := once(t, l); n != 0 || l.Files() != 0 {
		t.Errorf("%d calls after all was removed", n)
	}
}

func TestBadDescriptors(t *testing.T) {
	l := newLoop(t)
	a, b := pair(t)
	_ = b
	for _, fd := range []int{-1, 1 << 20} {
		if err := l.Add(fd, Readable, func(int, Mask) {}); err == nil {
			t.Errorf("descriptor %d was accepted", fd)
		}
	}
	if err := l.Add(a, 0, func(int, Mask) {}); err == nil {
		t.Error("an empty mask was accepted")
	}
	if err := l.Add(a, Readable, nil); err == nil {
		t.Error("no function was accepted")
	}
	l.Remove(-1, Readable)
	l.Remove(1<<20, Readable)
}

// TestReusedDescriptor closes a descriptor in the callback of another that was
// ready in the same batch, and registers its number anew: the old event must
// not reach the new owner.
func TestReusedDescriptor(t *testing.T) {
	l := newLoop(t)
	a, ap := pair(t)
	b, bp := pair(t)
	stale := false
	other := map[int]int{a: b, b: a}
	first := func(fd int, _ Mask) {
		victim := other[fd]
		l.Remove(victim, Readable)
		l.Remove(fd, Readable)
		c, _ := pair(t)
		if err := unix.Dup3(c, victim, unix.O_CLOEXEC); err != nil { // the number lives on as another socket
			t.Fatal(err)
		}
		if err := l.Add(victim, Readable, func(int, Mask) { stale = true }); err != nil {
			t.Fatal(err)
		}
	}
	for _, fd := range []int{a, b} {
		if err := l.Add(fd, Readable, first); err != nil {
			t.Fatal(err)
		}
	}
	send(t, ap)
	send(t, bp)
	once(t, l)
	once(t, l)
	if stale {
		t.Error("an event reached the next owner of its descriptor")
	}
}

// TestTimersAgainstModel runs random operations on timers and on a plain list.
// TestClosedWatch closes a watched descriptor without a word. Who watches the next
// one of that number hears of it.
func TestClosedWatch(t *testing.T) {
	l := newLoop(t)
	a, b, err := SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Add(a, Readable, func(int, Mask) { t.Error("the old owner was called") }); err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(a)
	_ = unix.Close(b)
	c, d := pair(t)
	if c != a {
		t.Skip("the number was not used again")
	}
	called := 0
	if err := l.Add(c, Readable, func(int, Mask) { called++ }); err != nil {
		t.Fatal(err)
	}
	send(t, d)
	once(t, l)
	if called != 1 || l.Files() != 1 {
		t.Errorf("%d calls, %d descriptors", called, l.Files())
	}
}

func TestTimersAgainstModel(t *testing.T) {
	l := newLoop(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	finals := map[TimerID]int{}
	live := map[TimerID]bool{}
	for range 5000 {
		switch rnd.IntN(3) {
		case 0, 1:
			repeats := rnd.IntN(3)
			id := l.AddTimer(time.Duration(rnd.IntN(3))*time.Millisecond, func(TimerID) time.Duration {
				if repeats--; repeats < 0 {
					return NoMore
				}
				return 0
			}, func(id TimerID) { finals[id]++; delete(live, id) })
			live[id] = true
		case 2:
			for id := range live {
				if !l.RemoveTimer(id) || l.RemoveTimer(id) {
					t.Fatal("RemoveTimer does not know what is there")
				}
				break
			}
		}
		if rnd.IntN(20) == 0 {
			once(t, l)
		}
		if l.Timers() != len(live) {
			t.Fatalf("%d timers, want %d", l.Timers(), len(live))
		}
	}
	for deadline := time.Now().Add(5 * time.Second); l.Timers() > 0 && time.Now().Before(deadline); {
		once(t, l)
		time.Sleep(time.Millisecond)
	}
	if l.Timers() != 0 {
		t.Errorf("%d timers are left", l.Timers())
	}
	for id, n := range finals {
		if n != 1 {
			t.Errorf("the finalizer of %d ran %d times", id, n)
		}
	}
}

func TestTimerFromInside(t *testing.T) {
	l := newLoop(t)
	fired, inner, finals := 0, 0, 0
	l.AddTimer(0, func(id TimerID) time.Duration {
		fired++
		// A timer that is due at once waits for the next pass, or the loop
		// would never get anywhere else.
		l.AddTimer(0, func(TimerID) time.Duration { inner++; return NoMore }, nil)
		l.RemoveTimer(id)
		return 0
	}, func(TimerID) { finals++ })
	once(t, l)
	if fired != 1 || inner != 0 || finals != 1 {
		t.Errorf("fired %d, inner %d, finalizer %d", fired, inner, finals)
	}
	once(t, l)
	if inner != 1 {
		t.Errorf("the inner timer fired %d times", inner)
	}
}

// TestTimerWhileAsleep adds timers from a thread that has the loop's place while it
// sleeps, as modules' threads do.
func TestTimerWhileAsleep(t *testing.T) {
	l := newLoop(t)
	var place sync.Mutex
	place.Lock()
	l.Exclude(place.Unlock, place.Lock)
	const timers = 200
	fired := 0
	go func() {
		for i := range timers {
			if i%50 == 0 {
				time.Sleep(2 * time.Millisecond) // the loop has gone to sleep for good
			}
			place.Lock()
			l.AddTimer(0, func(TimerID) time.Duration {
				if fired++; fired == timers {
					l.Stop()
				}
				return NoMore
			}, nil)
			place.Unlock()
		}
	}()
	guard := time.AfterFunc(20*time.Second, l.Stop)
	defer guard.Stop()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if fired != timers {
		t.Errorf("%d of %d timers fired", fired, timers)
	}
}

// TestPostHammer posts from many goroutines to a loop that sleeps in between.
func TestPostHammer(t *testing.T) {
	l := newLoop(t)
	const threads, each = 8, 2000
	ran := 0
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range each {
				sent.Add(1)
				l.Post(func() {
					if ran++; ran == threads*each {
						l.Stop()
					}
				})
				if i%100 == 0 {
					time.Sleep(time.Microsecond)
				}
			}
		}()
	}
	guard := time.AfterFunc(20*time.Second, l.Stop)
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	guard.Stop()
	wg.Wait()
	if ran != threads*each {
		t.Errorf("%d of %d functions ran", ran, sent.Load())
	}
}

func TestHooksAndOrder(t *testing.T) {
	l := newLoop(t)
	a, b := pair(t)
	var order []string
	note := func(s string) func() { return func() { order = append(order, s) } }
	l.BeforeSleep(note("before"))
	l.AfterSleep(note("after"))
	l.Post(note("posted"))
	if err := l.Add(a, Readable, func(int, Mask) { order = append(order, "file") }); err != nil {
		t.Fatal(err)
	}
	l.AddTimer(0, func(TimerID) time.Duration { order = append(order, "timer"); return NoMore }, nil)
	send(t, b)
	once(t, l)
	if want := []string{"before", "after", "posted", "file", "timer"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func TestSockets(t *testing.T) {
	dir := t.TempDir()
	l4, err := TCP4Listen("127.0.0.1", 0, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(l4)
	_, port, err := SockName(l4)
	if err != nil {
		t.Fatal(err)
	}
	lu, err := UnixListen(dir+"/s", 0o700, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(lu)
	c, err := TCPConnect("127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(c)
	wait := func(fd int) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 2000); n != 1 || err != nil {
			t.Fatalf("no connection came: %v", err)
		}
	}
	wait(l4)
	conn, ip, peer, err := AcceptTCP(l4)
	if err != nil || ip != "127.0.0.1" || peer == 0 {
		t.Fatalf("AcceptTCP: %s %d %v", ip, peer, err)
	}
	defer unix.Close(conn)
	if err := SetNoDelay(conn, true); err != nil {
		t.Error(err)
	}
	if err := SetKeepAlive(conn, 30); err != nil {
		t.Error(err)
	}
	u, err := UnixConnect(dir + "/s")
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(u)
	wait(lu)
	if conn, err := AcceptUnix(lu); err != nil {
		t.Error(err)
	} else {
		_ = unix.Close(conn)
	}
	for _, bad := range []func() (int, error){
		func() (int, error) { return TCP4Listen("127.0.0.1", port, 5) },
		func() (int, error) { return TCP4Listen("no such host.invalid", 0, 5) },
		func() (int, error) { return TCPConnect("127.0.0.1", 70000) },
		func() (int, error) { return UnixConnect(dir + "/none") },
		func() (int, error) { return UnixListen(dir+"/none/s", 0, 5) },
	} {
		if fd, err := bad(); err == nil || fd != -1 {
			t.Errorf("descriptor %d, error %v", fd, err)
		}
	}
}

// BenchmarkTimersPending is one tick with a million timers that are not due.
func BenchmarkTimersPending(b *testing.B) {
	l := newLoop(b)
	for range 1_000_000 {
		l.AddTimer(time.Hour, func(TimerID) time.Duration { return NoMore }, nil)
	}
	for b.Loop() {
		once(b, l)
	}
}

// BenchmarkFileEvents is the cost of one event when a hundred are ready.
func BenchmarkFileEvents(b *testing.B) {
	l := newLoop(b)
	n := 0
	for range 100 {
		a, _ := pair(b)
		if err := l.Add(a, Writable, func(int, Mask) { n++ }); err != nil {
			b.Fatal(err)
		}
	}
	for n < b.N {
		once(b, l)
	}
}

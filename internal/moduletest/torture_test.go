package moduletest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// duration is how long TestTorture takes; BERTH_TORTURE says otherwise.
func duration(t *testing.T) time.Duration {
	text := os.Getenv("BERTH_TORTURE")
	if text == "" {
		return 3 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("BERTH_TORTURE: %v", err)
	}
	return d
}

// calls are what the callers choose from, with all replies that are right while
// nothing is wrong.
var calls = []struct {
	args []string
	want []string
}{
	{[]string{"GOHELLO.ECHO", "text"}, []string{`"text"`}},
	{[]string{"GOHELLO.SUM", "1", "2", "3"}, []string{"(integer) 6"}},
	{[]string{"GOBLOCK.MANY", "2"}, []string{"1) (integer) 0\n2) (integer) 1"}},
	{[]string{"GOBLOCK.SLEEP", "3"}, []string{"(integer) 1", "(integer) 0"}},
	{[]string{"HELLO.BLOCK", "0", "1"}, []string{"(integer) 0", "Request timedout"}},
	{[]string{"HELLO.KEYS"}, []string{"(empty array)", `1) "threads:counter"`}},
	{[]string{"THREADS.WORK", "2", "0"}, []string{`"done"`, "TIMEOUT"}},
	{[]string{"THREADS.WORK", "3", "2"}, []string{`"done"`, "TIMEOUT"}},
	{[]string{"THREADS.WRITE", "1", "0"}, []string{"1) (integer) 0\n2) (integer) 1\n3) (integer) 2", "TIMEOUT"}},
	{[]string{"THREADS.ABORT"}, []string{"aborted"}},
	{[]string{"PING"}, []string{"PONG"}},
}

// torture is one run of TestTorture.
type torture struct {
	s    *server
	done atomic.Bool
	// calling is held to call a module whose threads may not be waited for,
	// and taken alone to unload it.
	calling sync.RWMutex
	ids     [8]atomic.Uint64 // of the callers' connections
	served  atomic.Int64
	refused atomic.Int64
	cut     atomic.Int64
	swapped atomic.Int64
}

// right says whether a reply is one that the call may get: its own, or what
// unloading and CLIENT UNBLOCK make of it.
func (x *torture) right(i int, got string) bool {
	for _, want := range calls[i].want {
		if got == want {
			x.served.Add(1)
			return true
		}
	}
	x.refused.Add(1)
	return strings.HasPrefix(got, "(error) ERR unknown command '"+calls[i].args[0]+"'") ||
		got == "(error) UNBLOCKED client unblocked via CLIENT UNBLOCK"
}

// call calls modules on one connection after the other: they get killed.
func (x *torture) call(t *testing.T, n int) {
	for !x.done.Load() {
		c, err := x.s.connect()
		if err != nil {
			t.Error(err)
			return
		}
		if id, err := c.try("CLIENT", "ID"); err == nil {
			number, _ := strconv.ParseUint(strings.TrimPrefix(id, "(integer) "), 10, 64)
			x.ids[n].Store(number)
		}
		for !x.done.Load() {
			i := rand.IntN(len(calls))
			if strings.HasPrefix(calls[i].args[0], "HELLO.") {
				x.calling.RLock()
			}
			got, err := c.try(calls[i].args...)
			if strings.HasPrefix(calls[i].args[0], "HELLO.") {
				x.calling.RUnlock()
			}
			if err != nil {
				x.cut.Add(1)
				break
			}
			if !x.right(i, got) {
				t.Errorf("%q: %s", calls[i].args, got)
				x.done.Store(true)
			}
		}
		c.conn.Close()
	}
}

// meddle kills and unblocks callers.
func (x *torture) meddle(t *testing.T, c *client) {
	for !x.done.Load() {
		id := fmt.Sprint(x.ids[rand.IntN(len(x.ids))].Load())
		var err error
		switch rand.IntN(6) {
		case 0:
			_, err = c.try("CLIENT", "KILL", "ID", id)
		case 1:
			_, err = c.try("CLIENT", "UNBLOCK", id, "ERROR")
		default:
			_, err = c.try("CLIENT", "UNBLOCK", id, "TIMEOUT")
		}
		if err != nil {
			t.Error(err)
			return
		}
		time.Sleep(time.Duration(rand.IntN(3000)) * time.Microsecond)
	}
}

// swap unloads modules and loads them again.
func (x *torture) swap(t *testing.T, c *client, files map[string]string) {
	for !x.done.Load() {
		for name, path := range files {
			if name == "helloblock" {
				// Its threads are not joined by anybody: it may go when nobody
				// has called it for a while.
				x.calling.Lock()
				time.Sleep(10 * time.Millisecond)
			}
			got, err := c.try("MODULE", "UNLOAD", name)
			if err == nil && got == "OK" {
				x.swapped.Add(1)
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				if got, err = c.try("MODULE", "LOAD", path); err == nil && got != "OK" {
					t.Errorf("MODULE LOAD %s: %s", name, got)
					x.done.Store(true)
				}
			} else if err == nil && !strings.Contains(got, "blocked clients") {
				t.Errorf("MODULE UNLOAD %s: %s", name, got)
				x.done.Store(true)
			}
			if name == "helloblock" {
				x.calling.Unlock()
			}
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
	}
}

// Modules with threads, in C and in Go, are called by many, whose connections
// are killed and whose waits are ended, and come and go meanwhile.
func TestTorture(t *testing.T) {
	files := map[string]string{
		"gohello":    module(t, "modules/gohello"),
		"goblock":    module(t, "modules/goblock"),
		"helloblock": module(t, "modules/helloblock.c"),
		"threads":    module(t, "testdata/modules/threads.c"),
	}
	x := &torture{s: startBerth(t)}
	c := x.s.dial()
	for name, path := range files { // the Go runtimes, once here, keep their descriptors
		c.expect(t, "OK", "MODULE", "LOAD", path)
		c.expect(t, "OK", "MODULE", "UNLOAD", name)
		c.expect(t, "OK", "MODULE", "LOAD", path)
	}
	c.do(t, "GOBLOCK.SLEEP", "1")
	meddling, swapping := x.s.dial(), x.s.dial()
	before := x.s.settled()
	time.AfterFunc(duration(t), func() { x.done.Store(true) })
	var wg sync.WaitGroup
	for n := range x.ids {
		wg.Go(func() { x.call(t, n) })
	}
	wg.Go(func() { x.swap(t, swapping, files) })
	meddler := make(chan struct{})
	go func() {
		x.meddle(t, meddling)
		close(meddler)
	}()
	wg.Wait()
	<-meddler
	t.Logf("%d calls served, %d refused, %d connections cut, %d modules swapped",
		x.served.Load(), x.refused.Load(), x.cut.Load(), x.swapped.Load())
	if x.served.Load() == 0 || x.cut.Load() == 0 || x.swapped.Load() == 0 {
		t.Error("something did not happen at all")
	}
	c.expect(t, "PONG", "PING")
	x.s.eventually("nobody to wait", func() bool { return c.info(t, "clients", "blocked_clients") == "0" })
	// A thread may hold the handle of a client that was killed a moment longer.
	for name := range files {
		x.s.eventually(name+" to be free", func() bool { return c.do(t, "MODULE", "UNLOAD", name) == "OK" })
	}
	for line := range strings.SplitSeq(x.s.output(), "\n") {
		if strings.Contains(line, " # <") {
			t.Errorf("the log says: %s", line)
		}
	}
	x.s.expectDescriptors(before)
	c.expect(t, "PONG", "PING")
}

//go:build linux && (amd64 || arm64)

package torture

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// crowd is how many clients wait at once, if so many files may be open.
const crowd = 10_000

// waiter is one of the crowd. Its connection is a bare descriptor: ten thousand goroutines would be too many for the race
// detector.
type waiter struct {
	fd, id int
	group  int
	input  []byte
}

// What happens to the members of the crowd, apart from being unblocked.
const (
	left      = iota // nothing
	limited          // a limit of time
	closed           // it goes
	killed           // CLIENT KILL
	unblocked        // CLIENT UNBLOCK
)

// reception is how long a reply may take.
var reception = unix.Timeval{Sec: 20}

func newWaiter(path string) (*waiter, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	w := &waiter{fd: fd}
	if err := again(func() error { return unix.Connect(fd, &unix.SockaddrUnix{Name: path}) }); err != nil {
		w.close()
		return nil, err
	}
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &reception); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// again does a system call until no signal interrupts it.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func (w *waiter) close() {
	_ = unix.Close(w.fd) // whoever is served wrongly is found by other means
	w.fd = -1
}

func (w *waiter) send(line string) error {
	return again(func() error {
		_, err := unix.Write(w.fd, []byte(line+"\r\n"))
		return err
	})
}

// line reads a line; "" when the connection is over.
func (w *waiter) line() (string, error) {
	for {
		if i := bytes.IndexByte(w.input, '\n'); i >= 0 {
			l := strings.TrimSuffix(string(w.input[:i]), "\r")
			w.input = w.input[i+1:]
			return l, nil
		}
		var buf [256]byte
		n := 0
		err := again(func() (err error) {
			n, err = unix.Read(w.fd, buf[:])
			return err
		})
		switch {
		case err == unix.EAGAIN: // the time is over
			return "", err
		case n <= 0:
			return "", nil
		}
		w.input = append(w.input, buf[:n]...)
	}
}

// hammer is one run of TestHammer.
type hammer struct {
	t     *testing.T
	dir   string
	admin *client
	crowd []*waiter
}

// startHammered starts a server in a process of its own, since a process may have too few descriptors for both ends of ten
// thousand connections. What it prints is what the race detector found.
func startHammered(t *testing.T) *hammer {
	t.Helper()
	h := &hammer{t: t, dir: t.TempDir()}
	include, err := filepath.Abs("../../include")
	if err != nil {
		t.Fatal(err)
	}
	so := filepath.Join(h.dir, "hammer.so")
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-O2", "-std=gnu11", "-pthread", "-I"+include, "-o", so,
		"testdata/hammer.c").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var out bytes.Buffer
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveIn+"="+h.dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); h.admin == nil; time.Sleep(10 * time.Millisecond) {
		if h.admin, err = dialTo(filepath.Join(h.dir, "s")); err != nil && time.Now().After(end) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		h.admin.do("shutdown nosave") // its reply is that the connection is over
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v:\n%s", err, out.Bytes())
		}
	})
	h.must("module load "+so, "+OK")
	return h
}

func (h *hammer) must(line, want string) {
	h.t.Helper()
	if got, err := h.admin.do(line); err != nil || got != want {
		h.t.Fatalf("%s: %q, %v", line, got, err)
	}
}

// stats are the module's counters: made, freed, twice, allocated, replies, timeouts, disconnections, threads.
func (h *hammer) stats() (n [8]int) {
	h.t.Helper()
	got, err := h.admin.do("hammer.stats")
	if err != nil {
		h.t.Fatal(err)
	}
	for i, f := range strings.Fields(got) {
		n[i], _ = strconv.Atoi(f[1:])
	}
	return n
}

// info is a number of INFO's.
func (h *hammer) info(field string) int {
	h.t.Helper()
	got, err := h.admin.do("info everything runtime")
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(got, "\r\n"+field+":")
	text, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.Atoi(text)
	if err != nil {
		h.t.Fatalf("%s: %v", field, err)
	}
	return n
}

// heap is what lives on Go's heap: the least of what INFO tells while the collector runs.
func (h *hammer) heap() int {
	h.t.Helper()
	least := math.MaxInt
	for range 5 {
		h.must("memory purge", "+OK")
		time.Sleep(10 * time.Millisecond)
		least = min(least, h.info("runtime_heap_bytes"))
	}
	return least
}

// each calls fn for all of the crowd, by a few at once.
func (h *hammer) each(fn func(w *waiter) error) {
	h.t.Helper()
	const workers = 4
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for at := i; at < len(h.crowd); at += workers {
				if err := fn(h.crowd[at]); err != nil {
					h.t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if h.t.Failed() {
		h.t.FailNow()
	}
}

// gather has n clients connect and wait. Those with a limit of time begin last.
func (h *hammer) gather(n int) {
	h.t.Helper()
	path := filepath.Join(h.dir, "s")
	h.crowd = make([]*waiter, n)
	for i := range h.crowd {
		w, err := newWaiter(path)
		if err != nil {
			h.t.Fatalf("connection %d: %v", i, err)
		}
		h.crowd[i] = w
		switch r := rand.IntN(20); {
		case r < 2:
			w.group = limited
		case r < 4:
			w.group = closed
		case r < 6:
			w.group = killed
		case r < 7:
			w.group = unblocked
		}
	}
	h.each(func(w *waiter) error {
		if err := w.send("client id"); err != nil {
			return err
		}
		id, err := w.line()
		if err != nil {
			return err
		}
		w.id, err = strconv.Atoi(strings.TrimPrefix(id, ":"))
		return err
	})
	for _, last := range []bool{false, true} {
		h.each(func(w *waiter) error {
			if (w.group == limited) != last {
				return nil
			}
			ms := 0
			if last {
				ms = 1 + rand.IntN(400)
			}
			switch rand.IntN(4) {
			case 0:
				return w.send(fmt.Sprintf("hammer.key key%d %d", rand.IntN(100), ms))
			case 1:
				return w.send(fmt.Sprintf("hammer.wait thread %d", ms))
			}
			return w.send(fmt.Sprintf("hammer.wait callback %d", ms))
		})
	}
}

// meddle does to the crowd what its groups say, in random order.
func (h *hammer) meddle() error {
	c, err := dialTo(filepath.Join(h.dir, "s"))
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for _, i := range rand.Perm(len(h.crowd)) {
		switch w := h.crowd[i]; w.group {
		case closed:
			w.close()
		case killed:
			_, err = c.do(fmt.Sprintf("client kill id %d", w.id))
		case unblocked:
			_, err = c.do(fmt.Sprintf("client unblock %d %s", w.id, []string{"timeout", "error"}[rand.IntN(2)]))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answered checks that a client got one reply, or none and is gone: an echo behind it shows that nothing more comes.
func (w *waiter) answered() error {
	if w.group == closed {
		return nil
	}
	err := w.send("ping")
	var got [2]string
	for i := range got {
		if err != nil && w.group != killed {
			return fmt.Errorf("client %d of group %d: %w", w.id, w.group, err)
		}
		if got[i], err = w.line(); err != nil {
			return fmt.Errorf("client %d of group %d, after %q: %w", w.id, w.group, got, err)
		}
	}
	ok := got[1] == "+PONG" || w.group == killed && got[1] == ""
	switch got[0] {
	case "+done", "+key":
	case "+late":
		ok = ok && (w.group == limited || w.group == unblocked)
	case "-UNBLOCKED client unblocked via CLIENT UNBLOCK":
		ok = ok && w.group == unblocked
	case "":
		ok = w.group == killed
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("client %d of group %d: %q", w.id, w.group, got)
	}
	return nil
}

// round has n clients wait and unblocks them from eight threads. threads is how many there have been then.
func (h *hammer) round(n, threads int) {
	h.t.Helper()
	before := h.stats()[0]
	h.gather(n)
	settle(h.t, h.admin, "all wait", func() bool { return h.stats()[0] == before+n })
	most := h.info("blocked_clients")
	h.must("flushall", "+OK")
	h.must("hammer.go 8", ":"+strconv.Itoa(threads))
	if err := h.meddle(); err != nil {
		h.t.Fatal(err)
	}
	settle(h.t, h.admin, "all data is freed and all threads are at their end", func() bool {
		s := h.stats()
		return s[1] == s[0] && s[7] == 0
	})
	h.each((*waiter).answered)
	if got := h.info("blocked_clients"); got != 0 {
		h.t.Errorf("%d clients are still blocked", got)
	}
	for _, w := range h.crowd {
		if w.fd >= 0 {
			w.close()
		}
	}
	settle(h.t, h.admin, "all are gone", func() bool { return h.info("connected_clients") == 1 })
	h.must("flushall", "+OK")
	s := h.stats()
	if s[2] != 0 || s[3] != 0 {
		h.t.Errorf("%d data freed twice, %d allocated", s[2], s[3])
	}
	h.t.Logf("%d of %d clients waited at once; %d replies, %d timeouts, %d disconnections so far", most, n, s[4], s[5], s[6])
	if most < n*8/10 {
		h.t.Errorf("only %d clients waited at once", most)
	}
}

// Ten thousand clients wait for a module, for its threads or for keys. Eight threads unblock them in random order, while some
// go, are killed, are unblocked by others, or have waited long enough: each private datum is freed once, every client
// is answered once or gone, and the memory is back.
func TestHammer(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	n := crowd
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if most := int(min(files.Cur, 1<<20)) - 200; n > most {
		t.Logf("only %d files may be open", files.Cur)
		n = most
	}
	h := startHammered(t)
	h.round(n/10, 8) // what is kept for the next time is there from now on
	memory, heap := h.info("used_memory"), h.heap()
	h.round(n, 16)
	// Tables that have grown stay: some hundred bytes for each client.
	settle(t, h.admin, "the memory is back", func() bool {
		return h.info("used_memory") <= memory+256<<10 && h.heap() <= heap+4<<20
	})
	h.must("module unload hammer", "+OK")
}

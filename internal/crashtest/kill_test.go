package crashtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	// writers is how many clients write at the same time.
	writers = 3
	// slots is how many keys each of them writes to in turn.
	slots = 100
	// pipeline is the most commands that one sends at once.
	pipeline = 8
)

// rounds is how often the server is killed.
func rounds() int {
	if os.Getenv("BERTH_TORTURE") != "" {
		return 200
	}
	return 10
}

// program is berth with its files in a directory, to be started again and again.
type program struct {
	*testkit.Program
	t      *testing.T
	socket string
}

func newProgram(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	socket := filepath.Join(testkit.ShortDir(t), "s")
	args = append([]string{testkit.Berth(t), "serve", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", dir,
		"--appendonly", "yes", "--enable-debug-command", "yes"}, args...)
	p := &program{t: t, socket: socket}
	p.Program = testkit.NewProgram(t, testkit.ShortDir(t), p.ready, args...)
	return p
}

// ready tells whether the data are loaded.
func (p *program) ready() error {
	c, err := p.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.do("DBSIZE")
	return err
}

// conn is a connection whose end is no failure of the test.
type conn struct {
	net.Conn
	buf []byte
}

func (p *program) dial() (*conn, error) {
	c, err := net.Dial("unix", p.socket)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// read gives the next reply.
func (c *conn) read() (resp.Reply, error) {
	for {
		r, n, err := resp.ParseReply(c.buf)
		if err == nil {
			c.buf = append([]byte(nil), c.buf[n:]...) // the reply keeps the old bytes
			return r, nil
		}
		var tmp [16 << 10]byte
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second)) // a socket takes any deadline
		if n, err = c.Read(tmp[:]); n == 0 && err != nil {
			return r, err
		}
		c.buf = append(c.buf, tmp[:n]...)
	}
}

// errReply is an error that the server replied.
var errReply = errors.New("the server replies an error")

func (c *conn) do(args ...string) (resp.Reply, error) {
	if _, err := c.Write(testkit.Request(args...)); err != nil {
		return resp.Reply{}, err
	}
	r, err := c.read()
	if err == nil && r.Kind == resp.KindError {
		err = fmt.Errorf("%w: %s", errReply, r.Str)
	}
	return r, err
}

// writer is a client that writes numbers, in order.
type writer struct {
	id string
	// sent is the last number that it sent, acked the last one that it was told is
	// written.
	sent, acked int
}

// run writes until the connection ends: one by one, several at once, and in
// transactions.
func (w *writer) run(c *conn, rnd *rand.Rand) {
	w.sent = w.acked
	for {
		n := 1 + rnd.IntN(pipeline)
		multi := rnd.IntN(3) == 0
		var b []byte
		for range n {
			w.sent++
			num := strconv.Itoa(w.sent)
			if multi {
				b = append(b, testkit.Request("MULTI")...)
			}
			b = append(b, testkit.Request("RPUSH", "list"+w.id, num)...)
			b = append(b, testkit.Request("SET", w.slot(w.sent), num)...)
			if multi {
				b = append(b, testkit.Request("EXEC")...)
			}
		}
		if _, err := c.Write(b); err != nil {
			return
		}
		replies := 2
		if multi {
			replies = 4
		}
		for range n {
			for range replies {
				if r, err := c.read(); err != nil || r.Kind == resp.KindError {
					return
				}
			}
			w.acked++
		}
	}
}

// check looks for everything that was acknowledged, and that nothing is there twice.
func (w *writer) check(t *testing.T, c *conn) {
	t.Helper()
	r, err := c.do("LRANGE", "list"+w.id, "0", "-1")
	if err != nil {
		t.Fatal(err)
	}
	if r.Len < w.acked || r.Len > w.sent {
		t.Errorf("client %s: %d of %d numbers are there that were acknowledged, and %d sent", w.id, r.Len, w.acked, w.sent)
	}
	for i := range r.Len {
		if got := string(r.Elem(i).Str); got != strconv.Itoa(i+1) {
			t.Fatalf("client %s: number %s is in the place of %d", w.id, got, i+1)
		}
	}
	there := r.Len
	defer func() {
		// The last number may be in the list alone.
		w.acked, w.sent = there, there
		if _, err := c.do("SET", w.slot(there), strconv.Itoa(there)); err != nil {
			t.Fatal(err)
		}
	}()
	for n := max(1, w.acked-slots+1); n <= w.acked; n++ {
		r, err := c.do("GET", w.slot(n))
		if err != nil {
			t.Fatal(err)
		}
		// A later one may have got there without being acknowledged.
		if got, _ := strconv.Atoi(string(r.Str)); got < n || got > w.sent || got%slots != n%slots {
			t.Errorf("client %s: %q is in the place of %d", w.id, r.Str, n)
		}
	}
}

// slot is the key for a number.
func (w *writer) slot(n int) string { return "slot" + w.id + ":" + strconv.Itoa(n%slots) }

// The server is killed at random moments, in the middle of rewrites as well; every
// acknowledged write is there afterwards, once.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := newProgram(t, t.TempDir(), "--appendfsync", "always", "--auto-aof-rewrite-percentage", "50", "--auto-aof-rewrite-min-size", "20kb")
	var all [writers]*writer
	for i := range all {
		all[i] = &writer{id: strconv.Itoa(i)}
	}
	for round := range rounds() {
		p.Start()
		var wg sync.WaitGroup
		for _, w := range all {
			c, err := p.dial()
			if err != nil {
				t.Fatal(err)
			}
			w.check(t, c)
			mine := rand.New(rand.NewPCG(seed, uint64(round)<<8+uint64(w.id[0])))
			wg.Go(func() {
				w.run(c, mine)
				_ = c.Close() // the server is gone
			})
		}
		if t.Failed() {
			t.Fatalf("in round %d of seed %d; the log:\n%s", round, seed, p.Log())
		}
		if c, err := p.dial(); err == nil && rnd.IntN(2) == 0 {
			preamble := []string{"yes", "no"}[rnd.IntN(2)]
			_, _ = c.do("CONFIG", "SET", "aof-use-rdb-preamble", preamble, "rdb-key-save-delay", strconv.Itoa(rnd.IntN(200)))
			_, _ = c.do("BGREWRITEAOF") // it may be under way
		}
		time.Sleep(time.Duration(rnd.IntN(60)) * time.Millisecond)
		p.Kill()
		wg.Wait()
	}
	p.Start()
	last := 0
	for _, w := range all {
		c, err := p.dial()
		if err != nil {
			t.Fatal(err)
		}
		w.check(t, c)
		last += w.acked
	}
	if last == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d writes, %d rewrites", last, strings.Count(p.Log(), "rewriting started"))
}

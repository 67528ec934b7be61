package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"berth/internal/resp"
)

// live is a server that runs on a goroutine of its own and listens on a unix
// socket.
type live struct {
	t    testing.TB
	s    *Server
	path string
	stop func()
}

// start runs a server until the test ends, or stop is called. change may alter the
// settings; prepare, what runs before the server takes connections.
func start(t testing.TB, change func(*Settings), prepare ...func(*Server) error) *live {
	t.Helper()
	set := DefaultSettings()
	set.Port = 0
	set.UnixSocket = filepath.Join(t.TempDir(), "s")
	if change != nil {
		change(&set)
	}
	l := &live{t: t, path: set.UnixSocket}
	ready := make(chan error)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		s, err := New(Options{Settings: &set})
		if err == nil {
			s.life.started = true
			s.log.level.Store(int32(LogWarning))
			for _, fn := range prepare {
				err = errors.Join(err, fn(s))
			}
			err = errors.Join(err, s.Listen())
		}
		l.s = s
		ready <- err
		if err != nil {
			return
		}
		if err := s.Loop.Run(); err != nil {
			t.Error(err)
		}
		s.Close()
		_ = s.Loop.Close() // nothing runs on it any more
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	l.stop = sync.OnceFunc(func() {
		l.s.Loop.Stop()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Error("the loop does not stop")
		}
	})
	t.Cleanup(l.stop)
	return l
}

// on runs fn on the loop and waits for it.
func (l *live) on(fn func(s *Server)) {
	l.t.Helper()
	done := make(chan struct{})
	l.s.Loop.Post(func() {
		fn(l.s)
		close(done)
	})
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		l.t.Fatal("the loop is stuck")
	}
}

// until waits for a condition on the loop.
func (l *live) until(what string, cond func(s *Server) bool) {
	l.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		ok := false
		l.on(func(s *Server) { ok = cond(s) })
		if ok {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatal("waited in vain: ", what)
		}
	}
}

// wire is one connection to a live server.
type wire struct {
	t    testing.TB
	conn net.Conn
	buf  []byte
}

// connect dials; while the queue of connections is full it tries again.
func (l *live) connect() net.Conn {
	l.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("unix", l.path)
		if err == nil {
			return conn
		}
		if !errors.Is(err, syscall.EAGAIN) || time.Now().After(deadline) {
			l.t.Fatal(err)
		}
	}
}

func (l *live) dial() *wire {
	l.t.Helper()
	conn := l.connect()
	l.t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	return &wire{t: l.t, conn: conn}
}

// request encodes words, cut at blanks, as a request.
func request(line string) []byte {
	words := strings.Fields(line)
	b := resp.AppendArray(nil, len(words))
	for _, w := range words {
		b = resp.AppendBulkString(b, w)
	}
	return b
}

// write sends bytes as they are.
func (w *wire) write(b []byte) {
	w.t.Helper()
	if _, err := w.conn.Write(b); err != nil {
		w.t.Fatal(err)
	}
}

// send sends commands without reading replies.
func (w *wire) send(lines ...string) {
	w.t.Helper()
	var b []byte
	for _, line := range lines {
		b = append(b, request(line)...)
	}
	w.write(b)
}

// errQuiet is what read returns when nothing comes.
var errQuiet = errors.New("nothing came")

// read gives the next reply in one line.
func (w *wire) read(wait time.Duration) (string, error) {
	for deadline := time.Now().Add(wait); ; {
		if r, n, err := resp.ParseReply(w.buf); err == nil {
			text := inOneLine(&r)
			w.buf = w.buf[n:]
			return text, nil
		} else if !errors.Is(err, resp.ErrIncomplete) {
			return "", fmt.Errorf("%w: %q", err, w.buf)
		}
		_ = w.conn.SetReadDeadline(deadline) // a socket takes any deadline
		var tmp [64 << 10]byte
		n, err := w.conn.Read(tmp[:])
		w.buf = append(w.buf, tmp[:n]...)
		if n > 0 {
			continue
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return "", errQuiet
		}
		return "", err
	}
}

// next reads the next reply, which must come.
func (w *wire) next() string {
	w.t.Helper()
	text, err := w.read(5 * time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// do runs one command.
func (w *wire) do(line string) string {
	w.t.Helper()
	w.send(line)
	return w.next()
}

// expect runs commands and compares their replies; pairs of both.
func (w *wire) expect(pairs ...string) {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := w.do(pairs[i]); got != pairs[i+1] {
			w.t.Errorf("%s: got %s, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

// quiet checks that no reply comes for a while.
func (w *wire) quiet() {
	w.t.Helper()
	if text, err := w.read(30 * time.Millisecond); !errors.Is(err, errQuiet) {
		w.t.Errorf("something came: %s, %v", text, err)
	}
}

// closed checks that the server closes the connection and says no more.
func (w *wire) closed() {
	w.t.Helper()
	text, err := w.read(5 * time.Second)
	if text != "" || err == nil || errors.Is(err, errQuiet) {
		w.t.Errorf("not closed: %q, %v", text, err)
	}
}

// all reads until the server closes, and gives the bytes.
func (w *wire) all() string {
	w.t.Helper()
	_ = w.conn.SetReadDeadline(time.Now().Add(5 * time.Second)) // as in read
	rest, err := io.ReadAll(w.conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		w.t.Error("not closed")
	}
	return string(bytes.Join([][]byte{w.buf, rest}, nil))
}

// field picks one field of a CLIENT LIST line.
func field(line, name string) string {
	m := regexp.MustCompile(`(?:^| )` + name + `=(\S*)`).FindStringSubmatch(line)
	if m == nil {
		return "none"
	}
	return m[1]
}

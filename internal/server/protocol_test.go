package server

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

// TestRequestsCutAnywhere sends one stream of requests in two pieces, cut at
// every byte, and in pieces of every small size.
func TestRequestsCutAnywhere(t *testing.T) {
	l := start(t, nil)
	in := append(request("echo one"), "PING\r\nECHO 'two words'\r\n\r\n"...)
	in = append(in, request("echo three")...)
	const want = "one PONG two words three"
	check := func(w *wire, what string) {
		t.Helper()
		var got []string
		for range 4 {
			got = append(got, w.next())
		}
		if g := strings.Join(got, " "); g != want {
			t.Fatalf("%s: %s", what, g)
		}
	}
	w := l.dial()
	for at := range in {
		w.write(in[:at])
		if at%3 == 0 { // else the pieces may arrive as one
			time.Sleep(200 * time.Microsecond)
		}
		w.write(in[at:])
		check(w, fmt.Sprintf("cut at %d", at))
	}
	for size := 1; size < 9; size++ {
		for rest := in; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			w.write(rest[:min(size, len(rest))])
			time.Sleep(50 * time.Microsecond)
		}
		check(w, fmt.Sprintf("pieces of %d", size))
	}
}

func TestDeepPipeline(t *testing.T) {
	w := start(t, nil).dial()
	const count = 50_000
	go func() {
		var b []byte
		for i := range count {
			b = append(b, request(fmt.Sprint("echo ", i))...)
		}
		_, _ = w.conn.Write(b) // the reader below notices
	}()
	for i := range count {
		if got := w.next(); got != fmt.Sprint(i) {
			t.Fatalf("reply %d is %s", i, got)
		}
	}
}

func TestBigBulk(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	for _, size := range []int{readSize - 40, readSize, readSize + 1, 5 << 20} {
		value := bytes.Repeat([]byte("0123456789abcde\n"), size/16)
		b := resp.AppendArray(nil, 2)
		b = resp.AppendBulkString(b, "echo")
		b = resp.AppendBulk(b, value)
		b = append(b, request("ping")...)
		go func() { _, _ = w.conn.Write(b) }() // the reader below notices
		if got := w.next(); got != string(value) {
			t.Fatalf("%d bytes came back as %d", len(value), len(got))
		}
		if got := w.next(); got != "PONG" {
			t.Fatal(got)
		}
	}
	l.on(func(s *Server) {
		s.EachClient(func(c *Client) bool {
			if cap(c.query) != 0 || cap(c.out) != 0 {
				t.Errorf("%d bytes of input and %d of output kept", cap(c.query), cap(c.out))
			}
			return true
		})
	})
}

// TestAnnouncedBulk checks that a client gets memory for what it sent, not for
// what it promised.
func TestAnnouncedBulk(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.write([]byte("*2\r\n$4\r\necho\r\n$500000000\r\nabc"))
	l.until("it is read", func(s *Server) bool { return s.Stats.NetIn > 20 })
	w.write([]byte("def"))
	l.until("more is read", func(s *Server) bool { return s.Stats.NetIn > 30 })
	l.on(func(s *Server) {
		s.EachClient(func(c *Client) bool {
			if n := cap(c.query); n > 4<<20 {
				t.Errorf("%d bytes set aside", n)
			}
			return true
		})
	})
}

func TestProtocolErrors(t *testing.T) {
	l := start(t, nil)
	for _, tc := range []struct{ in, want string }{
		{"*1\r\n:5\r\n", "-ERR Protocol error: expected '$', got ':'\r\n"},
		{"*abc\r\n", "-ERR Protocol error: invalid multibulk length\r\n"},
		{"*1\r\n$abc\r\nPING\r\n", "-ERR Protocol error: invalid bulk length\r\n"},
		{"PING\r\n*1\r\n$4\r\nPING\r\n*1\r\nx\r\nPING\r\n", "+PONG\r\n+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n"},
		{"echo \"a\"b\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"},
		{"POST / HTTP/1.1\r\nPING\r\n", ""},
		{"Host: x\r\n", ""},
	} {
		w := l.dial()
		w.write([]byte(tc.in))
		if got := w.all(); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.in, got, tc.want)
		}
	}
	w := l.dial()
	w.write([]byte(strings.Repeat("a", resp.MaxInline+1)))
	if got := w.all(); !strings.HasPrefix(got, "-ERR Protocol error: too big inline request\r\n") {
		t.Errorf("%q", got)
	}
}

// TestStrayNewline is what the Redis test suite sends first.
func TestStrayNewline(t *testing.T) {
	w := start(t, nil).dial()
	w.write([]byte("PING\r\n\n"))
	if got := w.next(); got != "PONG" {
		t.Error(got)
	}
	w.quiet()
	w.expect("ping", "PONG")
}

// TestFairness has one client with an endless pipeline, and checks that another
// is served all the same.
func TestFairness(t *testing.T) {
	l := start(t, nil)
	greedy, modest := l.dial(), l.dial()
	stop := make(chan struct{})
	defer close(stop)
	pipeline := bytes.Repeat(request("ping"), 100_000)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := greedy.conn.Write(pipeline); err != nil {
				return
			}
		}
	}()
	go func() {
		buf := make([]byte, 1<<20)
		for {
			if _, err := greedy.conn.Read(buf); err != nil {
				return
			}
		}
	}()
	l.until("the pipeline flows", func(s *Server) bool { return s.Stats.Commands > 100_000 })
	var worst time.Duration
	for range 200 {
		began := time.Now()
		modest.expect("ping", "PONG")
		worst = max(worst, time.Since(began))
	}
	if worst > 500*time.Millisecond {
		t.Error("waited for", worst)
	}
}

// FuzzSocket sends bytes to a live server, cut where the input says, and checks
// that it answers the next client.
func FuzzSocket(f *testing.F) {
	f.Add([]byte("*1\r\n$4\r\nPING\r\n"), uint16(3))
	f.Add([]byte("*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\nMULTI\r\nEXEC\r\n"), uint16(11))
	f.Add([]byte("*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\nPING\r\n"), uint16(20))
	f.Add([]byte("SUBSCRIBE a\r\nUNSUBSCRIBE\r\nHELLO 3\r\nSUBSCRIBE a\r\nPUBLISH a b\r\n"), uint16(5))
	f.Add([]byte("*1\r\n$-1\r\n\x00\xff*"), uint16(1))
	l := start(f, nil)
	f.Fuzz(func(t *testing.T, data []byte, cut uint16) {
		lower := bytes.ToLower(data)
		for _, word := range []string{"shutdown", "debug", "pause"} {
			if bytes.Contains(lower, []byte(word)) {
				return
			}
		}
		here := *l
		here.t = t
		here.sendBytes(data, int(cut))
		here.dial().expect("ping", "PONG")
	})
}

// sendBytes sends data in two pieces and does not care for the answer.
func (l *live) sendBytes(data []byte, cut int) {
	l.t.Helper()
	conn := l.connect()
	defer conn.Close()
	cut = min(cut, len(data))
	_, _ = conn.Write(data[:cut]) // it may have been closed
	_, _ = conn.Write(data[cut:]) // likewise
}

// TestRandomBytes is FuzzSocket for every run: bytes of a small alphabet, in
// which requests form by chance.
func TestRandomBytes(t *testing.T) {
	l := start(t, nil)
	words := []string{"*", "$", "1", "2", "4", "\r\n", "\r", "PING", "ECHO", "GET", "MULTI", "EXEC", "\x00", "'", "\"", " ", "-",
		"*1\r\n$4\r\nPING\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", "SUBSCRIBE c\r\n", "HELLO 3\r\n", "RESET\r\n"}
	rnd := rand.New(rand.NewSource(1))
	for range 2000 {
		var b []byte
		for range rnd.Intn(40) {
			b = append(b, words[rnd.Intn(len(words))]...)
		}
		l.sendBytes(b, rnd.Intn(len(b)+1))
	}
	l.dial().expect("ping", "PONG")
	l.until("all are gone but one", func(s *Server) bool { return s.ClientCount() == 1 })
}

package testkit

import (
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"berth/internal/config"
	"berth/internal/resp"
)

// ErrQuiet is returned by Next when no reply came in time.
var ErrQuiet = errors.New("testkit: no reply")

// Conn is a connection to a server.
type Conn struct {
	t    testing.TB
	conn net.Conn
	name string
	buf  []byte
}

// Dial connects to the server's unix socket.
func (s *Server) Dial() *Conn {
	s.t.Helper()
	return dial(s.t, s.Name, "unix", s.Socket)
}

// DialTCP connects to the server's port.
func (s *Server) DialTCP() *Conn {
	s.t.Helper()
	return dial(s.t, s.Name, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
}

func dial(t testing.TB, name, network, addr string) *Conn {
	t.Helper()
	conn, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Conn{t: t, conn: conn, name: name}
}

// Close ends the connection.
func (c *Conn) Close() { c.conn.Close() }

// Write sends bytes as they are.
func (c *Conn) Write(b []byte) {
	c.t.Helper()
	_ = c.conn.SetWriteDeadline(time.Now().Add(patience)) // a socket takes any deadline
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("%s: %v", c.name, err)
	}
}

// Request is a command as it goes over the wire.
func Request[S ~string | ~[]byte](args ...S) []byte {
	b := resp.AppendArray(nil, len(args))
	for _, arg := range args {
		b = resp.AppendBulk(b, []byte(arg))
	}
	return b
}

// Send sends a command without reading its reply.
func (c *Conn) Send(args ...string) {
	c.t.Helper()
	c.Write(Request(args...))
}

// Do runs a command and gives its reply, a push message included.
func (c *Conn) Do(args ...string) resp.Reply {
	c.t.Helper()
	c.Send(args...)
	return c.Read()
}

// Read gives the next reply, which must come.
func (c *Conn) Read() resp.Reply {
	c.t.Helper()
	r, err := c.Next(patience)
	if err != nil {
		c.t.Fatalf("%s: %v after %q", c.name, err, c.buf)
	}
	return r
}

// Next gives the next reply that comes in time: ErrQuiet when none does, io.EOF
// when the server has closed the connection.
func (c *Conn) Next(wait time.Duration) (resp.Reply, error) {
	for deadline := time.Now().Add(wait); ; {
		r, n, err := resp.ParseReply(c.buf)
		if err == nil {
			c.buf = slices.Clone(c.buf[n:]) // the reply keeps the old bytes
			return r, nil
		}
		if !errors.Is(err, resp.ErrIncomplete) {
			return r, err
		}
		_ = c.conn.SetReadDeadline(deadline) // a socket takes any deadline
		var tmp [64 << 10]byte
		n, err = c.conn.Read(tmp[:])
		c.buf = append(c.buf, tmp[:n]...)
		if n > 0 {
			continue
		}
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return r, ErrQuiet
		}
		var op *net.OpError
		if errors.As(err, &op) {
			return r, io.EOF // reset is an end, too
		}
		return r, err
	}
}

// Line runs a command written as for redis-cli and shows its reply as redis-cli
// does, see Show.
func (c *Conn) Line(line string) string {
	c.t.Helper()
	args, err := config.Split(line)
	if err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	r := c.Do(args...)
	return Show(&r)
}

// Expect runs commands and compares what Line shows: pairs of both.
func (c *Conn) Expect(pairs ...string) {
	c.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if got := c.Line(pairs[i]); got != pairs[i+1] {
			c.t.Errorf("%s: %s\ngot  %s\nwant %s", c.name, pairs[i], got, pairs[i+1])
		}
	}
}

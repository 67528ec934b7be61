package moduletest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

// client is a connection that reads whole replies.
type client struct {
	conn net.Conn
	buf  []byte
}

// dial connects to the server for as long as the test runs.
func (s *server) dial() *client {
	s.t.Helper()
	c, err := s.connect()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.conn.Close() })
	return c
}

// connect connects to the server; the caller closes the connection.
func (s *server) connect() (*client, error) {
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn}, nil
}

// send writes one command.
func (c *client) send(args ...string) error {
	var req strings.Builder
	fmt.Fprintf(&req, "*%d\r\n", len(args))
	for _, arg := range args {
		fmt.Fprintf(&req, "$%d\r\n%s\r\n", len(arg), arg)
	}
	_, err := c.conn.Write([]byte(req.String()))
	return err
}

// receive reads the next reply.
func (c *client) receive() (resp.Reply, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	chunk := make([]byte, 1<<16)
	for {
		if r, n, err := resp.ParseReply(c.buf); err == nil {
			c.buf = append([]byte(nil), c.buf[n:]...) // r goes on pointing into the old one
			return r, nil
		}
		n, err := c.conn.Read(chunk)
		if err != nil {
			return resp.Reply{}, err
		}
		c.buf = append(c.buf, chunk[:n]...)
	}
}

// try sends a command and gives the reply as redis-cli shows it.
func (c *client) try(args ...string) (string, error) {
	if err := c.send(args...); err != nil {
		return "", err
	}
	r, err := c.receive()
	if err != nil {
		return "", err
	}
	return notation(&r), nil
}

// do is try for a connection that must not fail.
func (c *client) do(t *testing.T, args ...string) string {
	t.Helper()
	got, err := c.try(args...)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return got
}

// expect sends a command and compares the reply with what redis-cli would show.
func (c *client) expect(t *testing.T, want string, args ...string) {
	t.Helper()
	if got := c.do(t, args...); got != want {
		t.Errorf("%q: got %s, want %s", args, got, want)
	}
}

// info is one field of an INFO section.
func (c *client) info(t *testing.T, section, field string) string {
	t.Helper()
	if err := c.send("INFO", section); err != nil {
		t.Fatal(err)
	}
	r, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(r.Str), "\r\n") {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return value
		}
	}
	return ""
}

// notation shows a reply as redis-cli does on a terminal.
func notation(r *resp.Reply) string {
	switch r.Kind {
	case resp.KindStatus:
		return string(r.Str)
	case resp.KindError:
		return "(error) " + string(r.Str)
	case resp.KindInt:
		return "(integer) " + strconv.FormatInt(r.Int, 10)
	case resp.KindNull:
		return "(nil)"
	case resp.KindBool:
		return fmt.Sprintf("(%v)", r.Bool())
	case resp.KindMap:
		var b strings.Builder
		for i := range r.Len {
			key, value := r.Pair(i)
			fmt.Fprintf(&b, "%d# %s => %s\n", i+1, notation(key), strings.ReplaceAll(notation(value), "\n", "\n   "))
		}
		return strings.TrimSuffix(b.String(), "\n")
	case resp.KindArray, resp.KindSet, resp.KindPush:
		if r.Len == 0 {
			return "(empty array)"
		}
		var b strings.Builder
		width := len(strconv.Itoa(r.Len))
		for i := range r.Len {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "%*d) ", width, i+1)
			b.WriteString(strings.ReplaceAll(notation(r.Elem(i)), "\n", "\n"+strings.Repeat(" ", width+2)))
		}
		return b.String()
	}
	return strconv.Quote(string(r.Str))
}

// raw is the string that a command replies, as it is.
func (c *client) raw(t *testing.T, args ...string) string {
	t.Helper()
	if err := c.send(args...); err != nil {
		t.Fatal(err)
	}
	r, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	return string(r.Str)
}

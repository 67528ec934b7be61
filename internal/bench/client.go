//go:build linux

package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// ErrReply is returned when a reply is not in the protocol's form.
var ErrReply = errors.New("malformed reply")

// Reply is one RESP2 reply.
type Reply struct {
	// Kind is the reply's first byte: + - : $ *.
	Kind byte
	// Text is a status, error or bulk string.
	Text string
	// Int is an integer, or -1 for a null.
	Int int64
	// Elems are an array's elements.
	Elems []Reply
}

// Conn is a connection for setting things up and asking; the timed load has its own (see Load).
type Conn struct {
	conn net.Conn
	r    *bufio.Reader
	raw  bytes.Buffer // what the reply being read consists of
}

// Dial connects to a server on this machine.
func Dial(port int) (*Conn, error) {
	c, err := net.DialTimeout("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), 2*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: c, r: bufio.NewReaderSize(c, 1<<16)}, nil
}

// Close closes the connection.
func (c *Conn) Close() { c.conn.Close() }

// Do sends one command and reads its reply. An error reply is a Reply of kind '-', not an error.
func (c *Conn) Do(args ...string) (Reply, error) {
	r, _, err := c.Raw(Request(args...))
	return r, err
}

// must is Do for commands that must not fail.
func (c *Conn) must(args ...string) error {
	r, err := c.Do(args...)
	if err == nil && r.Kind == '-' {
		err = fmt.Errorf("%s: %s", args[0], r.Text)
	}
	return err
}

// Raw sends a request as it is and returns the reply, parsed and as bytes.
func (c *Conn) Raw(request []byte) (Reply, []byte, error) {
	c.conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.conn.Write(request); err != nil {
		return Reply{}, nil, err
	}
	c.raw.Reset()
	r, err := c.read()
	return r, bytes.Clone(c.raw.Bytes()), err
}

// Pour sends a batch of requests and reads as many replies; each must be reply.
func (c *Conn) Pour(requests []byte, count int, reply []byte) error {
	c.conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.conn.Write(requests); err != nil {
		return err
	}
	got := make([]byte, count*len(reply))
	if _, err := io.ReadFull(c.r, got); err != nil {
		return err
	}
	if !bytes.Equal(got, bytes.Repeat(reply, count)) {
		return fmt.Errorf("unexpected reply: %.80q", got)
	}
	return nil
}

func (c *Conn) line() (string, error) {
	l, err := c.r.ReadString('\n')
	c.raw.WriteString(l)
	if err != nil {
		return "", err
	}
	l, ok := strings.CutSuffix(l, "\r\n")
	if !ok || l == "" {
		return "", fmt.Errorf("%w: line %q", ErrReply, l)
	}
	return l, nil
}

func (c *Conn) read() (Reply, error) {
	l, err := c.line()
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Kind: l[0]}
	if r.Kind == '+' || r.Kind == '-' {
		r.Text = l[1:]
		return r, nil
	}
	if r.Int, err = strconv.ParseInt(l[1:], 10, 64); err != nil {
		return r, fmt.Errorf("%w: %q", ErrReply, l)
	}
	switch r.Kind {
	case ':':
	case '$':
		if r.Int < 0 {
			return r, nil
		}
		b := make([]byte, r.Int+2)
		_, err := io.ReadFull(c.r, b)
		c.raw.Write(b)
		r.Text = string(b[:r.Int])
		return r, err
	case '*':
		for range r.Int {
			e, err := c.read()
			if err != nil {
				return r, err
			}
			r.Elems = append(r.Elems, e)
		}
	default:
		return r, fmt.Errorf("%w: %q", ErrReply, l)
	}
	return r, nil
}

// Request is a command in the protocol's form.
func Request(args ...string) []byte { return AppendRequest(nil, args...) }

// AppendRequest appends a command in the protocol's form to b.
func AppendRequest(b []byte, args ...string) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(args)), 10)
	b = append(b, "\r\n"...)
	for _, a := range args {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(a)), 10)
		b = append(b, "\r\n"...)
		b = append(b, a...)
		b = append(b, "\r\n"...)
	}
	return b
}

//go:build linux

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
)

// ErrParity is returned when the two servers answer the same request differently.
var ErrParity = errors.New("the servers reply differently")

// Case is one command to be timed.
type Case struct {
	// Name is what tables and flags call it.
	Name string
	// Module tells that the command is the bench module's.
	Module bool
	// Keys tells that it works on the keys that Fill writes.
	Keys bool
	// Request makes the request for key number i; all are of one length.
	Request func(i int) []byte
	// Vary tells that replies differ from one to the next.
	Vary bool
	// Before brings the server into the state that every round begins with; nil: any state will do.
	Before func(*Conn) error
}

// value is what SET writes and GET reads.
func value(size int) string { return strings.Repeat("v", size) }

func key(i int) string { return fmt.Sprintf("key:%012d", i) }

// Cases are the commands known, with values of the given size.
func Cases(valueSize int) []Case {
	fixed := func(args ...string) func(int) []byte {
		r := Request(args...)
		return func(int) []byte { return r }
	}
	v := value(valueSize)
	return []Case{
		{Name: "one", Module: true, Request: fixed("bench.one")},
		{Name: "ten", Module: true, Request: fixed("bench.ten")},
		{Name: "get", Keys: true, Request: func(i int) []byte { return Request("GET", key(i)) }},
		{Name: "set", Keys: true, Request: func(i int) []byte { return Request("SET", key(i), v) }},
		{Name: "ping", Request: fixed("PING")},
		{Name: "incr", Vary: true, Request: func(i int) []byte { return Request("INCR", "bench:n:"+key(i)) }},
		{Name: "mset", Request: func(i int) []byte {
			args := []string{"MSET"}
			for j := range 10 {
				args = append(args, "bench:m:"+key((i+j*7919)%100000), v)
			}
			return Request(args...)
		}},
		{Name: "lpush", Vary: true, Before: drop("bench:l"), Request: fixed("LPUSH", "bench:l", v)},
		{Name: "lpop", Before: fill("bench:l", 600000, "RPUSH", func(int) []string { return []string{v} }), Request: fixed("LPOP", "bench:l")},
		{Name: "lrange", Before: fill("bench:l", 100, "RPUSH", func(int) []string { return []string{v} }), Request: fixed("LRANGE", "bench:l", "0", "99")},
		{Name: "sadd", Vary: true, Before: drop("bench:s"), Request: func(i int) []byte { return Request("SADD", "bench:s", key(i)) }},
		{Name: "hset", Vary: true, Before: drop("bench:h"), Request: func(i int) []byte { return Request("HSET", "bench:h", key(i), v) }},
		{Name: "zadd", Vary: true, Before: drop("bench:z"), Request: func(i int) []byte { return Request("ZADD", "bench:z", fmt.Sprintf("%06d", i*7919%1000000), key(i)) }},
		{Name: "zrange", Before: fill("bench:z", 1000, "ZADD", func(i int) []string { return []string{fmt.Sprint(i), key(i)} }), Request: fixed("ZRANGE", "bench:z", "450", "549")},
		{Name: "xadd", Vary: true, Before: drop("bench:x"), Request: fixed("XADD", "bench:x", "*", "field", v)},
	}
}

// CaseNames are the names of all cases.
func CaseNames() []string {
	var names []string
	for _, c := range Cases(0) {
		names = append(names, c.Name)
	}
	return names
}

// drop deletes a key before each round.
func drop(key string) func(*Conn) error {
	return func(c *Conn) error { return c.must("UNLINK", key) }
}

// fill makes a value of n elements before each round; args are those for element i.
func fill(key string, n int, command string, args func(i int) []string) func(*Conn) error {
	return func(c *Conn) error {
		if err := c.must("UNLINK", key); err != nil {
			return err
		}
		const batch = 500
		for from := 0; from < n; from += batch {
			words := []string{command, key}
			for i := from; i < min(from+batch, n); i++ {
				words = append(words, args(i)...)
			}
			if err := c.must(words...); err != nil {
				return err
			}
		}
		return nil
	}
}

// prepare runs Before on a server.
func (w *Workload) prepare(s *Server) error {
	if w.Before == nil {
		return nil
	}
	conn, err := Dial(s.Port)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := w.Before(conn); err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// Workload lays the requests of c out for the given number of keys, in random but always the same order, after asking both
// servers and comparing their replies.
func (c Case) Workload(keys int, servers ...*Server) (*Workload, error) {
	w := &Workload{Size: len(c.Request(0)), Before: c.Before}
	for i, s := range servers {
		if err := w.prepare(s); err != nil {
			return nil, err
		}
		conn, err := Dial(s.Port)
		if err != nil {
			return nil, err
		}
		r, raw, err := conn.Raw(c.Request(0))
		conn.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if r.Kind == '-' {
			return nil, fmt.Errorf("%s: %s", s.Name, r.Text)
		}
		if i > 0 && !c.Vary && !bytes.Equal(raw, w.Reply) {
			return nil, fmt.Errorf("%w: %s %.60q, %s %.60q", ErrParity, servers[0].Name, w.Reply, s.Name, raw)
		}
		w.Reply = raw
	}
	if c.Vary {
		w.Reply = nil
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(keys) {
		w.Requests = append(w.Requests, c.Request(i)...)
	}
	return w, nil
}

// Fill writes all keys into a server.
func Fill(s *Server, keys, valueSize int) error {
	v := value(valueSize)
	return pour(s, keys, func(b []byte, i int) []byte { return AppendRequest(b, "SET", key(i), v) }, "+OK\r\n")
}

// parityRequests are asked of both servers before anything is timed. Their replies do not depend on time or history.
var parityRequests = [][]string{
	{"PING"}, {"PING", "hello"}, {"ECHO", ""}, {"NOSUCH", "a", "b"}, {"GET"}, {"GET", "bench:parity"},
	{"SET", "bench:parity", "10"}, {"GET", "bench:parity"}, {"INCR", "bench:parity"}, {"APPEND", "bench:parity", "x"},
	{"INCR", "bench:parity"}, {"STRLEN", "bench:parity"}, {"EXISTS", "bench:parity", "bench:nope"},
	{"RPUSH", "bench:plist", "a", "b", "c"}, {"LRANGE", "bench:plist", "0", "-1"}, {"GET", "bench:plist"},
	{"TYPE", "bench:plist"}, {"DEL", "bench:parity", "bench:plist"}, {"SET", "a"}, {"SET", "a", "b", "EX", "0"},
}

var parityModule = [][]string{
	{"bench.one"}, {"bench.ten"}, {"bench.list"}, {"bench.api"}, {"bench.api", "KeyType", "0"}, {"bench.api", "nosuch", "1"},
}

// Parity asks both servers the same things and returns a line for each difference.
func Parity(a, b *Server) ([]string, error) {
	requests := parityRequests
	if a.Module && b.Module {
		requests = append(append([][]string{}, requests...), parityModule...)
	}
	ca, err := Dial(a.Port)
	if err != nil {
		return nil, err
	}
	defer ca.Close()
	cb, err := Dial(b.Port)
	if err != nil {
		return nil, err
	}
	defer cb.Close()
	var diffs []string
	for _, args := range requests {
		req := Request(args...)
		_, ra, err := ca.Raw(req)
		if err != nil {
			return diffs, fmt.Errorf("%s: %s: %w", a.Name, strings.Join(args, " "), err)
		}
		_, rb, err := cb.Raw(req)
		if err != nil {
			return diffs, fmt.Errorf("%s: %s: %w", b.Name, strings.Join(args, " "), err)
		}
		if !bytes.Equal(ra, rb) {
			diffs = append(diffs, fmt.Sprintf("%s: %s %.100q, %s %.100q", strings.Join(args, " "), a.Name, ra, b.Name, rb))
		}
	}
	return diffs, nil
}

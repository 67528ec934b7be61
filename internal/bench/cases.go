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
	}
}

// Workload lays the requests of c out for the given number of keys, in random but always the same order, after asking both
// servers and comparing their replies.
func (c Case) Workload(keys int, servers ...*Server) (*Workload, error) {
	w := &Workload{Size: len(c.Request(0))}
	for i, s := range servers {
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
		if i > 0 && !bytes.Equal(raw, w.Reply) {
			return nil, fmt.Errorf("%w: %s %.60q, %s %.60q", ErrParity, servers[0].Name, w.Reply, s.Name, raw)
		}
		w.Reply = raw
	}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(keys) {
		w.Requests = append(w.Requests, c.Request(i)...)
	}
	return w, nil
}

// Fill writes all keys into a server.
func Fill(s *Server, keys, valueSize int) error {
	conn, err := Dial(s.Port)
	if err != nil {
		return err
	}
	defer conn.Close()
	v := value(valueSize)
	var batch []byte
	n := 0
	for i := range keys {
		batch = AppendRequest(batch, "SET", key(i), v)
		if n++; n == 500 || i == keys-1 {
			if err := conn.Pour(batch, n, []byte("+OK\r\n")); err != nil {
				return fmt.Errorf("%s: filling: %w", s.Name, err)
			}
			batch, n = batch[:0], 0
		}
	}
	return nil
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

//go:build linux

package bench

import (
	"fmt"
	"time"
)

// MemoryResult is what values of one kind take in one server.
type MemoryResult struct {
	// Server and Kind say what was measured, Count how many keys.
	Server, Kind string
	Count        int
	// PerKey is the resident memory of each key with its value, in bytes.
	PerKey float64
}

// MemoryKinds are what Memory measures.
var MemoryKinds = []string{"strings of 32 bytes", "hashes of ten short fields"}

// Memory fills a freshly started server with count keys of 16 bytes and measures by how much its resident memory grew.
func Memory(p *Plan, s *Server, kind string, count int) (MemoryResult, error) {
	r := MemoryResult{Server: s.Name, Kind: kind, Count: count}
	request := func(b []byte, i int) []byte { return AppendRequest(b, "SET", key(i), value(32)) }
	reply := "+OK\r\n"
	if kind == MemoryKinds[1] {
		var fields []string
		for j := range 10 {
			fields = append(fields, fmt.Sprintf("field%d", j), fmt.Sprintf("value%d", j))
		}
		request = func(b []byte, i int) []byte { return AppendRequest(b, append([]string{"HSET", key(i)}, fields...)...) }
		reply = ":10\r\n"
	}
	before, err := s.RSS()
	if err != nil {
		return r, err
	}
	if err := pour(s, count, request, reply); err != nil {
		return r, err
	}
	// Tables that are being resized, and buffers of clients that have left, take a moment to go.
	time.Sleep(2 * time.Second)
	after, err := s.RSS()
	r.PerKey = float64(after-before) / float64(count)
	p.say("%s: %.1f bytes a key of %s", s.Name, r.PerKey, kind)
	return r, err
}

// pour sends count requests in batches; each must get the reply.
func pour(s *Server, count int, request func(b []byte, i int) []byte, reply string) error {
	conn, err := Dial(s.Port)
	if err != nil {
		return err
	}
	defer conn.Close()
	const size = 500
	var batch []byte
	for from := 0; from < count; from += size {
		n := min(size, count-from)
		batch = batch[:0]
		for i := range n {
			batch = request(batch, from+i)
		}
		if err := conn.Pour(batch, n, []byte(reply)); err != nil {
			return fmt.Errorf("%s: filling: %w", s.Name, err)
		}
	}
	return nil
}

package server

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"berth/internal/mem"
	"berth/internal/resp"
)

// pour sends commands, whose arguments have no blanks, and waits until all have run.
func (l *live) pour(commands func(add func(format string, args ...any))) {
	l.t.Helper()
	conn, err := net.Dial("unix", l.path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	sent := make(chan error, 1)
	go func() {
		var b []byte
		commands(func(format string, args ...any) {
			words := bytes.Fields(fmt.Appendf(nil, format, args...))
			b = resp.AppendArray(b, len(words))
			for _, w := range words {
				b = resp.AppendBulk(b, w)
			}
		})
		_, err := conn.Write(append(b, "QUIT\r\n"...))
		sent <- err
	}()
	if _, err := io.Copy(io.Discard, conn); err != nil {
		l.t.Fatal(err)
	}
	if err := <-sent; err != nil {
		l.t.Fatal(err)
	}
}

// A snapshot takes the loop no more than two milliseconds at once, however large the
// values are. The loop's own time of a processor counts: the machine may do other
// things.
func TestSnapshotSlices(t *testing.T) {
	const most = 2 * time.Millisecond
	count := 50000
	if mem.Invariants {
		count = 2000 // checks take time, so it is not measured
	}
	l := start(t, nil)
	l.pour(func(add func(string, ...any)) {
		for i := range count {
			add("SET key%d value%d", i, i)
			add("HSET hash field%d value%d", i, i)
			add("SADD set member%d", i)
			add("ZADD zset %d.5 member%d", i, i)
			add("RPUSH list item%d", i)
			add("XADD stream 1-%d field value%d", i+1, i)
		}
		add("XGROUP CREATE stream group 0")
		add("XREADGROUP GROUP group consumer COUNT %d STREAMS stream >", count)
		add("SETRANGE string 20000000 x")
	})
	// A processor shared with others has its caches shared, too: one of three counts.
	var busiest, longest time.Duration
	for range 3 {
		busiest, longest = l.snapshotSlices()
		t.Logf("the loop worked for %v at once, and was held for %v", busiest, longest)
		if busiest <= most || mem.Invariants {
			return
		}
	}
	t.Errorf("a snapshot takes the loop %v at once", busiest)
}

// snapshotSlices takes a snapshot and tells the longest processor time that the loop
// worked for it at once, and how long it was held.
func (l *live) snapshotSlices() (busiest, longest time.Duration) {
	l.t.Helper()
	failed := make(chan error, 1)
	l.on(func(s *Server) {
		from := threadTime()
		_, err := s.StartSnapshot(SnapshotOptions{To: io.Discard, Done: func(err error) {
			last := s.persist.last
			busiest, longest = max(busiest, last.busiest), last.longest
			failed <- err
		}})
		if err != nil {
			failed <- err
		}
		busiest = time.Duration(threadTime() - from)
	})
	select {
	case err := <-failed:
		if err != nil {
			l.t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		l.t.Fatal("the snapshot does not end")
	}
	return busiest, longest
}

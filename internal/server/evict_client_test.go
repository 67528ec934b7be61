package server

import (
	"fmt"
	"strings"
	"testing"
)

// connected reports whether a client with that name is there.
func connected(s *Server, name string) (found bool) {
	s.EachClient(func(c *Client) bool {
		found = found || c.Name == name
		return !found
	})
	return found
}

// TestClientEviction has clients take too much memory in every way that counts:
// the one that does is closed, and no other.
func TestClientEviction(t *testing.T) {
	big := strings.Repeat("x", 100_000)
	for name, hog := range map[string]func(w *wire){
		"output": func(w *wire) {
			w.do("SET big " + big)
			for range 200 {
				w.send("GET big")
			}
		},
		"input":         func(w *wire) { w.write([]byte("*2\r\n$4\r\nECHO\r\n$3000000\r\n" + strings.Repeat(big, 20))) },
		"transaction":   func(w *wire) { w.send("MULTI"); sendMany(w, 30, "SET k "+big) },
		"watched":       func(w *wire) { sendNumbered(w, 3000, "WATCH") },
		"subscriptions": func(w *wire) { sendNumbered(w, 3000, "SUBSCRIBE") },
		"prefixes": func(w *wire) {
			for i := range 3000 {
				w.send(fmt.Sprintf("CLIENT TRACKING ON BCAST PREFIX p%06d", i))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := start(t, nil)
			w, quiet, spared := l.dial(), l.dial(), l.dial()
			limit := "1mb"
			if name == "watched" || name == "subscriptions" || name == "prefixes" {
				limit = "200kb"
			}
			quiet.expect("CLIENT SETNAME quiet", "OK", "CONFIG SET maxmemory-clients "+limit, "OK")
			spared.expect("CLIENT SETNAME spared", "OK", "CLIENT NO-EVICT ON", "OK")
			w.expect("CLIENT SETNAME hog", "OK")
			// The server may close while the requests are still being written.
			w.t = ignoring{t}
			hog(w)
			l.until("the hog is gone", func(s *Server) bool { return !connected(s, "hog") })
			l.on(func(s *Server) {
				if !connected(s, "quiet") || !connected(s, "spared") || s.Stats.EvictedClients != 1 {
					t.Errorf("%d clients evicted", s.Stats.EvictedClients)
				}
				if used := s.memory.clients[ClassNormal]; used > 100_000 {
					t.Errorf("%d bytes are still counted", used)
				}
			})
			quiet.expect("PING", "PONG")
		})
	}
}

// ignoring is a test that a broken connection does not end.
type ignoring struct{ testing.TB }

func (ignoring) Fatal(...any) {}

func sendMany(w *wire, n int, line string) {
	for range n {
		w.send(line)
	}
}

func sendNumbered(w *wire, n int, command string) {
	for i := range n {
		w.send(fmt.Sprint(command, " name:", i))
	}
}

// TestClientEvictionLargest closes the largest clients first, and no more than it
// takes.
func TestClientEvictionLargest(t *testing.T) {
	l := start(t, nil)
	control := l.dial()
	control.expect("CLIENT NO-EVICT ON", "OK")
	clients := make([]*wire, 6)
	for i := 1; i <= 5; i++ {
		clients[i] = l.dial()
		clients[i].expect(fmt.Sprint("CLIENT SETNAME c", i), "OK")
	}
	due := int64(0)
	l.on(func(s *Server) { due = s.Stats.NetIn })
	for i := 1; i <= 5; i++ {
		size := i * 200_000
		part := fmt.Appendf(nil, "*2\r\n$4\r\nECHO\r\n$%d\r\n%s", 2*size, strings.Repeat("x", size))
		due += int64(len(part))
		clients[i].write(part)
	}
	l.until("all has come and is counted", func(s *Server) bool {
		s.EachClient(func(c *Client) bool { c.countMemory(); return true })
		return s.Stats.NetIn == due
	})
	// How large a buffer became depends on how much each read brought.
	total, largest := uint64(0), ""
	l.on(func(s *Server) {
		total = s.memory.clients[ClassNormal]
		most := 0
		s.EachClient(func(c *Client) bool {
			if c.counted > most && c.Flags&FlagNoEvict == 0 {
				most, largest = c.counted, c.Name
			}
			return true
		})
	})
	control.expect(fmt.Sprint("CONFIG SET maxmemory-clients ", total-1000), "OK")
	l.until("the largest is gone", func(s *Server) bool { return !connected(s, largest) })
	l.on(func(s *Server) {
		for i := 1; i <= 5; i++ {
			if name := fmt.Sprint("c", i); name != largest && !connected(s, name) {
				t.Errorf("%s is gone, too", name)
			}
		}
	})
}

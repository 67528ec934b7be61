package server

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// fill writes keys until far more than room bytes were written, every second
// with a time of expiry, and gives the number of writes and of refusals.
func fill(t *testing.T, w *wire, room int) (written, refused int) {
	t.Helper()
	const size, batch = 1000, 50
	value := strings.Repeat("v", size)
	for written+refused < 3*room/size {
		lines := make([]string, batch)
		for i := range lines {
			n := written + refused + i
			lines[i] = "SET key:" + strconv.Itoa(n) + " " + value
			if n%2 == 0 {
				lines[i] += " EX " + strconv.Itoa(1000+n)
			}
		}
		w.send(lines...)
		for range lines {
			switch got := w.next(); {
			case got == "OK":
				written++
			case strings.HasPrefix(got, "-OOM"):
				refused++
			default:
				t.Fatal(got)
			}
		}
	}
	return written, refused
}

// TestEviction fills memory under each policy: what is in use stays under the
// limit, and without eviction nothing is lost.
func TestEviction(t *testing.T) {
	const room = 2 << 20
	// What one batch of commands may take before the next look at the memory:
	// values, buffers of the connection, and a growing hash table.
	const slack = 512 << 10
	for _, policy := range policyNames {
		for _, lazy := range []string{"no", "yes"} {
			t.Run(policy.Name+"/"+lazy, func(t *testing.T) {
				t.Parallel()
				l := start(t, nil)
				w := l.dial()
				limit := uint64(0)
				l.on(func(s *Server) { limit = s.UsedMemory() + room })
				w.expect("CONFIG SET maxmemory-policy "+policy.Name+" lazyfree-lazy-eviction "+lazy+" maxmemory "+strconv.FormatUint(limit, 10), "OK")
				written, refused := fill(t, w, room)
				l.until("eviction is over", func(s *Server) bool { return !s.evict.running && s.UsedMemory() <= limit+slack })
				l.on(func(s *Server) {
					keys, evicted := s.DBAt(0).Len(), int(s.Stats.Evicted)
					if keys+evicted != written {
						t.Errorf("%d keys and %d evicted, of %d written", keys, evicted, written)
					}
					if none := policy.Value == policyNoEviction; none != (evicted == 0) || none && refused == 0 || keys == 0 {
						t.Errorf("%d keys, %d evicted, %d refused", keys, evicted, refused)
					}
					if !evictsAll(policy.Value) && policy.Value != policyNoEviction && s.DBAt(0).Len()-s.DBAt(0).Expiring() != (written+1)/2 &&
						refused == 0 {
						t.Error("keys without a time of expiry went")
					}
				})
				// Without damage: every key that is left can be read, and goes.
				found := 0
				for i := 0; i < written+refused; i += 100 {
					for n := i; n < i+100; n++ {
						w.send("GET key:"+strconv.Itoa(n), "DEL key:"+strconv.Itoa(n))
					}
					for range 100 {
						value, deleted := w.next(), w.next()
						if (value == "nil") != (deleted == "0") {
							t.Fatal(value, deleted)
						}
						if deleted == "1" {
							found++
						}
					}
				}
				if found == 0 {
					t.Error("no key is left")
				}
				w.expect("DBSIZE", "0", "SET a b", "OK")
			})
		}
	}
}

// TestEvictionOrder checks that what the policies go by decides: idle keys,
// rarely used ones, those that end first.
func TestEvictionOrder(t *testing.T) {
	for _, tc := range []struct{ policy, prepare, kept string }{
		{"allkeys-lru", "", "hot"},
		{"allkeys-lfu", "", "hot"},
		{"volatile-ttl", "", "late"},
	} {
		t.Run(tc.policy, func(t *testing.T) {
			l := start(t, nil)
			w := l.dial()
			w.expect("CONFIG SET maxmemory-samples 10 maxmemory-policy "+tc.policy, "OK")
			const count = 400
			value := strings.Repeat("v", 4000)
			for i := range count {
				hot := i%4 == 0
				ttl := 1000
				if hot {
					ttl = 100_000
				}
				w.expect(fmt.Sprintf("SET k:%d %s EX %d", i, value, ttl), "OK")
				l.on(func(s *Server) {
					e := s.LookupKey(0, fmt.Appendf(nil, "k:%d", i))
					switch {
					case tc.policy == "allkeys-lfu" && hot:
						s.DBAt(0).Find(e.Key()).SetFreq(s.Mstime(), 200)
					case tc.policy == "allkeys-lru" && !hot:
						e.SetIdle(s.Mstime(), 3_600_000)
					}
				})
			}
			l.on(func(s *Server) { s.Config.Values.MaxMemory = s.UsedMemory() - count/2*4000 })
			l.until("half of the keys are gone", func(s *Server) bool {
				s.tick()
				return s.makeRoom() == evictOK
			})
			hot, cold := 0, 0
			l.on(func(s *Server) {
				for i := range count {
					switch {
					case !s.keyExists(0, fmt.Appendf(nil, "k:%d", i)):
					case i%4 == 0:
						hot++
					default:
						cold++
					}
				}
			})
			if hot < count/4*9/10 {
				t.Errorf("%d of %d keys that should stay did, and %d others", hot, count/4, cold)
			}
		})
	}
}

// TestEvictionTold checks that telling clients of evicted keys evicts no further
// ones.
func TestEvictionTold(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	const keys, size = 300, 1000
	var trackers []*wire
	for range 10 {
		c := l.dial()
		c.send("HELLO 3")
		c.next()
		c.expect("CLIENT TRACKING ON", "OK")
		trackers = append(trackers, c)
	}
	name := strings.Repeat("x", size)
	for i := range keys {
		w.expect(fmt.Sprintf("SET %d%s v", i, name), "OK")
		for _, c := range trackers {
			c.expect(fmt.Sprintf("GET %d%s", i, name), "v")
		}
	}
	limit := uint64(0)
	l.on(func(s *Server) { limit = s.UsedMemory() - 40*size })
	w.expect(fmt.Sprint("CONFIG SET maxmemory-policy allkeys-lru maxmemory-eviction-tenacity 100 maxmemory ", limit), "OK")
	for range 5 {
		w.expect("PING", "PONG")
	}
	l.on(func(s *Server) {
		if left := s.DBAt(0).Len(); left < keys*2/3 || left > keys-10 {
			t.Errorf("%d of %d keys are left", left, keys)
		}
	})
	if got := trackers[0].next(); !strings.Contains(got, "invalidate") {
		t.Error(got)
	}
}

// A large value that is evicted while a snapshot has yet to write it stays in memory
// for that: no others have to go for it.
func TestEvictionUnderSnapshot(t *testing.T) {
	l := startSaved(t, t.TempDir(), "maxmemory-policy allkeys-lru\nrdb-key-save-delay 50000")
	w := l.dial()
	w.expect("debug populate 60 key 200000", "OK", "bgsave", "Background saving started")
	limit := uint64(0)
	l.on(func(s *Server) { limit = s.UsedMemory() - 500_000 })
	w.expect("config set maxmemory "+strconv.FormatUint(limit, 10), "OK")
	for range 10 {
		w.do("set a b")
	}
	l.on(func(s *Server) {
		if n := s.Stats.Evicted; n < 3 || n > 6 {
			t.Errorf("%d keys were evicted to make room for two and a half", n)
		}
		if s.persist.running == nil {
			t.Error("the snapshot was over before")
		} else {
			s.persist.running.Abort()
		}
	})
}

// Nor have they to go when the snapshot has written it, and it is freed step by step.
func TestEvictionAfterSnapshot(t *testing.T) {
	l := startSaved(t, t.TempDir(), "rdb-key-save-delay 10000")
	w := l.dial()
	w.expect("config set maxmemory-policy volatile-ttl maxmemory-samples 64", "OK",
		"debug populate 30 key 200000", "OK")
	for i := range 30 {
		w.expect(fmt.Sprintf("expire key:%d 100000", i), "1")
	}
	var b strings.Builder
	for i := range 40 {
		b.Reset()
		b.WriteString("sadd big")
		for j := range 1000 {
			fmt.Fprintf(&b, " member-with-a-long-name-%d-%d", i, j)
		}
		w.expect(b.String(), "1000")
	}
	w.expect("expire big 1000", "1", "bgsave", "Background saving started")
	limit := uint64(0)
	l.on(func(s *Server) { limit = s.UsedMemory() - 500_000 })
	w.expect("config set maxmemory "+strconv.FormatUint(limit, 10), "OK", "set a b", "OK", "exists big", "0")
	for over := false; !over; {
		w.expect("set a b", "OK")
		l.on(func(s *Server) { over = s.persist.running == nil && s.lazyPending() == 0 })
	}
	l.on(func(s *Server) {
		if s.Stats.Evicted != 1 {
			t.Errorf("%d keys were evicted", s.Stats.Evicted)
		}
	})
}

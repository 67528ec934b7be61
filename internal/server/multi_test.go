package server

import (
	"testing"
	"time"
)

// TestMultiWords holds replies of redis-server 7.2.6.
func TestMultiWords(t *testing.T) {
	w := start(t, nil).dial()
	w.expect(
		"exec", "-ERR EXEC without MULTI",
		"discard", "-ERR DISCARD without MULTI",
		"multi", "OK",
		"multi", "-ERR MULTI calls can not be nested",
		"set a 1", "QUEUED",
		"exec", "[OK]",
		"multi", "OK", "set a 1", "QUEUED", "incr a", "QUEUED", "lpush a x", "QUEUED", "get a", "QUEUED",
		"exec", "[OK 2 -WRONGTYPE Operation against a key holding the wrong kind of value 2]",
		"multi", "OK", "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ",
		"get a", "QUEUED",
		"exec", "-EXECABORT Transaction discarded because of previous errors.",
		"multi", "OK", "get", "-ERR wrong number of arguments for 'get' command",
		"discard", "OK",
		"multi", "OK", "exec x", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
		"exec", "-ERR EXEC without MULTI",
		"multi", "OK", "watch a", "-ERR WATCH inside MULTI is not allowed",
		"exec", "[]",
		"multi", "OK", "exec", "[]",
		"multi", "OK", "select 3", "QUEUED", "get a", "QUEUED", "exec", "[OK nil]",
		"select 0", "OK",
		"multi", "OK", "reset", "RESET", "exec", "-ERR EXEC without MULTI",
		"multi", "OK", "quit", "OK",
	)
	w.closed()
}

func TestMultiCountsInClientList(t *testing.T) {
	w := start(t, nil).dial()
	w.expect("multi", "OK", "ping", "QUEUED", "client info", "QUEUED")
	w.send("exec")
	line := w.next()
	if field(line, "multi") != "2" || field(line, "flags") != "xU" {
		t.Error(line)
	}
}

func TestWatch(t *testing.T) {
	l := start(t, nil)
	for _, tc := range []struct {
		name string
		// before runs in the watching client, then the other one runs other.
		before, other []string
		want          string
	}{
		{"untouched", []string{"set k 1", "watch k"}, nil, "[PONG]"},
		{"set", []string{"set k 1", "watch k"}, []string{"set k 2"}, "nil"},
		{"other key", []string{"set k 1", "watch k"}, []string{"set x 2"}, "[PONG]"},
		{"created", []string{"del k", "watch k"}, []string{"set k 2"}, "nil"},
		{"deleted", []string{"set k 1", "watch k"}, []string{"del k"}, "nil"},
		{"expire set", []string{"set k 1", "watch k"}, []string{"expire k 100"}, "nil"},
		{"unwatched", []string{"set k 1", "watch k", "unwatch"}, []string{"set k 2"}, "[PONG]"},
		{"flushed", []string{"set k 1", "watch k"}, []string{"flushdb"}, "nil"},
		{"flushed all", []string{"set k 1", "watch k"}, []string{"flushall"}, "nil"},
		{"flushed without it", []string{"del k", "watch k"}, []string{"flushall"}, "[PONG]"},
		{"swapped", []string{"set k 1", "watch k"}, []string{"swapdb 0 1", "swapdb 0 1"}, "nil"},
		{"swapped elsewhere", []string{"set k 1", "watch k"}, []string{"swapdb 2 3"}, "[PONG]"},
		{"other database", []string{"set k 1", "watch k"}, []string{"select 1", "set k 2", "select 0"}, "[PONG]"},
		{"renamed away", []string{"set k 1", "watch k"}, []string{"rename k l"}, "nil"},
		{"list", []string{"del k", "watch k"}, []string{"rpush k a"}, "nil"},
	} {
		a, b := l.dial(), l.dial()
		for _, cmd := range tc.before {
			a.do(cmd)
		}
		for _, cmd := range tc.other {
			b.do(cmd)
		}
		a.expect("multi", "OK", "ping", "QUEUED")
		if got := a.do("exec"); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
		// The watch is over with EXEC.
		b.do("set k 3")
		a.expect("multi", "OK", "ping", "QUEUED", "exec", "[PONG]")
		b.do("flushall")
	}
	l.on(func(s *Server) {
		if n := len(s.watch.keys); n != 0 {
			t.Errorf("%d keys still watched", n)
		}
	})
}

func TestWatchExpired(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.expect("set k 1 px 30", "OK", "watch k", "OK")
	time.Sleep(60 * time.Millisecond)
	w.expect("multi", "OK", "ping", "QUEUED", "exec", "nil")
	// It was gone when the watch began: its removal is no change.
	w.expect("debug set-active-expire 0", w.do("debug set-active-expire 0"))
	w.expect("set k 1 px 1", "OK")
	time.Sleep(10 * time.Millisecond)
	w.expect("watch k", "OK", "get k", "nil", "multi", "OK", "ping", "QUEUED", "exec", "[PONG]")
}

func TestWatcherGone(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.expect("watch a b", "OK", "subscribe c", "[subscribe c 1]")
	_ = w.conn.Close()
	l.until("nothing is left of it", func(s *Server) bool {
		return s.ClientCount() == 0 && len(s.watch.keys) == 0 && len(s.pubsub.channels) == 0
	})
}

package server

import (
	"strings"
	"testing"
)

// TestMonitorRedacted checks that secrets reach neither monitors nor the slow
// log, also from inside a transaction, and that marks do not outlive a command.
func TestMonitorRedacted(t *testing.T) {
	l := start(t, nil)
	m, w := l.dial(), l.dial()
	m.expect("MONITOR", "OK")
	w.expect("CONFIG SET slowlog-log-slower-than 0", "OK")
	w.send("MULTI", "AUTH secret1", "SET k secretless", "EXEC", "AUTH default secret2", "GET k", "CONFIG SET requirepass secret3", "PING")
	for range 8 {
		w.next()
	}
	var seen []string
	for len(seen) == 0 || !strings.HasSuffix(seen[len(seen)-1], `"PING"`) {
		seen = append(seen, m.next())
	}
	w.send("SLOWLOG GET -1")
	for _, text := range []string{strings.Join(seen, "\n"), w.next()} {
		if strings.Contains(text, "secret1") || strings.Contains(text, "secret2") || strings.Contains(text, "secret3") {
			t.Errorf("a secret is shown: %s", text)
		}
		if !strings.Contains(text, "secretless") || strings.Count(text, "(redacted)") < 3 {
			t.Errorf("too much is hidden: %s", text)
		}
	}
	if got := strings.Join(seen, "\n"); strings.Contains(got, "CONFIG") || !strings.Contains(got, `"GET" "k"`) {
		t.Error(got)
	}
}

// TestMonitorGone checks that monitors that leave are forgotten, in each way.
func TestMonitorGone(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	for _, leave := range []string{"RESET", "QUIT"} {
		m := l.dial()
		m.expect("MONITOR", "OK", "SET k v", "-ERR Replica can't interact with the keyspace")
		m.send(leave)
		m.next()
		l.until("it is forgotten", func(s *Server) bool { return len(s.monitors) == 0 })
		w.expect("PING", "PONG")
	}
	m := l.dial()
	m.expect("MONITOR", "OK")
	_ = m.conn.Close() // what the test is about
	l.until("it is forgotten", func(s *Server) bool { return len(s.monitors) == 0 })
	w.expect("PING", "PONG")
}

// TestMonitorSlow has a monitor that does not read: it is closed for its output
// limit and the others go on.
func TestMonitorSlow(t *testing.T) {
	l := start(t, func(s *Settings) { s.OutputLimits[ClassNormal].Hard = 256 << 10 })
	m, w := l.dial(), l.dial()
	m.expect("MONITOR", "OK")
	big := strings.Repeat("x", 10_000)
	for i := 0; i < 500; i++ {
		w.expect("SET k "+big, "OK")
	}
	l.until("it is closed", func(s *Server) bool { return len(s.monitors) == 0 })
	w.expect("PING", "PONG")
}

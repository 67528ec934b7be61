package moduletest

import (
	"strings"
	"testing"
)

// While a command takes long and yields, clients are told that the server is busy,
// with the command's words or the server's own, but for what may run then; and what
// the command's own client sends waits. The text is Redis's.
func TestYields(t *testing.T) {
	so := module(t, "testdata/modules/yields.c")
	for _, start := range []func(*testing.T) *server{startBerth, startRedis} {
		s := start(t)
		c, other := s.dial(), s.dial()
		c.expect(t, "OK", "MODULE", "LOAD", so)
		c.expect(t, "OK", "CONFIG", "SET", "busy-reply-threshold", "1", "hz", "100")
		for _, tc := range []struct {
			command []string
			busy    string
		}{
			{[]string{"YIELDS.WORK", "CLIENTS"}, "BUSY Redis is busy running a module command."},
			{[]string{"YIELDS.WORK", "CLIENTS", "one moment"}, "BUSY one moment"},
			{[]string{"YIELDS.CALL", "YIELDS.WORK", "CLIENTS", "called"}, "BUSY called"},
			{[]string{"YIELDS.CALL", "YIELDS.CALL", "YIELDS.WORK", "CLIENTS"}, "BUSY Redis is busy running a module command."},
			{[]string{"YIELDS.THREAD"}, "BUSY a thread works"},
		} {
			for _, args := range [][]string{tc.command, {"ECHO", "behind"}} {
				if err := c.send(args...); err != nil {
					t.Fatal(err)
				}
			}
			got := ""
			s.eventually("the server to be busy", func() bool {
				got = other.do(t, "PING")
				return got != "PONG"
			})
			if got != "(error) "+tc.busy {
				t.Errorf("%q: PING replies %s", tc.command, got)
			}
			// A transaction can be queued, and fails as a whole.
			other.expect(t, "OK", "MULTI")
			other.expect(t, "(error) "+tc.busy, "SET", "k", "v")
			other.expect(t, "(error) EXECABORT Transaction discarded because of: "+tc.busy, "EXEC")
			other.expect(t, "(integer) 1", "YIELDS.STOP")
			c.gets(t, "done")
			c.gets(t, `"behind"`)
			s.eventually("the server to be free", func() bool { return other.do(t, "PING") == "PONG" })
		}
		if got := c.do(t, "INFO", "errorstats"); !strings.Contains(got, "errorstat_BUSY:count=") {
			t.Errorf("no error counts as BUSY: %s", got)
		}
	}
}

// A command that yields without serving clients has them wait for its end.
func TestYieldsNone(t *testing.T) {
	so := module(t, "testdata/modules/yields.c")
	for _, start := range []func(*testing.T) *server{startBerth, startRedis} {
		s := start(t)
		c, other := s.dial(), s.dial()
		c.expect(t, "OK", "MODULE", "LOAD", so)
		c.expect(t, "OK", "CONFIG", "SET", "busy-reply-threshold", "1", "hz", "100")
		c.expect(t, "OK", "YIELDS.STOPLATER")
		if err := c.send("YIELDS.WORK", "NONE"); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"SET", "k", "v"}, {"NOSUCH"}, {"GET", "k"}, {"YIELDS.STOP"}} {
			if err := other.send(args...); err != nil {
				t.Fatal(err)
			}
		}
		c.gets(t, "done")
		other.gets(t, "OK")
		other.gets(t, "(error) ERR unknown command 'NOSUCH', with args beginning with: ")
		other.gets(t, `"v"`)
		other.gets(t, "(integer) 0")
	}
}

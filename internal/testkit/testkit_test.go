package testkit

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
)

func TestMain(m *testing.M) { Main(m) }

func TestShow(t *testing.T) {
	for _, tc := range []struct{ raw, want string }{
		{"+OK\r\n", "OK"},
		{"-ERR no\r\n", "(error) ERR no"},
		{":-5\r\n", "(integer) -5"},
		{"$3\r\na\"\n\r\n", `"a\"\n"`},
		{"$2\r\n\x00\xff\r\n", `"\x00\xff"`},
		{"$-1\r\n", "(nil)"},
		{"*-1\r\n", "(nil array)"},
		{"_\r\n", "(nil)"},
		{"#t\r\n", "(true)"},
		{",1.5\r\n", "(double) 1.5"},
		{"(12345678901234567890\r\n", "(big number) 12345678901234567890"},
		{"=6\r\ntxt:hi\r\n", `(txt) "hi"`},
		{"*0\r\n", "(empty array)"},
		{"~0\r\n", "(empty set)"},
		{"%0\r\n", "(empty hash)"},
		{"*2\r\n*2\r\n:1\r\n:2\r\n+a\r\n", "1) 1) (integer) 1\n   2) (integer) 2\n2) a"},
		{"~1\r\n+a\r\n", "1~ a"},
		{"%1\r\n+k\r\n*2\r\n:1\r\n:2\r\n", "1# k => 1) (integer) 1\n        2) (integer) 2"},
		{">2\r\n+m\r\n:1\r\n", "(push) 1) m\n       2) (integer) 1"},
		{"|1\r\n+k\r\n:1\r\n+OK\r\n", "(attribute) 1# k => (integer) 1\nOK"},
		{"*10\r\n" + strings.Repeat(":1\r\n", 10), " 1) (integer) 1\n 2) (integer) 1\n 3) (integer) 1\n 4) (integer) 1\n" +
			" 5) (integer) 1\n 6) (integer) 1\n 7) (integer) 1\n 8) (integer) 1\n 9) (integer) 1\n10) (integer) 1"},
	} {
		r, n, err := resp.ParseReply([]byte(tc.raw))
		if err != nil || n != len(tc.raw) {
			t.Errorf("%q: %d, %v", tc.raw, n, err)
			continue
		}
		if got := Show(&r); got != tc.want {
			t.Errorf("%q: got\n%s\nwant\n%s", tc.raw, got, tc.want)
		}
	}
}

// Both servers start on both kinds of sockets, take a module, answer, and stop.
func TestServers(t *testing.T) {
	for _, tc := range []struct {
		name  string
		start func(testing.TB, Options) *Server
	}{{"berth", StartBerth}, {"redis-server", StartRedis}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			so := BuildModule(t, "modules/helloworld.c")
			s := tc.start(t, Options{TCP: true, Modules: []string{so}, Args: []string{"--maxclients", "77"}})
			c := s.DialTCP()
			c.Expect("PING", "PONG", `SET "a b" "x\x00"`, "OK", `GET "a b"`, `"x\x00"`, "NOSUCH", "(error) ERR unknown command 'NOSUCH', with args beginning with: ")
			c.Expect("CONFIG GET maxclients", "1) \"maxclients\"\n2) \"77\"")
			if got := c.Line("MODULE LIST"); !strings.Contains(got, `"helloworld"`) {
				t.Error(got)
			}
			if _, err := c.Next(10 * time.Millisecond); !errors.Is(err, ErrQuiet) {
				t.Error("something came: ", err)
			}
			d := s.Dial()
			d.Expect("QUIT", "OK")
			if _, err := d.Next(patience); !errors.Is(err, io.EOF) {
				t.Error("not closed: ", err)
			}
			c.Send("SHUTDOWN", "NOSAVE")
			if code := s.WaitExit(); code != 0 {
				t.Errorf("ended with %d:\n%s", code, s.Log())
			}
		})
	}
}

// A server that does not start is told with its reason.
func TestNoStart(t *testing.T) {
	path, err := exec.LookPath("false")
	if err != nil {
		t.Skip("SKIPPED: no command false")
	}
	if _, err := launch(t, "false", []string{path}, Options{}); err == nil || !strings.Contains(err.Error(), "ended at once") {
		t.Error(err)
	}
}

package moduletest

import (
	"strings"
	"testing"
)

// A script that a module runs is slow, and killed, like any other: below the module's
// command, or on its thread.
func TestScripts(t *testing.T) {
	const busy = "(error) BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	scripts, yields := module(t, "testdata/modules/scripts.c"), module(t, "testdata/modules/yields.c")
	s := startBerth(t)
	c, other := s.dial(), s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", scripts)
	c.expect(t, "OK", "MODULE", "LOAD", yields)
	c.expect(t, "OK", "CONFIG", "SET", "busy-reply-threshold", "1", "hz", "100")
	for _, command := range [][]string{
		{"SCRIPTS.CALL", "-", "EVAL", "while true do end", "0"},
		{"SCRIPTS.CALL", "-", "EVAL", "while true do redis.pcall('scripts.inside') end", "0"},
		{"SCRIPTS.THREAD", "while true do end"},
		{"MULTI"},
	} {
		send := [][]string{command, {"ECHO", "behind"}}
		if command[0] == "MULTI" {
			c.expect(t, "OK", "MULTI")
			c.expect(t, "QUEUED", "SCRIPTS.CALL", "-", "EVAL", "while true do end", "0")
			send = [][]string{{"EXEC"}, {"ECHO", "behind"}}
		}
		for _, args := range send {
			if err := c.send(args...); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		s.eventually("the server to be busy", func() bool {
			got = other.do(t, "PING")
			return got != "PONG"
		})
		if got != busy {
			t.Errorf("%q: PING replies %s", command, got)
		}
		other.expect(t, "OK", "SCRIPT", "KILL")
		r, err := c.receive()
		if err != nil || !strings.Contains(notation(&r), "ERR Script killed by user with SCRIPT KILL... script: ") {
			t.Errorf("%q replies %s, %v", command, notation(&r), err)
		}
		c.gets(t, `"behind"`)
		s.eventually("the server to be free", func() bool { return other.do(t, "PING") == "PONG" })
	}
	c.expect(t, "(integer) 7", "SCRIPTS.THREAD", "return 7")
	// A module's command that yields inside of a script tells its own words.
	if err := c.send("EVAL", "redis.call('yields.work', 'CLIENTS', 'one moment') return 8", "0"); err != nil {
		t.Fatal(err)
	}
	s.eventually("the server to be busy", func() bool { return other.do(t, "PING") == "(error) BUSY one moment" })
	other.expect(t, "(integer) 1", "YIELDS.STOP")
	c.gets(t, "(integer) 8")
}

package moduletest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A callback that holds the loop is logged with its module, its kind and the
// command it was made for, and MODULE INFO has it too.
func TestSlowCallbacks(t *testing.T) {
	so := module(t, "testdata/modules/slow.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	c.expect(t, "1) \"module-slow-callback-ms\"\n2) \"100\"", "CONFIG", "GET", "module-slow-callback-ms")
	const quick = 20
	for range quick {
		c.expect(t, "done", "SLOW.HOLD", "command", "0")
	}
	if n := strings.Count(s.output(), "command slow.hold"); n == quick {
		t.Error("the limit that holds from the start is none")
	}
	c.expect(t, "OK", "CONFIG", "SET", "module-slow-callback-ms", "90")
	for _, tc := range []struct{ way, kind, command, log string }{
		{"command", "command", "slow.hold", "command slow.hold"},
		{"timer", "timer", "", "timer"},
		{"event", "key event", "set", `key event \(command set\)`},
		{"reply", "reply", "slow.hold", `reply \(command slow.hold\)`},
		{"thread", "thread", "", "thread"},
	} {
		c.expect(t, "OK", "CONFIG", "RESETSTAT")
		c.expect(t, "done", "SLOW.HOLD", tc.way, "120")
		s.logged(`Module slow held the loop for \d+\.\d{3} ms: ` + tc.log + "\n")
		info := c.info(t, "modules", "module_calls_slow")
		end := fmt.Sprintf(",longest_kind=%s,longest_command=%s", strings.ReplaceAll(tc.kind, " ", "-"), tc.command)
		if !strings.HasSuffix(info, end) || strings.Contains(info, "slow=0") {
			t.Errorf("%s: %s, want it to end in %s", tc.way, info, end)
		}
		calls := moduleInfo(t, c, "slow")["callbacks"]
		if !strings.Contains(calls, tc.kind) {
			t.Errorf("%s: the callbacks are %s", tc.way, calls)
		}
	}
	// A value is saved in one call, for whose time the key is to blame.
	c.expect(t, "done", "SLOW.SAVED", "large \"one\"", "120")
	c.expect(t, "Background saving started", "BGSAVE")
	s.logged(`Module slow held the loop for \d+\.\d{3} ms: data type \(key "large \\"one\\""\)` + "\n")
	c.expect(t, "(integer) 1", "DEL", "large \"one\"")
	s.logged("Background saving terminated with success")
	// Without a limit nothing is slow.
	from := len(s.output())
	c.expect(t, "OK", "CONFIG", "RESETSTAT")
	c.expect(t, "OK", "CONFIG", "SET", "module-slow-callback-ms", "0")
	c.expect(t, "done", "SLOW.HOLD", "command", "40")
	if got := moduleInfo(t, c, "slow"); got["slow"] != "(integer) 0" || got["longest_kind"] != `"command"` {
		t.Errorf("without a limit: %v", got)
	}
	if lines := s.loggedSince(from); len(lines) != 0 {
		t.Errorf("without a limit this was logged: %q", lines)
	}
}

// MODULE INFO tells all of one module; of one that is not there, nothing.
func TestModuleInfo(t *testing.T) {
	so := module(t, "testdata/modules/slow.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so, "one", "two")
	c.expect(t, "done", "SLOW.HOLD", "command", "0")
	got := moduleInfo(t, c, "slow")
	for name, want := range map[string]string{
		"name": `"slow"`, "ver": "(integer) 1", "path": `"` + so + `"`, "state": `"running"`, "commands": "(integer) 3",
		"timers": "(integer) 0", "threads_waiting": "(integer) 0", "args": "1) \"one\"\n2) \"two\"",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
	if line := regexp.MustCompile(`held the loop for \d?\d\..*`).FindString(s.output()); line != "" {
		t.Errorf("this is not slow: %s", line)
	}
	c.expect(t, "(error) ERR no such module with that name", "MODULE", "INFO", "nobody")
	c.expect(t, "(error) ERR wrong number of arguments for 'module|info' command", "MODULE", "INFO")
}

// What a module allocates is counted for it, by whatever thread it is freed.
func TestModuleMemory(t *testing.T) {
	so := module(t, "testdata/modules/slow.c")
	other := module(t, "testdata/modules/threads.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	c.expect(t, "OK", "MODULE", "LOAD", other)
	memory := func(name string) int {
		var n int
		if _, err := fmt.Sscanf(moduleInfo(t, c, name)["memory"], "(integer) %d", &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before, beside := memory("slow"), memory("threads")
	const n = 100_000
	for range 3 {
		c.expect(t, "done", "SLOW.MEMORY", strconv.Itoa(n))
		// Allocators round up, jemalloc by a quarter at most.
		if more := memory("slow") - before; more < 5*n || more > 5*n+5*n/4 {
			t.Errorf("%d bytes were taken, %d counted", 5*n, more)
		}
		c.expect(t, "done", "SLOW.MEMORY")
		if after := memory("slow"); after != before {
			t.Errorf("%d bytes before, %d after all was freed", before, after)
		}
	}
	if after := memory("threads"); after != beside {
		t.Errorf("the other module had %d bytes and has %d", beside, after)
	}
}

// moduleInfo is MODULE INFO by field, in redis-cli's notation.
func moduleInfo(t *testing.T, c *client, name string) map[string]string {
	t.Helper()
	if err := c.send("MODULE", "INFO", name); err != nil {
		t.Fatal(err)
	}
	r, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for i := 0; i+1 < r.Len; i += 2 {
		key, value := r.Elem(i), r.Elem(i+1)
		fields[string(key.Str)] = notation(value)
	}
	return fields
}

package moduletest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// loadError is what a client is told of every failed load, as in Redis.
const loadError = "(error) ERR Error loading the extension. Please check the server logs."

// A file that is no module is refused, the log says which and why, and the
// server goes on as if nothing had been.
func TestBadFiles(t *testing.T) {
	good, err := os.ReadFile(module(t, "modules/helloworld.c"))
	if err != nil {
		t.Fatal(err)
	}
	berth, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(berth)
	if err != nil {
		t.Fatal(err)
	}
	other := append([]byte(nil), good...)
	if other[18] == 62 { // e_machine: x86-64, or else it becomes that
		other[18] = 183
	} else {
		other[18] = 62
	}
	source := filepath.Join(t.TempDir(), "noentry.c")
	if err := os.WriteFile(source, []byte("int nothing(void) { return 1; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	noEntry, err := os.ReadFile(module(t, source))
	if err != nil {
		t.Fatal(err)
	}
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "PONG", "PING")
	before := s.settled()
	for _, tc := range []struct {
		name   string
		data   []byte
		mode   os.FileMode
		reason string
	}{
		{"empty", []byte{}, 0o755, "empty"},
		{"text", []byte("no module at all\n"), 0o755, ""},
		{"header", good[:40], 0o755, ""},
		{"half", good[:len(good)/2], 0o755, ""},
		{"short", good[:len(good)*9/10], 0o755, ""},
		{"program", program, 0o755, "program"},
		{"noentry", noEntry, 0o755, "RedisModule_OnLoad"},
		{"other", other, 0o755, "is built for"},
		{"forbidden", good, 0o644, "execute permissions"},
		{"folder", nil, 0o755, "directory"},
		{"missing", nil, 0, "no such file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(s.dir, tc.name+".so")
			if tc.data != nil {
				if err := os.WriteFile(path, tc.data, tc.mode); err != nil {
					t.Fatal(err)
				}
			} else if tc.mode != 0 {
				if err := os.Mkdir(path, tc.mode); err != nil {
					t.Fatal(err)
				}
			}
			c.expect(t, loadError, "MODULE", "LOAD", path)
			s.logged("Module " + regexp.QuoteMeta(path) + " failed to load: .*" + tc.reason)
			c.expect(t, "PONG", "PING")
			c.expect(t, "(empty array)", "MODULE", "LIST")
			s.expectDescriptors(before)
		})
	}
}

// An OnLoad that refuses leaves nothing behind, however far it came.
func TestOnLoadFails(t *testing.T) {
	so := module(t, "testdata/modules/fails.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "PONG", "PING")
	before := s.settled()
	gone := func(t *testing.T) {
		t.Helper()
		c.expect(t, "1) (nil)", "COMMAND", "INFO", "fails.command")
		c.expect(t, "(empty array)", "MODULE", "LIST")
		c.expect(t, "(empty array)", "CONFIG", "GET", "fails.*")
		c.expect(t, `"kept"`, "ECHO", "kept") // the filter would take it away
		if info := c.do(t, "INFO", "everything"); strings.Contains(info, "fails") {
			t.Errorf("INFO goes on about the module:\n%s", info)
		}
		from := len(s.output())
		c.expect(t, "OK", "SET", "k", "v")
		c.expect(t, "(integer) 1", "DEL", "k")
		c.expect(t, "OK", "FLUSHALL")
		c.expect(t, "OK", "SWAPDB", "0", "1")
		c.expect(t, "OK", "CONFIG", "SET", "hz", "10")
		if text := s.output()[from:]; strings.Contains(text, "<") {
			t.Errorf("the module still hears:\n%s", text)
		}
		s.expectDescriptors(before)
	}
	const steps = 14
	for n := range steps + 1 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			from := len(s.output())
			c.expect(t, loadError, "MODULE", "LOAD", so, strconv.Itoa(n))
			text := s.output()[from:]
			if !strings.Contains(text, "Module "+so+" failed to load: ") || strings.Contains(text, "was refused") {
				t.Errorf("the log says:\n%s", text)
			}
			gone(t)
			if ran, want := strings.Count(text, "finalizer ran"), n > 6; (ran == 1) != want || ran > 1 {
				t.Errorf("the finalizer of the attachment ran %d times", ran)
			}
		})
	}
	// The same steps without the refusal, so that it is known that they took
	// something that could have been left.
	c.expect(t, "OK", "MODULE", "LOAD", so, "-1")
	if got := c.do(t, "COMMAND", "INFO", "fails.command"); !strings.Contains(got, `"fails.command"`) {
		t.Errorf("COMMAND INFO: %s", got)
	}
	c.expect(t, "1) \"fails.number\"\n2) \"3\"", "CONFIG", "GET", "fails.num*", "fails.n*")
	if got := c.do(t, "ECHO", "kept"); !strings.Contains(got, "wrong number of arguments") {
		t.Errorf("the filter does nothing: %s", got)
	}
	if n := s.settled(); n <= before {
		t.Errorf("%d descriptors with the module, %d without", n, before)
	}
	s.eventually("the module to be free", func() bool { return c.do(t, "MODULE", "UNLOAD", "fails") == "OK" })
	gone(t)
}

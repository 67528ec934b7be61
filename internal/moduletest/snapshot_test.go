package moduletest

import (
	"strconv"
	"strings"
	"testing"
)

// A snapshot holds what there was when it began, though a module changes values
// through keys that it opened before.
func TestWritersOfOpenKeys(t *testing.T) {
	s, c := withWriters(t)
	names := []string{"string", "list", "hash", "zset", "stream"}
	for _, args := range [][]string{
		{"SET", "string", strings.Repeat("x", 100)}, {"RPUSH", "list", "x"}, {"HSET", "hash", "x", "y"}, {"ZADD", "zset", "1", "x"}, {"XADD", "stream", "1-1", "x", "y"},
	} {
		c.do(t, args...)
	}
	c.expect(t, "(integer) 5", append([]string{"WRITERS.HOLD"}, names...)...)
	before := c.do(t, "DEBUG", "DIGEST")
	c.expect(t, "Background saving started", "BGSAVE")
	c.expect(t, "(integer) 5", "WRITERS.CHANGE", "later")
	if c.do(t, "DEBUG", "DIGEST") == before {
		t.Error("nothing was changed")
	}
	saved(t, s, c)
	c.expect(t, "OK", "DEBUG", "RELOAD", "NOSAVE")
	c.expect(t, before, "DEBUG", "DIGEST")
}

// What is asked for in the middle of a module's command is saved behind it.
func TestWritersThatSave(t *testing.T) {
	s, c := withWriters(t)
	c.expect(t, "OK", "SET", "k", "xxxx")
	c.expect(t, "Background saving scheduled", "WRITERS.SAVE", "k", "BGSAVE")
	c.expect(t, `"bbaa"`, "GET", "k")
	s.eventually("a snapshot", func() bool { return c.info(t, "persistence", "rdb_saves") == "1" })
	saved(t, s, c)
	c.expect(t, "OK", "DEBUG", "RELOAD", "NOSAVE")
	c.expect(t, `"bbaa"`, "GET", "k")
}

// withWriters starts a server with the module, in which each key takes long to save.
func withWriters(t *testing.T) (*server, *client) {
	t.Helper()
	so := module(t, "testdata/modules/writers.c")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, path, "serve", "--enable-debug-command", "yes", "--loadmodule", so)
	c := s.dial()
	c.expect(t, "OK", "DEBUG", "POPULATE", "50")
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "20000")
	return s, c
}

// saved waits until a snapshot is written.
func saved(t *testing.T, s *server, c *client) {
	t.Helper()
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "0")
	s.eventually("the end of BGSAVE", func() bool { return c.info(t, "persistence", "rdb_bgsave_in_progress") == "0" })
}

// Values that a module changes where they lie, and those that go or move, are in a
// snapshot as they were.
func TestParcelsUnderSnapshot(t *testing.T) {
	s, c, _ := withParcels(t)
	const parcels = 60
	name := func(i int) string { return "p" + strconv.Itoa(i) }
	for i := range parcels {
		c.expect(t, "OK", "PARCEL.SET", name(i), "as it was", strconv.Itoa(i))
	}
	c.expect(t, "OK", "DEBUG", "POPULATE", "50")
	before := c.do(t, "DEBUG", "DIGEST")
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "5000")
	c.expect(t, "Background saving started", "BGSAVE")
	for i := range parcels {
		switch i % 6 {
		case 0, 1:
			c.expect(t, "OK", "PARCEL.SET", name(i), "another text", "-1")
		case 2:
			c.expect(t, "OK", "RENAME", name(i), name(i+3))
		case 3:
			c.expect(t, "(integer) 1", "DEL", name(i))
		case 4:
			c.expect(t, "(integer) 1", "MOVE", name(i), "3")
		case 5:
			c.expect(t, "(integer) 1", "PEXPIRE", name(i), "1")
		}
	}
	c.expect(t, "OK", "SWAPDB", "0", "3")
	c.expect(t, "OK", "PARCEL.SET", "new", "text", "1")
	c.expect(t, "OK", "FLUSHDB", "ASYNC")
	saved(t, s, c)
	c.expect(t, "OK", "DEBUG", "RELOAD", "NOSAVE")
	c.expect(t, before, "DEBUG", "DIGEST")
}

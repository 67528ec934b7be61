package moduletest

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// A module's data without the module: kept, shown, written back, and loaded when the
// module is.
func TestUnknownData(t *testing.T) {
	s, c, load := withParcels(t)
	c.expect(t, "OK", "PARCEL.SET", "k", "some text", "5")
	c.expect(t, "OK", "PARCEL.SET", "big", noise(3000000), "6")
	c.expect(t, "OK", "SELECT", "3")
	c.expect(t, "OK", "PARCEL.SET", "far", "away", "7")
	c.do(t, "PARCEL.AUX", "early", "late")
	c.expect(t, "OK", "SET", "plain", "value")
	before := c.do(t, "DEBUG", "DIGEST")
	c.expect(t, "OK", "SAVE")

	without := []string{"--enable-debug-command", "yes"}
	s = s.restart(without...)
	c = s.dial()
	const wrong = "(error) WRONGTYPE Operation against a key holding the wrong kind of value: " +
		"it belongs to the type 'parcel-mt' of a module that is not loaded"
	c.expect(t, "parcel-mt", "TYPE", "k")
	for _, args := range [][]string{{"GET", "k"}, {"LPUSH", "k", "x"}, {"HGETALL", "k"}, {"INCR", "k"}, {"ZADD", "k", "1", "x"}, {"XADD", "k", "*", "a", "b"}} {
		c.expect(t, wrong, args...)
	}
	list := `1) 1) "name" 2) "unknown:parcel-mt" 3) "ver" 4) (integer) 3 5) "path" 6) "" 7) "args" 8) (empty array) 9) "keys" 10) (integer) 3 11) "bytes" `
	if got := strings.Join(strings.Fields(c.do(t, "MODULE", "LIST")), " "); !strings.HasPrefix(got, list) {
		t.Errorf("MODULE LIST replies\n%s", got)
	}
	if got := c.do(t, "MODULE", "INFO", "parcel-mt"); !strings.Contains(got, "unknown:parcel-mt") {
		t.Errorf("MODULE INFO replies\n%s", got)
	}
	if got := c.info(t, "modules", "module_unknown_data"); !strings.HasPrefix(got, "type=parcel-mt,encver=3,keys=3,") {
		t.Errorf("INFO modules has %s", got)
	}

	if got := c.do(t, "SCAN", "0", "TYPE", "parcel-mt"); !strings.Contains(got, `"k"`) || !strings.Contains(got, `"big"`) || strings.Contains(got, "plain") {
		t.Errorf("SCAN finds\n%s", got)
	}
	c.expect(t, `"raw"`, "OBJECT", "ENCODING", "k")
	c.expect(t, "(integer) 1", "OBJECT", "REFCOUNT", "k")
	if got := c.do(t, "MEMORY", "USAGE", "big"); len(got) < len("(integer) 1000") { // it is compressed
		t.Errorf("MEMORY USAGE replies %s", got)
	}

	// They behave as values of one piece.
	c.expect(t, "(integer) 1", "COPY", "k", "copy")
	c.expect(t, "OK", "RENAME", "copy", "renamed")
	c.expect(t, "(integer) 1", "MOVE", "renamed", "2")
	c.expect(t, "OK", "SELECT", "2")
	c.expect(t, "(integer) 1", "UNLINK", "renamed")
	c.expect(t, "OK", "SELECT", "0")
	c.expect(t, "(integer) 1", "PEXPIREAT", "big", "4102444800000")
	for _, command := range []string{"SAVE", "BGSAVE"} {
		c.do(t, command)
		s.eventually("the end of "+command, func() bool { return c.info(t, "persistence", "rdb_bgsave_in_progress") == "0" })
		digest := c.do(t, "DEBUG", "DIGEST")
		c.expect(t, "OK", "DEBUG", "RELOAD")
		c.expect(t, digest, "DEBUG", "DIGEST")
		s = s.restart(without...)
		c = s.dial()
		c.expect(t, digest, "DEBUG", "DIGEST")
	}

	// The module comes while one of its values is gone, and another is written.
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "100000")
	c.expect(t, "Background saving started", "BGSAVE")
	so := load[3]
	c.expect(t, "OK", "MODULE", "LOAD", so)
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "0")
	notes := c.do(t, "PARCEL.NOTES")
	if !strings.HasPrefix(notes, "loading:rdb before:early load:") || !strings.HasSuffix(notes, " after:late loading:ended") {
		t.Errorf("the notes of waking are %q", notes)
	}
	c.expect(t, "1) \"some text\"\n2) (integer) 5", "PARCEL.GET", "k")
	c.expect(t, "(integer) 1", "PERSIST", "big")
	c.expect(t, before, "DEBUG", "DIGEST")
	c.expect(t, "1) \"early\"\n2) \"late\"", "PARCEL.AUX")
	if got := c.info(t, "modules", "module_unknown_data"); got != "" {
		t.Errorf("INFO modules still has %s", got)
	}
	s.eventually("the end of BGSAVE", func() bool { return c.info(t, "persistence", "rdb_bgsave_in_progress") == "0" })
	c.expect(t, "OK", "DEBUG", "RELOAD", "NOSAVE")
	c.expect(t, "(integer) 1", "PERSIST", "big")
	c.expect(t, before, "DEBUG", "DIGEST")
}

// What a module does not load when it comes stays as it was, and is saved.
func TestUnknownRefused(t *testing.T) {
	s, c, load := withParcels(t)
	c.expect(t, "OK", "PARCEL.SET", "k", "text", "5")
	c.do(t, "PARCEL.AUX", "early", "late")
	c.expect(t, "OK", "SAVE")
	s = s.restart()
	c = s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", load[3], "refuses")
	s.logged(`The value of key "k" in DB 0 stays unknown`)
	s.logged("The data of the type 'parcel-mt' stay unknown")
	c.expect(t, "(nil)", "PARCEL.GET", "k")
	c.expect(t, "(error) WRONGTYPE Operation against a key holding the wrong kind of value", "PARCEL.SET", "k", "other", "6")
	c.expect(t, "OK", "SAVE")
	s = s.restart(load...)
	c = s.dial()
	c.expect(t, "1) \"text\"\n2) (integer) 5", "PARCEL.GET", "k")
	c.expect(t, "1) \"early\"\n2) \"late\"", "PARCEL.AUX")
}

// Who wants Redis's behaviour gets no server.
func TestUnknownNotWanted(t *testing.T) {
	s, c, _ := withParcels(t)
	c.expect(t, "OK", "PARCEL.SET", "k", "text", "5")
	c.expect(t, "OK", "SAVE")
	payload := c.raw(t, "DUMP", "k")
	s.stop()
	refusesToStart(t, s.dir, `in the value of key "k" of database 0: .*no matching module type 'parcel-mt'`, "--module-unknown-data", "refuse")
	// A client's bytes are no file.
	n := s.restart("--dbfilename", "none.rdb")
	n.dial().expect(t, "(error) ERR Bad data format", "RESTORE", "k", "0", payload)
}

// The append-only file keeps them as well, whichever form it has.
func TestUnknownAppended(t *testing.T) {
	for _, preamble := range []string{"yes", "no"} {
		aof := []string{"--appendonly", "yes", "--aof-use-rdb-preamble", preamble}
		s, c, load := withParcels(t)
		c.expect(t, "OK", "PARCEL.SET", "k", "text", "5")
		if preamble == "yes" {
			c.do(t, "PARCEL.AUX", "early", "late")
		}
		c.expect(t, "OK", "SAVE")
		s = s.restart("--aof-use-rdb-preamble", preamble)
		c = s.dial()
		c.expect(t, "OK", "CONFIG", "SET", "appendonly", "yes")
		for range 2 {
			s.eventually("the end of the rewrite", func() bool {
				return c.info(t, "persistence", "aof_rewrite_in_progress") == "0" && c.info(t, "persistence", "aof_rewrite_scheduled") == "0"
			})
			c.expect(t, "(integer) 1", "COPY", "k", "k2", "REPLACE")
			s = s.restart(aof...)
			c = s.dial()
			c.expect(t, "parcel-mt", "TYPE", "k2")
			c.expect(t, "Background append only file rewriting started", "BGREWRITEAOF")
		}
		s.eventually("the end of the rewrite", func() bool { return c.info(t, "persistence", "aof_rewrite_in_progress") == "0" })
		s = s.restart(append(load, aof...)...)
		c = s.dial()
		c.expect(t, "1) \"text\"\n2) (integer) 5", "PARCEL.GET", "k2")
		if preamble == "yes" {
			c.expect(t, "1) \"early\"\n2) \"late\"", "PARCEL.AUX")
		}
	}
}

// noise is a text that does not get shorter when it is compressed.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

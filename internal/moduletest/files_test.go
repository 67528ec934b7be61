package moduletest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// withParcels starts a server with the module that tests of files use.
func withParcels(t *testing.T, words ...string) (s *server, c *client, load []string) {
	t.Helper()
	so := module(t, "testdata/modules/parcel.c")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	load = append([]string{"--enable-debug-command", "yes", "--loadmodule", so}, words...)
	s = start(t, path, append([]string{"serve"}, load...)...)
	return s, s.dial(), load
}

// refusesToStart waits until a server has ended by itself and says why.
func refusesToStart(t *testing.T, dir string, why string, args ...string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := launch(t, dir, path, append([]string{"serve"}, args...)...)
	<-s.done
	if !regexp.MustCompile(why).MatchString(s.output()) {
		t.Errorf("the log has not %q:\n%s", why, tail(s.output(), 2000))
	}
}

// Values of a module's type and what it has besides go to files and come back, and
// the module learns what for, and whose value it is.
func TestTypesInFiles(t *testing.T) {
	s, c, load := withParcels(t)
	c.expect(t, "OK", "PARCEL.SET", "one", "first", "1")
	c.expect(t, "OK", "PARCEL.SET", "empty", "", "-9223372036854775808")
	c.expect(t, "OK", "SELECT", "5")
	c.expect(t, "OK", "PARCEL.SET", "two", strings.Repeat("x", 100000), "2")
	c.expect(t, "(integer) 1", "PEXPIREAT", "two", "4102444800000")
	c.expect(t, "1) \"early\"\n2) \"late\"", "PARCEL.AUX", "early", "late")
	c.do(t, "PARCEL.NOTES")
	before := c.do(t, "DEBUG", "DIGEST")

	c.expect(t, "OK", "SAVE")
	notes := c.do(t, "PARCEL.NOTES")
	for _, want := range []string{"persistence:syncrdb ", "save:0/one", "save:0/empty", "save:5/two", " persistence:ended"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes of SAVE are %q, without %q", notes, want)
		}
	}
	c.expect(t, "OK", "DEBUG", "RELOAD", "NOSAVE")
	notes = c.do(t, "PARCEL.NOTES")
	order := regexp.MustCompile(`^loading:rdb flag before:early load:0/.* load:5/two after:late loading:ended$`)
	if !order.MatchString(notes) || !strings.Contains(notes, "load:0/one") {
		t.Errorf("the notes of loading are %q", notes)
	}
	c.expect(t, before, "DEBUG", "DIGEST")

	c.expect(t, "Background saving started", "BGSAVE")
	s.eventually("the end of BGSAVE", func() bool { return c.info(t, "persistence", "rdb_bgsave_in_progress") == "0" })
	if notes = c.do(t, "PARCEL.NOTES"); !strings.HasPrefix(notes, "persistence:rdb ") || !strings.HasSuffix(notes, " persistence:ended") {
		t.Errorf("the notes of BGSAVE are %q", notes)
	}
	s = s.restart(load...)
	c = s.dial()
	c.expect(t, before, "DEBUG", "DIGEST")
	c.expect(t, "1) \"\"\n2) (integer) -9223372036854775808", "PARCEL.GET", "empty")
	c.expect(t, "OK", "SELECT", "5")
	c.expect(t, "(integer) 4102444800000", "PEXPIRETIME", "two")
	c.expect(t, "1) \"early\"\n2) \"late\"", "PARCEL.AUX")

	// With DUMP and RESTORE as well.
	c.expect(t, "(integer) 1", "PERSIST", "two")
	dump := c.raw(t, "DUMP", "two")
	c.expect(t, "OK", "RESTORE", "three", "0", dump)
	c.expect(t, c.do(t, "DEBUG", "DIGEST-VALUE", "two"), "DEBUG", "DIGEST-VALUE", "three")
}

// Where nothing is saved there is nothing in the file, so that it can be loaded
// without the module.
func TestAuxOfNothing(t *testing.T) {
	for _, tc := range []struct {
		words []string
		fails bool
	}{{nil, false}, {[]string{"always"}, true}} {
		s, c, _ := withParcels(t, tc.words...)
		c.expect(t, "OK", "SAVE")
		s.stop()
		if tc.fails {
			refusesToStart(t, s.dir, "no matching module type 'parcel-mt'", "--module-unknown-data", "refuse")
			continue
		}
		s = s.restart("--module-unknown-data", "refuse")
		s.dial().expect(t, "PONG", "PING")
	}
}

// A value that its module does not load, or not wholly, is an error that names key
// and type.
func TestTypesNotLoaded(t *testing.T) {
	for _, tc := range []struct{ saving, loading, why string }{
		{"", "refuses", `in the value of key "k" of database 0: .*the type 'parcel-mt'`},
		{"", "greedy", `a value of type parcel-mt cannot be loaded: .*tagged`},
		{"spoilt", "", `a value of type parcel-mt cannot be loaded: the module did not read all of it`},
	} {
		s, c, load := withParcels(t, strings.Fields(tc.saving)...)
		c.expect(t, "OK", "PARCEL.SET", "k", "v", "1")
		c.expect(t, "OK", "SAVE")
		s.stop()
		refusesToStart(t, s.dir, tc.why, append(load[:4:4], strings.Fields(tc.loading)...)...)
	}
	// A module that looks for errors sees them itself.
	s, c, load := withParcels(t)
	c.expect(t, "OK", "PARCEL.SET", "k", "v", "1")
	c.expect(t, "OK", "SAVE")
	if err := os.Rename(filepath.Join(s.dir, "dump.rdb"), filepath.Join(s.dir, "other.rdb")); err != nil {
		t.Fatal(err)
	}
	s = s.restart(append(load[:4:4], "aware", "greedy")...)
	c = s.dial()
	c.expect(t, "(error) Input/output error", "PARCEL.FILE", "load", "other.rdb")
	if notes := c.do(t, "PARCEL.NOTES"); !strings.Contains(notes, "ioerror") || !strings.HasSuffix(notes, "loading:failed") {
		t.Errorf("the notes are %q", notes)
	}
	c.expect(t, "PONG", "PING")
}

// Of a file that is cut nothing stays when a module loads it.
func TestPartOfFile(t *testing.T) {
	s, c, _ := withParcels(t)
	c.expect(t, "OK", "DEBUG", "POPULATE", "1000")
	c.expect(t, "OK", "PARCEL.FILE", "save", "whole.rdb")
	data, err := os.ReadFile(filepath.Join(s.dir, "whole.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "part.rdb"), data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "(error) Input/output error", "PARCEL.FILE", "load", "part.rdb")
	c.expect(t, "(integer) 0", "DBSIZE")
	c.expect(t, "OK", "PARCEL.FILE", "load", "whole.rdb")
	c.expect(t, "(integer) 1000", "DBSIZE")
}

// A module that crashes as it saves does not leave a file without its values.
func TestTypesNotSaved(t *testing.T) {
	s, c, _ := withParcels(t, "broken")
	c.expect(t, "OK", "PARCEL.SET", "k", "v", "1")
	c.expect(t, "(error) ERR", "SAVE")
	s.logged("Module parcel crashed")
	c.do(t, "BGSAVE")
	s.eventually("the end of BGSAVE", func() bool { return c.info(t, "persistence", "rdb_bgsave_in_progress") == "0" })
	if got := c.info(t, "persistence", "rdb_last_bgsave_status"); got != "err" {
		t.Errorf("the status of BGSAVE is %s", got)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "dump.rdb")); err == nil {
		t.Error("there is a file")
	}
	c.expect(t, "parcel-mt", "TYPE", "k")
}

// RdbSave and RdbLoad.
func TestModuleFiles(t *testing.T) {
	s, c, _ := withParcels(t)
	c.expect(t, "OK", "SET", "x", "1")
	c.expect(t, "OK", "PARCEL.SET", "k", "v", "7")
	c.expect(t, "OK", "PARCEL.FILE", "save", "a.rdb")
	before := c.do(t, "DEBUG", "DIGEST")
	c.expect(t, "OK", "SET", "x", "2")
	c.expect(t, "OK", "PARCEL.FILE", "load", "a.rdb")
	c.expect(t, before, "DEBUG", "DIGEST")
	// What is saved meanwhile is out of date.
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "10000000")
	c.expect(t, "Background saving started", "BGSAVE")
	c.expect(t, "OK", "PARCEL.FILE", "load", "a.rdb")
	s.logged("Background saving terminated")
	c.expect(t, "OK", "CONFIG", "SET", "rdb-key-save-delay", "0")
	c.expect(t, before, "DEBUG", "DIGEST")
	c.expect(t, "(error) No such file or directory", "PARCEL.FILE", "save", "no/such/folder.rdb")
	c.expect(t, "(integer) 2", "DBSIZE")
	c.expect(t, "(error) No such file or directory", "PARCEL.FILE", "load", "none.rdb")
	c.expect(t, "(integer) 0", "DBSIZE")
	if err := os.WriteFile(filepath.Join(s.dir, "bad.rdb"), []byte("REDIS0011\xfe\x00\x00\x01k"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.expect(t, "(error) Input/output error", "PARCEL.FILE", "load", "bad.rdb")
	s.logged(`bad.rdb: .*at offset 14, in the value of key "k"`)
}

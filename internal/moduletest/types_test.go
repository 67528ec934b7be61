package moduletest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// What belongs to data types, used wrongly: an error and one line in the log.
func TestTypesMisuse(t *testing.T) {
	so := module(t, "testdata/modules/carrier.c")
	berth, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, berth, "serve", "--enable-debug-command", "yes")
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so, "aware")
	c.expect(t, "OK", "CONFIG", "SET", "activedefrag", "yes", "active-defrag-ignore-bytes", "1", "active-defrag-threshold-lower", "0")
	for _, tc := range []struct {
		name     string
		function string // empty where nothing is wrong
		reason   string
	}{
		{"stringAsType", "ModuleTypeSetValue", "is a string, not a data type"},
		{"nullType", "ModuleTypeSetValue", "a data type is NULL"},
		{"stringAsKey", "ModuleTypeSetValue", "is a string, not a key"},
		{"otherType", "", ""},
		{"replaceString", "ModuleTypeReplaceValue", "is a string, not a data type"},
		{"saveString", "SaveDataTypeToString", "is a string, not a data type"},
		{"loadString", "LoadDataTypeFromString", "is a string, not a data type"},
		{"loadNull", "LoadDataTypeFromString", "a string is NULL"},
		{"saveBare", "SaveDataTypeToString", "has no rdb_save"},
		{"loadBare", "LoadDataTypeFromStringEncver", "has no rdb_load"},
		{"saveInLoad", "SaveUnsigned", "being loaded, not saved"},
		{"loadInSave", "LoadUnsigned", "being saved, not loaded"},
		{"negativeSize", "SaveStringBuffer", "len out of range"},
		{"wrongSize", "SaveStringBuffer", "a pointer among its arguments is bad"},
		{"oldIO", "LoadUnsigned", "freed before|not an? IO context"},
		{"oldIOString", "LoadString", "freed before|not an? IO context"},
		{"oldOpt", "GetKeyNameFromOptCtx", "freed before|not a key context"},
		{"stringAsDefrag", "DefragAlloc", "is a string, not a defrag context"},
		{"readOnly", "", ""},
		{"nullKey", "", ""},
		{"gone", "", ""},
		{"closedKey", "ModuleTypeSetValue", "freed before|not a key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from := len(s.output())
			c.expect(t, "(integer) 1", "CARRY.WRONG", tc.name)
			lines := s.loggedSince(from)
			if tc.function == "" {
				if len(lines) != 0 {
					t.Errorf("the log has %q", lines)
				}
			} else if line := regexp.MustCompile(` # <carrier> RedisModule_` + tc.function + ` was used wrongly: .*(` + tc.reason + `)`); len(lines) != 1 || !line.MatchString(lines[0]) {
				t.Errorf("the log has %q, want one line like %s", lines, line)
			}
			c.expect(t, "PONG", "PING")
		})
	}
	c.expect(t, "OK", "CARRY.PUT", "k")
	from := len(s.output())
	c.do(t, "DEBUG", "DIGEST-VALUE", "k")
	if lines := s.loggedSince(from); len(lines) != 1 || !strings.Contains(lines[0], "RedisModule_DigestAddStringBuffer was used wrongly") {
		t.Errorf("the log has %q", lines)
	}
	c.expect(t, "(integer) 1", "CARRY.WRONG", "oldDigest")
	s.eventually("a defrag cycle", func() bool {
		return c.info(t, "stats", "active_defrag_key_misses") != "0"
	})
	c.expect(t, "(integer) 1", "CARRY.WRONG", "oldDefrag")
}

// A module that does not look for errors never gets NULL, and no value is made
// of what it read.
func TestTypesUnaware(t *testing.T) {
	so := module(t, "testdata/modules/carrier.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	const (
		refused = "1) nothing"
		element = "\x02\x05"
	)
	for _, tc := range []struct {
		name, letters, payload, want string
		logged                       bool
	}{
		{"whole", "u", element, "1) (integer) 5\n2) fine\n3) loaded", false},
		{"cut", "u", "\x02", refused, true},
		{"cut string", "us", element + "\x05\x05abc", refused, true},
		{"no tag", "u", element + "\x09\x00", refused, true},
		{"too few", "usb", element, "1) (integer) 5\n2) \"\"\n3) \"\"\n4) error\n5) nothing", true},
		{"another kind", "db", element, "1) \"0\"\n2) \"\"\n3) error\n4) nothing", true},
	} {
		from := len(s.output())
		c.expect(t, tc.want, "CARRY.LOAD", tc.letters, tc.payload)
		if got := strings.Contains(s.output()[from:], "a value of type carrier-- cannot be loaded"); got != tc.logged {
			t.Errorf("%s: logged: %v", tc.name, got)
		}
	}
	c.expect(t, "PONG", "PING")
}

// Callbacks may change the key that they are about, however senseless that is.
func TestTypesReenter(t *testing.T) {
	so := module(t, "testdata/modules/carrier.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	commands := [][]string{
		{"DEL", "k"}, {"UNLINK", "k"}, {"SET", "k", "v"}, {"RENAME", "k", "k2"}, {"MOVE", "k", "1"}, {"COPY", "k", "k3"},
		{"COPY", "k", "k3", "REPLACE"}, {"RENAME", "other", "k"}, {"COPY", "other", "k", "REPLACE"}, {"CARRY.PUT", "k"},
		{"PEXPIRE", "k", "-1"}, {"FLUSHALL"}, {"FLUSHALL", "ASYNC"}, {"GETDEL", "k"}, {"MSET", "k", "v", "k3", "v"},
	}
	for _, lazy := range []string{"no", "yes"} {
		c.expect(t, "OK", "CONFIG", "SET", "lazyfree-lazy-server-del", lazy)
		for _, callback := range []string{"unlink", "copy", "free"} {
			for _, inner := range []string{"DEL", "SET", "UNLINK"} {
				for _, cmd := range commands {
					c.expect(t, "OK", "CARRY.PUT", "k", callback, inner)
					c.expect(t, "OK", "SET", "other", "v")
					if got := c.do(t, cmd...); got == "" {
						t.Errorf("%q with %s in %s: no reply", cmd, inner, callback)
					}
				}
			}
		}
	}
	c.expect(t, "OK", "FLUSHALL")
	c.expect(t, "(integer) 0", "DBSIZE")
	c.expect(t, "PONG", "PING")
	// Without an end the calls get too deep, and the callback is left out.
	c.expect(t, "OK", "CARRY.PUT", "k", "copy!", "COPY")
	c.do(t, "COPY", "k", "k2")
	s.logged("too deep")
	c.expect(t, "PONG", "PING")
}

// A module that fails to load takes its values with it, and another may have the
// names of its types.
func TestTypesOfFailedLoad(t *testing.T) {
	so := module(t, "testdata/modules/carrier.c")
	s := startBerth(t)
	c := s.dial()
	for range 3 {
		c.expect(t, loadError, "MODULE", "LOAD", so, "fail")
		c.expect(t, "(integer) 0", "EXISTS", "left")
		c.expect(t, "(integer) 0", "DBSIZE")
	}
	c.expect(t, "OK", "MODULE", "LOAD", so)
	c.expect(t, "OK", "CARRY.PUT", "left")
	c.expect(t, "carrier--", "TYPE", "left")
	c.expect(t, "(error) ERR Error unloading module: the module exports one or more module-side data types, can't unload", "MODULE", "UNLOAD", "carrier")
}

// Large values and flushed databases are freed beside the loop, and counted.
func TestTypesFreedAside(t *testing.T) {
	so := module(t, "testdata/modules/boxes.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	const n = 2000
	long := strings.Repeat("x", 1000)
	for i := range n {
		c.expect(t, "OK", "BOX.SET", "k"+strconv.Itoa(i), "5", long, "100")
	}
	used := func() int {
		v, err := strconv.Atoi(c.info(t, "memory", "used_memory"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	full := used()
	c.expect(t, "OK", "CONFIG", "RESETSTAT")
	for i := range n / 2 {
		c.expect(t, "(integer) 1", "UNLINK", "k"+strconv.Itoa(i))
	}
	freed := func(want int) {
		s.eventually("the values to be freed", func() bool {
			return c.info(t, "memory", "lazyfree_pending_objects") == "0" && c.info(t, "memory", "lazyfreed_objects") == strconv.Itoa(want)
		})
	}
	freed(n / 2)
	const cached = 200_000 // what the allocator keeps for threads counts as used
	if left := used(); left > full-n/2*len(long)+cached {
		t.Errorf("%d bytes are used, %d before the half was freed", left, full)
	}
	c.expect(t, "OK", "FLUSHALL", "ASYNC")
	freed(n)
	if left := used(); left > full-n*len(long)+cached {
		t.Errorf("%d bytes are used, %d before all was freed", left, full)
	}
}

// A module's keys are defragmented within the time allowed, and the values stay.
func TestTypesDefrag(t *testing.T) {
	so := module(t, "testdata/modules/boxes.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	const n = 3000
	for i := range n {
		c.expect(t, "OK", "BOX.SET", "k"+strconv.Itoa(i), strconv.Itoa(3+i%3), "text "+strconv.Itoa(i), strconv.Itoa(1+i%2*5000))
	}
	for i := range n {
		if i%3 != 0 {
			c.expect(t, "(integer) 1", "DEL", "k"+strconv.Itoa(i))
		}
	}
	c.expect(t, "OK", "CONFIG", "RESETSTAT")
	c.expect(t, "OK", "CONFIG", "SET", "hz", "100", "active-defrag-ignore-bytes", "1", "active-defrag-threshold-lower", "0",
		"active-defrag-cycle-min", "50", "activedefrag", "yes")
	field := func(name string) int {
		v, err := strconv.Atoi(c.info(t, "stats", name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	s.eventually("blocks to be looked at", func() bool { return field("active_defrag_misses")+field("active_defrag_hits") >= n/3 })
	c.expect(t, "OK", "CONFIG", "SET", "activedefrag", "no")
	s.eventually("the end", func() bool { return c.info(t, "memory", "active_defrag_running") == "0" })
	if field("total_active_defrag_time") < 0 || field("active_defrag_key_hits")+field("active_defrag_key_misses") < n/3 {
		t.Error("the keys are not counted")
	}
	for i := 0; i < n; i += 3 {
		want := "1) (integer) " + strconv.Itoa(3+i%3) + "\n2) \"text " + strconv.Itoa(i) + "\""
		c.expect(t, want, "BOX.GET", "k"+strconv.Itoa(i))
	}
}

// MEMORY USAGE asks the type, in the words of its version.
func TestTypesUsage(t *testing.T) {
	so := module(t, "testdata/modules/boxes.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	for _, tc := range []struct{ version, samples, least, log string }{
		{"1", "7", "1004", "(empty array)"},
		{"3", "7", "1004", "(empty array)"},
		{"4", "7", "2004", `1) "usage2 k 0 7"`},
		{"5", "0", "2004", `1) "usage2 k 0 9223372036854775807"`},
	} {
		c.expect(t, "OK", "BOX.SET", "k", tc.version, "text")
		c.do(t, "BOX.LOG")
		got := strings.TrimPrefix(c.do(t, "MEMORY", "USAGE", "k", "SAMPLES", tc.samples), "(integer) ")
		n, err := strconv.Atoi(got)
		least, _ := strconv.Atoi(tc.least)
		if err != nil || n < least || n > least+200 {
			t.Errorf("version %s: MEMORY USAGE replies %s", tc.version, got)
		}
		c.expect(t, tc.log, "BOX.LOG")
	}
	c.expect(t, "OK", "SELECT", "2")
	c.expect(t, "OK", "BOX.SET", "k", "5", "text")
	c.do(t, "MEMORY", "USAGE", "k")
	c.expect(t, `1) "usage2 k 2 5"`, "BOX.LOG")
}

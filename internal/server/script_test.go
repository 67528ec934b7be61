package server

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a script changes is propagated, in one piece, and its call is not.
func TestScriptPropagation(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	got := l.listen(ToAOF)
	check := func(code string, want ...string) {
		t.Helper()
		w.words("EVAL", code, "0")
		var have []string
		l.on(func(*Server) { have = *got; *got = nil })
		for i := range have {
			have[i] = fresh.ReplaceAllString(have[i], "TIME")
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s:\ngot  %q\nwant %q", code, have, want)
		}
	}
	check("return 1")
	check("return redis.call('get', 'a')")
	check("redis.call('set', 'a', 1)", "0 [set a 1]")
	check("redis.call('set', 'a', 1) redis.call('get', 'a') redis.call('incr', 'b')", "-1 [MULTI]", "0 [set a 1]", "0 [incr b]", "-1 [EXEC]")
	check("redis.call('set', 'a', 1, 'px', 100000) error('no')", "0 [SET a 1 PXAT TIME]")
	check("redis.call('select', 3) redis.call('set', 'a', 1)", "3 [set a 1]")
	check("redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1) redis.set_repl(redis.REPL_ALL) redis.call('set', 'a', 2)", "0 [set a 2]")
	check("redis.set_repl(redis.REPL_SLAVE) redis.call('set', 'a', 1)")
	check("redis.set_repl(redis.REPL_AOF) redis.call('set', 'a', 1)", "0 [set a 1]")
	check("redis.set_repl(redis.REPL_NONE) redis.call('set', 'a', 1)")
	check("redis.call('set', 'a', 1)", "0 [set a 1]")
	w.expect("multi", "OK")
	w.want("QUEUED", "EVAL", "redis.call('set', 'a', 1)", "0")
	w.expect("set b 2", "QUEUED", "exec", "[nil OK]")
	check("return 1", "-1 [MULTI]", "0 [set a 1]", "0 [set b 2]", "-1 [EXEC]")
	w.words("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return redis.call('set', 'a', 3) end)")
	w.expect("fcall f 0", "OK", "function delete l", "OK", "function flush", "OK", "function flush nosuch", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
	check("return 1", "0 [FUNCTION LOAD #!lua name=l\nredis.register_function('f', function() return redis.call('set', 'a', 3) end)]",
		"0 [set a 3]", "0 [function delete l]", "0 [function flush]")
}

// Scripts that may write are refused while nothing can be saved.
func TestScriptMisconf(t *testing.T) {
	l := startSaved(t, t.TempDir(), "")
	w := l.dial()
	l.on(func(s *Server) { s.Config.Values.SavePoints = []SavePoint{{Seconds: 900000, Changes: 1}} })
	w.expect("set x 1", "OK")
	w.want("l", "FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)\n"+
		"redis.register_function{function_name='r', callback=function() return redis.call('get', 'x') end, flags={'no-writes'}}")
	if err := os.MkdirAll("dump.rdb/in the way", 0o755); err != nil {
		t.Fatal(err)
	}
	w.expect("bgsave", "Background saving started")
	l.until("BGSAVE has failed", func(s *Server) bool { return s.save.failed })
	const writing = "#!lua\nreturn 1"
	w.want("-"+ErrTextMisconf, "EVAL", writing, "0")
	w.want("1", "EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'x')", "0")
	w.want("1", "EVAL", "return redis.call('get', 'x')", "0")
	w.want("1", "EVAL_RO", "return redis.call('get', 'x')", "0")
	w.want(ErrTextMisconf, "EVAL", "return redis.pcall('set', 'x', 2).err", "0")
	w.expect("fcall f 0", "-"+ErrTextMisconf, "fcall r 0", "1", "fcall_ro r 0", "1", "function flush", "-"+ErrTextMisconf)
	w.expect("config set stop-writes-on-bgsave-error no", "OK", "multi", "OK")
	w.want("QUEUED", "EVAL", writing, "0")
	w.expect("exec", "[1]", "config set stop-writes-on-bgsave-error yes", "OK", "multi", "OK")
	w.want("-"+ErrTextMisconf, "EVAL", writing, "0")
	w.expect("exec", "-"+ErrTextExecAbort)
	// What a module calls is told by the script's own words.
	const blocked = "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
		"Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
	for _, c := range []struct {
		o             ExecuteOptions
		reply, refuse string
	}{
		{o: ExecuteOptions{}, reply: blocked + "\r\n"},
		{o: ExecuteOptions{NoWrites: true}, refuse: "ERR Write command 'eval' was called while write is not allowed."},
		{o: ExecuteOptions{ScriptMode: true}, refuse: "ERR command 'eval' is not allowed on script mode"},
	} {
		l.on(func(s *Server) {
			k := s.NewFakeClient(FakeOptions{Flags: FlagModule})
			refuse := ""
			if err := s.Execute(k, [][]byte{[]byte("eval"), []byte(writing), []byte("0")}, &c.o); err != nil {
				refuse = err.Error()
			}
			if string(k.Output()) != c.reply || refuse != c.refuse {
				t.Errorf("%+v: %q, %q", c.o, k.Output(), refuse)
			}
		})
	}
	l.on(func(s *Server) {
		s.setSaveFailed(false)
		s.SetAppendError(errTextAppend + "No space left on device")
	})
	w.expect("multi", "OK")
	w.want("-MISCONF Errors writing to the AOF file: No space left on device", "EVAL", writing, "0")
	w.expect("discard", "OK")
	w.want("MISCONF Errors writing to the AOF file: No space left on device", "EVAL", "return redis.pcall('set', 'x', 2).err", "0")
	const words = "-MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable scripts are blocked. " +
		"Use 'no-writes' flag for read only scripts. AOF error: No space left on device\r\n"
	l.on(func(s *Server) {
		k := s.NewFakeClient(FakeOptions{Flags: FlagModule})
		if err := s.Execute(k, [][]byte{[]byte("eval"), []byte(writing), []byte("0")}, &ExecuteOptions{}); err != nil || string(k.Output()) != words {
			t.Errorf("%q, %v", k.Output(), err)
		}
		s.SetAppendError("")
	})
}

// Scripts that need memory are refused when it is short, unless they began to write.
func TestScriptOOM(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.expect("set x 1", "OK")
	w.want("l", "FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)\n"+
		"redis.register_function{function_name='o', callback=function() return redis.call('set', 'x', 2) end, flags={'allow-oom'}}")
	w.expect("config set maxmemory 1", "OK")
	w.want("-"+ErrTextOOM, "EVAL", "#!lua\nreturn 1", "0")
	w.want("1", "EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'x')", "0")
	w.want("OK", "EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'x', 1)", "0")
	w.want("1", "EVAL", "return redis.call('get', 'x')", "0")
	w.want(ErrTextOOM, "EVAL", "return redis.pcall('set', 'x', 2).err", "0")
	w.want("OK", "EVAL", "redis.call('del', 'x') return redis.call('set', 'x', 2)", "0")
	w.expect("fcall f 0", "-"+ErrTextOOM, "fcall o 0", "OK")
}

// A writing script waits for the end of a pause of writes, one that tells that it only
// reads does not.
func TestScriptPause(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	w.expect("client pause 100000 write", "OK")
	other.want("1", "EVAL", "#!lua flags=no-writes\nreturn 1", "0")
	other.want("1", "EVAL_RO", "return 1", "0")
	other.sendWords("EVAL", "return 2", "0")
	other.quiet()
	w.expect("client unpause", "OK")
	if got := other.next(); got != "2" {
		t.Error(got)
	}
}

// A script is called in the middle of no other.
func TestScriptNested(t *testing.T) {
	l := start(t, nil)
	l.addTo("nest", -1, 0, func(c *Client, argv [][]byte) {
		s := c.Server()
		k := s.NewFakeClient(FakeOptions{Flags: FlagModule})
		if err := s.Execute(k, argv[1:], &ExecuteOptions{}); err != nil {
			t.Error(err)
		}
		c.WriteBulk(k.Output())
	})
	w := l.dial()
	w.want("-"+errTextNested+"\r\n", "EVAL", "return redis.call('nest', 'eval', 'return 1', 0)", "0")
	w.want("+OK\r\n", "EVAL", "return redis.call('nest', 'script', 'flush')", "0")
	w.want("+OK\r\n", "EVAL", "return redis.call('nest', 'function', 'flush')", "0")
	w.want(":1\r\n", "nest", "EVAL", "return 1", "0")
	const lib = "#!lua name=l\nredis.register_function('f', function(keys, args) return redis.call(unpack(args)) end)"
	w.want("$1\r\nl\r\n", "EVAL", "return redis.call('nest', 'function', 'load', ARGV[1])", "0", lib)
	w.want("-"+errTextNested+"\r\n", "FCALL", "f", "0", "nest", "function", "load", "replace", lib)
	w.want("-"+errTextNested+"\r\n", "FCALL", "f", "0", "nest", "fcall", "f", "0")
	w.want("+OK\r\n", "FCALL", "f", "0", "nest", "function", "flush")
	w.want("-ERR Function not found", "FCALL", "f", "0")
	w.want("7", "EVAL", "return redis.call('nest', 'eval', 'return 1', 0) and 7", "0")
}

// A slow log, and monitors, see a script before what it calls.
func TestScriptMonitor(t *testing.T) {
	l := start(t, nil)
	w, m := l.dial(), l.dial()
	m.expect("monitor", "OK")
	w.words("EVAL", "redis.call('set', 'a', 1) return redis.call('get', 'a')", "0")
	for _, want := range []string{`] "EVAL" `, ` lua] "set" "a" "1"`, ` lua] "get" "a"`} {
		if got := m.next(); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A library from a file that cannot be loaded is an error, which names it.
func TestLibraryOfFile(t *testing.T) {
	l := startSaved(t, t.TempDir(), "rdbchecksum no")
	w := l.dial()
	w.want("good", "FUNCTION", "LOAD", "#!lua name=good\nredis.register_function('f', function() return 7 end)")
	w.expect("save", "OK", "debug reload", "OK", "fcall f 0", "7")
	data, err := os.ReadFile("dump.rdb")
	if err != nil {
		t.Fatal(err)
	}
	bad := strings.Replace(string(data), "return 7", "return =", 1)
	if bad == string(data) {
		t.Fatalf("the library is compressed: %q", data)
	}
	if err := os.WriteFile("dump.rdb", []byte(bad), 0o644); err != nil {
		t.Fatal(err)
	}
	l.on(func(s *Server) {
		s.flushLibraries()
		err := s.LoadFile(s.dbFile(), LoadingRDB, LoadOptions{})
		if text := fmt.Sprint(err); !strings.Contains(text, "Failed loading library, Error compiling function: ") {
			t.Error(text)
		}
		if len(s.scripts.libraries.list) != 0 {
			t.Error("there is a library")
		}
	})
}

// Append-only files of older servers call scripts, and load them; those of newer ones
// have libraries. Nothing that runs from a file is counted.
func TestScriptsOfFile(t *testing.T) {
	dir := t.TempDir()
	var file []byte
	for _, words := range [][]string{
		{"SCRIPT", "LOAD", "return redis.call('incr', KEYS[1])"},
		{"EVALSHA", string(nameOfText("return redis.call('incr', KEYS[1])")), "1", "a"},
		{"EVAL", "redis.call('set', 'b', 'from EVAL') redis.call('nosuch')", "0"},
		{"MULTI"},
		{"EVAL", "return redis.call('incr', KEYS[1])", "1", "a"},
		{"EXEC"},
		{"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return redis.call('incr', 'a') end)"},
		{"FCALL", "f", "0"},
		{"FUNCTION", "LOAD", "#!lua name=bad"},
	} {
		w := CommandWriter{}
		w.Begin(len(words))
		for _, word := range words {
			w.Word(word)
		}
		file = append(file, w.b...)
	}
	if err := os.WriteFile(filepath.Join(dir, "appendonly.aof"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	l := startSaved(t, dir, "appendonly yes")
	w := l.dial()
	if got := w.do("info commandstats"); strings.Contains(got, "cmdstat_incr:") || strings.Contains(got, "cmdstat_set:") {
		t.Error(got)
	}
	w.expect("get a", "3", "get b", "from EVAL", "fcall f 0", "4", "debug loadaof", "OK", "get a", "4",
		"config set aof-use-rdb-preamble no", "OK", "bgrewriteaof", "Background append only file rewriting started")
	l.until("the rewrite is over", func(s *Server) bool { return s.aof.rewrite.running == nil })
	w.expect("debug loadaof", "OK", "fcall f 0", "5", "function flush", "OK", "debug loadaof", "OK", "fcall f 0", "-ERR Function not found")
}

func nameOfText(text string) []byte {
	name := scriptNameOf([]byte(text))
	return name[:]
}

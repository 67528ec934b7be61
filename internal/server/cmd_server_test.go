package server

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestServerCommands(t *testing.T) {
	k := talk(t, "save ''")
	k.expect(
		"DBSIZE", "0",
		"MSET a 1 b 2", "OK",
		"DBSIZE", "2",
		"SELECT 5", "OK",
		"SET c 3", "OK",
		"FLUSHDB x", "-ERR syntax error",
		"FLUSHDB ASYNC SYNC", "-ERR syntax error",
		"FLUSHDB async", "OK",
		"DBSIZE", "0",
		"SELECT 0", "OK",
		"DBSIZE", "2",
		"FLUSHALL sync", "OK",
		"DBSIZE", "0",
		"LASTSAVE", strconv.FormatInt(k.s.StartUnix, 10),
		"TIME x", "-ERR wrong number of arguments for 'time' command",
		"SHUTDOWN x", "-ERR syntax error",
		"SHUTDOWN SAVE NOSAVE", "-ERR syntax error",
		"SHUTDOWN ABORT NOW", "-ERR syntax error",
		"SHUTDOWN ABORT", "-ERR No shutdown in progress.",
		"SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.",
	)
	if k.s.Dirty == 0 {
		t.Error("flushing does not count as a change")
	}
	if got := k.do("TIME"); !regexp.MustCompile(`^\[\d{10} \d{1,6}\]$`).MatchString(got) {
		t.Errorf("TIME: %s", got)
	}
	if k.s.Exiting() {
		t.Error("a shutdown that failed goes on")
	}
}

func TestShutdown(t *testing.T) {
	k := talk(t, "save 1 1")
	code, saved, left := -1, 0, 0
	k.s.OnExit(func(c int) { code = c })
	k.s.AtExit(func() { left++ })
	k.s.SetSave(func() error { saved++; return os.ErrPermission })
	k.expect("SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.")
	if code != -1 || saved != 1 || left != 0 {
		t.Fatalf("code %d, saved %d, left %d", code, saved, left)
	}
	k.expect("SHUTDOWN FORCE", "")
	if code != 0 || saved != 2 || left != 1 || !k.s.Exiting() {
		t.Errorf("code %d, saved %d, left %d", code, saved, left)
	}

	k = talk(t, "save 1 1")
	k.s.OnExit(func(c int) { code = c + 10 })
	k.s.SetSave(func() error { t.Error("saved in spite of NOSAVE"); return nil })
	k.expect("SHUTDOWN NOSAVE NOW", "")
	if code != 10 {
		t.Errorf("code %d", code)
	}

	k = talk(t, "") // embedded: nobody ends the process
	k.expect("SHUTDOWN", "")
	if err := k.s.Loop.Run(); err != nil || k.s.ExitCode() != 0 {
		t.Errorf("the loop goes on: %v", err)
	}
}

func TestDebug(t *testing.T) {
	k := talk(t, "enable-debug-command yes")
	k.expect(
		"DEBUG SLEEP 0.01", "OK",
		"DEBUG SLEEP", "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.",
		"DEBUG NOSUCH", "-ERR unknown subcommand or wrong number of arguments for 'NOSUCH'. Try DEBUG HELP.",
		"DEBUG SET-ACTIVE-EXPIRE 0", "OK",
		"DEBUG POPULATE 3 k 10", "OK",
		"MGET k:0 k:2 k:3", "[value:0\x00\x00\x00 value:2\x00\x00\x00 nil]",
		"DEBUG POPULATE 2", "OK",
		"GET key:1", "value:1",
		"DEBUG POPULATE -1", "-ERR value is out of range, must be positive",
		"DEBUG ERROR 'MY own'", "-MY own",
		"DEBUG LOG hi", "OK",
		"DEBUG PROTOCOL string", "Hello World",
		"DEBUG PROTOCOL integer", "12345",
		"DEBUG PROTOCOL double", "3.141",
		"DEBUG PROTOCOL bignum", "1234567999999999999999999999999999999",
		"DEBUG PROTOCOL null", "nil",
		"DEBUG PROTOCOL array", "[0 1 2]",
		"DEBUG PROTOCOL set", "[0 1 2]",
		"DEBUG PROTOCOL map", "[0 0 1 1 2 0]",
		"DEBUG PROTOCOL attrib", "Some real reply following the attribute",
		"DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command",
		"DEBUG PROTOCOL true", "1",
		"DEBUG PROTOCOL verbatim", "This is a verbatim\nstring",
		"DEBUG PROTOCOL x", "-ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
	)
	if !k.s.keyspace.passive {
		t.Error("SET-ACTIVE-EXPIRE has no effect")
	}
	k.expect("SET text hello", "OK", "DEBUG OBJECT nosuch", "-ERR no such key")
	if got := k.do("DEBUG OBJECT text"); !regexp.MustCompile(`^Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:6 lru:\d+ lru_seconds_idle:0$`).MatchString(got) {
		t.Errorf("OBJECT: %s", got)
	}
	k.c.RESP = 3
	k.expect(
		"DEBUG PROTOCOL double", "3.141",
		"DEBUG PROTOCOL set", "{0 1 2}",
		"DEBUG PROTOCOL map", "{0:false 1:true 2:false}",
		"DEBUG PROTOCOL push", "[server-cpu-usage 42] + Some real reply following the push reply",
		"DEBUG PROTOCOL false", "false",
	)
	if got := k.do("DEBUG HELP"); !strings.Contains(got, "SLEEP <seconds>") {
		t.Errorf("HELP: %s", got)
	}
}

func TestLogLine(t *testing.T) {
	at := time.Date(2024, 2, 3, 4, 5, 6, 7_000_000, time.UTC)
	got := string(appendLogHead(nil, at, 'S', LogWarning))
	if want := strconv.Itoa(os.Getpid()) + ":S 03 Feb 2024 04:05:06.007 # "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLogFile(t *testing.T) {
	t.Chdir(t.TempDir())
	k := talk(t, "logfile x.log\nloglevel notice\n")
	k.s.Log(LogNotice, "one %d", 1)
	k.s.Log(LogVerbose, "hidden")
	if err := os.Rename("x.log", "y.log"); err != nil { // as a log rotation does
		t.Fatal(err)
	}
	k.s.Log(LogWarning, "two %s", strings.Repeat("x", 2000))
	k.s.LogRaw(LogNotice, "raw\n")
	old, _ := os.ReadFile("y.log")
	fresh, _ := os.ReadFile("x.log")
	if !strings.HasSuffix(string(old), " * one 1\n") || strings.Contains(string(old), "hidden") {
		t.Errorf("old file: %q", old)
	}
	if s := string(fresh); !strings.Contains(s, " # two xxx") || !strings.HasSuffix(s, "x\nraw\n") || len(s) > 1200 {
		t.Errorf("new file of %d bytes: %q", len(s), s)
	}
}

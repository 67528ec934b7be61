package server

import (
	"strings"
	"sync/atomic"
	"testing"

	"berth/internal/resp"
)

// sendWords sends a command whose words may have blanks.
func (w *wire) sendWords(words ...string) {
	w.t.Helper()
	b := resp.AppendArray(nil, len(words))
	for _, word := range words {
		b = resp.AppendBulkString(b, word)
	}
	w.write(b)
}

// words runs a command whose words may have blanks.
func (w *wire) words(words ...string) string {
	w.t.Helper()
	w.sendWords(words...)
	return w.next()
}

// want runs a command whose words may have blanks and compares its reply.
func (w *wire) want(reply string, words ...string) {
	w.t.Helper()
	if got := w.words(words...); got != reply {
		w.t.Errorf("%q: got %s, want %s", words, got, reply)
	}
}

// busy waits until the server says that a script is slow.
func (w *wire) busy(text string) {
	w.t.Helper()
	for got := ""; got != "-BUSY "+text; {
		if got = w.do("ping"); got != "PONG" && got != "-BUSY "+text {
			w.t.Fatal("the server replies ", got)
		}
	}
}

const endless = "while true do end"

func TestScriptKill(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	other.expect("config set busy-reply-threshold 10", "OK", "script kill", "-NOTBUSY No scripts in execution right now.")
	for _, code := range []string{
		endless,
		"while true do pcall(function() " + endless + " end) end",
		"while true do redis.pcall('get', 'a') end",
	} {
		w.sendWords("EVAL", code, "0")
		other.busy(busyEval)
		other.expect("get a", "-BUSY "+busyEval, "function stats", "-BUSY "+busyEval, "function kill", "-BUSY "+busyEval,
			"shutdown", "-BUSY "+busyEval, "multi", "OK", "get a", "-BUSY "+busyEval, "discard", "OK",
			"script kill", "OK")
		if got := w.next(); !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL... script: ") {
			t.Errorf("%s: %s", code, got)
		}
		other.expect("ping", "PONG", "script kill", "-NOTBUSY No scripts in execution right now.")
	}
	w.want("2", "EVAL", "return 2", "0")
}

func TestFunctionKill(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	other.expect("config set lua-time-limit 10", "OK", "function kill", "-NOTBUSY No scripts in execution right now.")
	w.want("lib", "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() "+endless+" end)")
	w.send("fcall f 1 key")
	other.busy(busyFunction)
	other.expect("script kill", "-BUSY "+busyFunction, "get a", "-BUSY "+busyFunction)
	if got := other.do("function stats"); !strings.Contains(got, "[name f command [fcall f 1 key] duration_ms ") {
		t.Error("FUNCTION STATS: ", got)
	}
	other.expect("function kill", "OK")
	if got := w.next(); !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL...") {
		t.Error(got)
	}
	other.expect("ping", "PONG")
}

// A script that has changed something runs to its end.
func TestScriptUnkillable(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	other.expect("config set busy-reply-threshold 10", "OK")
	w.sendWords("EVAL", "redis.call('set', 'a', '1') "+endless, "0")
	other.busy(busyEval)
	if got := other.do("script kill"); !strings.HasPrefix(got, "-UNKILLABLE Sorry the script already executed write commands") {
		t.Error(got)
	}
	other.send("shutdown nosave")
	w.closed()
}

// Whoever called a script that is slow may go meanwhile; what it sends later waits.
func TestScriptBusyCaller(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	other.expect("config set busy-reply-threshold 10", "OK")
	w.sendWords("EVAL", endless, "0")
	w.send("echo later")
	other.busy(busyEval)
	other.expect("script kill", "OK")
	w.next()
	if got := w.next(); got != "later" {
		t.Error(got)
	}
	w.sendWords("EVAL", endless, "0")
	other.busy(busyEval)
	_ = w.conn.Close()
	other.busy(busyEval)
	other.expect("script kill", "OK")
	l.until("the caller is gone", func(s *Server) bool { return s.ClientCount() == 1 })
}

// A signal ends the server behind a slow script, not in the middle of it.
func TestScriptSignal(t *testing.T) {
	l := start(t, nil)
	w, other := l.dial(), l.dial()
	other.expect("config set busy-reply-threshold 10", "OK")
	w.sendWords("EVAL", endless, "0")
	other.busy(busyEval)
	l.on(func(s *Server) { s.shutdownOnSignal("SIGTERM", new(atomic.Bool)) })
	other.expect("get a", "-BUSY "+busyEval, "script kill", "OK")
	if got := w.next(); !strings.HasPrefix(got, "-ERR Script killed by user") {
		t.Error(got)
	}
	w.closed()
}

// A library that does not end is not loaded.
func TestLibraryTimeout(t *testing.T) {
	w := start(t, nil).dial()
	got := w.words("FUNCTION", "LOAD", "#!lua name=lib\n"+endless)
	if !strings.HasPrefix(got, "-ERR Error registering functions: ") || !strings.Contains(got, "FUNCTION LOAD timeout") {
		t.Error(got)
	}
	w.expect("function list", "[]")
}

package server

import (
	"strings"
	"testing"
	"time"
)

// TestConnectionWords holds replies of redis-server 7.2.6 to the same commands.
func TestConnectionWords(t *testing.T) {
	w := start(t, nil).dial()
	w.expect(
		"ping", "PONG",
		"PiNg x", "x",
		"ping a b", "-ERR wrong number of arguments for 'ping' command",
		"echo", "-ERR wrong number of arguments for 'echo' command",
		"echo x", "x",
		"nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' ",
		"client", "-ERR wrong number of arguments for 'client' command",
		"client foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.",
		"client id x", "-ERR wrong number of arguments for 'client|id' command",
		"client getname", "nil",
		"client setname a", "OK",
		"client getname", "a",
		"client setinfo foo x", "-ERR Unrecognized option 'foo'",
		"client setinfo LIB-NAME lib", "OK",
		"client setinfo LIB-VER \x01", "-ERR LIB-VER cannot contain spaces, newlines or special characters.",
		"client list type foo", "-ERR Unknown client type 'foo'",
		"client list id abc", "-ERR Invalid client ID",
		"client list foo", "-ERR syntax error",
		"client getredir", "-1",
		"client no-evict x", "-ERR syntax error",
		"client no-touch on", "OK",
		"client reply foo", "-ERR syntax error",
		"client unblock x", "-ERR value is not an integer or out of range",
		"client unblock 1 foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
		"client unblock 1 error x", "-ERR unknown subcommand or wrong number of arguments for 'unblock'. Try CLIENT HELP.",
		"client unblock 99", "0",
		"client kill foo", "-ERR No such client",
		"client kill id 0", "-ERR client-id should be greater than 0",
		"client kill addr 1:1 skipme maybe", "-ERR syntax error",
		"client kill addr 1:1", "0",
		"client pause x", "-ERR timeout is not an integer or out of range",
		"client pause -1", "-ERR timeout is negative",
		"client pause 1 foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL",
		"select 15", "OK",
		"select 16", "-ERR DB index is out of range",
		"select abc", "-ERR value is not an integer or out of range",
		"hello 4", "-NOPROTO unsupported protocol version",
		"hello x", "-ERR Protocol version is not an integer or out of range",
		"hello 3 foo", "-ERR Syntax error in HELLO option 'foo'",
		"auth x", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
		"auth foo x", "-WRONGPASS invalid username-password pair or user is disabled.",
		"auth a b c", "-ERR syntax error",
	)
	line := w.do("client info")
	for name, want := range map[string]string{
		"name": "a", "lib-name": "lib", "db": "15", "flags": "UT", "cmd": "client|info", "multi": "-1",
		"user": "default", "redir": "-1", "resp": "2", "events": "r", "sub": "0",
	} {
		if got := field(line, name); got != want {
			t.Errorf("%s is %s, want %s in %s", name, got, want, line)
		}
	}
	w.expect("reset", "RESET", "client getname", "nil")
	if got := field(w.do("client info"), "db"); got != "0" {
		t.Error("database after RESET:", got)
	}
	w.expect("quit", "OK")
	w.closed()
}

func TestHello(t *testing.T) {
	w := start(t, nil).dial()
	reply := w.do("hello 3 setname me")
	for _, part := range []string{"server:redis", "proto:3", "mode:standalone", "role:master", "modules:[]"} {
		if !strings.Contains(reply, part) {
			t.Errorf("no %s in %s", part, reply)
		}
	}
	w.expect("client getname", "me", "reset", "RESET", "client getname", "nil")
}

func TestPassword(t *testing.T) {
	l := start(t, func(s *Settings) { s.RequirePass = "secret" })
	w := l.dial()
	w.expect(
		"get a", "-NOAUTH Authentication required.",
		"nosuch", "-ERR unknown command 'nosuch', with args beginning with: ",
		"hello 3", "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "+
			"<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
		"auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.",
		"auth default secret", "OK",
		"ping", "PONG",
		"reset", "RESET",
		"ping", "-NOAUTH Authentication required.",
		"auth secret", "OK",
		"ping", "PONG",
	)
	for _, tc := range []struct{ in, want string }{
		{"*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n"},
		{"*1\r\n$16385\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n"},
	} {
		w := l.dial()
		w.write([]byte(tc.in))
		if got := w.all(); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestClientReply(t *testing.T) {
	w := start(t, nil).dial()
	w.send("client reply skip", "ping", "echo 1")
	if got := w.next(); got != "1" {
		t.Error("after SKIP:", got)
	}
	w.send("client reply skip", "client reply skip", "ping", "echo 2")
	if got := w.next(); got != "2" {
		t.Error("after SKIP twice:", got)
	}
	w.send("client reply off", "ping", "nosuch", "client reply skip", "ping", "client reply on", "echo 3")
	if got := w.next(); got != "OK" {
		t.Error("after ON:", got)
	}
	if got := w.next(); got != "3" {
		t.Error("after OFF and ON:", got)
	}
}

func TestClientKill(t *testing.T) {
	l := start(t, nil)
	a, b, c := l.dial(), l.dial(), l.dial()
	b.expect("ping", "PONG", "subscribe x", "[subscribe x 1]")
	c.expect("ping", "PONG")
	a.expect("client kill type pubsub", "1")
	b.closed()
	a.expect("client kill id "+c.do("client id"), "1")
	c.closed()
	a.expect("client kill id "+a.do("client id"), "0", // spares itself
		"client kill type normal skipme no", "1")
	a.closed()
	l.until("all gone", func(s *Server) bool { return s.ClientCount() == 0 })
}

func TestClientPause(t *testing.T) {
	l := start(t, nil)
	a, b := l.dial(), l.dial()
	a.expect("client pause 10000 write", "OK")
	b.expect("get k", "nil", "multi", "OK", "get k", "QUEUED", "exec", "[nil]")
	b.send("set k 1", "get k")
	b.quiet()
	if line := a.do("client list id " + "2"); field(line, "flags") != "bU" {
		t.Error("while it waits:", line)
	}
	a.expect("client unpause", "OK")
	if got := b.next() + b.next(); got != "OK1" {
		t.Error("after UNPAUSE:", got)
	}
	a.expect("client pause 40 all", "OK")
	started := time.Now()
	b.expect("ping", "PONG")
	if d := time.Since(started); d < 30*time.Millisecond || d > 3*time.Second {
		t.Error("paused for", d)
	}
	// A paused client that goes away leaves nothing behind.
	a.expect("client pause 10000 write", "OK")
	b.send("set k 2")
	l.until("it waits", func(s *Server) bool { return s.Stats.Blocked == 1 })
	_ = b.conn.Close()
	l.until("it is gone", func(s *Server) bool { return s.Stats.Blocked == 0 && s.ClientCount() == 1 })
	a.expect("client unpause", "OK", "get k", "1")
}

func TestHelp(t *testing.T) {
	w := start(t, nil).dial()
	for _, name := range []string{"client", "pubsub"} {
		got := w.do(name + " help")
		if !strings.HasPrefix(got, "["+strings.ToUpper(name)+" <subcommand> [<arg> [value] [opt] ...]. Subcommands are: ") ||
			!strings.HasSuffix(got, "HELP     Print this help.]") {
			t.Error(got)
		}
	}
}

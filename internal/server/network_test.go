package server

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"berth/internal/resp"
	"berth/loop"
)

// dialTCP connects to the server's port.
func (l *live) dialTCP(host string) *wire {
	l.t.Helper()
	var port int
	l.on(func(s *Server) { port = s.Port() })
	conn, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = conn.Close() }) // it may be closed already
	return &wire{t: l.t, conn: conn}
}

func TestListenAddresses(t *testing.T) {
	l := start(t, func(s *Settings) {
		s.Bind = []string{"127.0.0.1", "-::1", "127.0.0.2", "-192.0.2.1"}
		s.ListenAnyPort = true
	})
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		w := l.dialTCP(host)
		w.expect("ping", "PONG")
		line := w.do("client info")
		if got := field(line, "addr"); got != w.conn.LocalAddr().String() {
			t.Errorf("addr is %s, not %s", got, w.conn.LocalAddr())
		}
		if got := field(line, "laddr"); got != w.conn.RemoteAddr().String() {
			t.Errorf("laddr is %s, not %s", got, w.conn.RemoteAddr())
		}
	}
	// Both kinds of socket at once, and an address that is not ours, optional
	// above, is an error without its dash.
	l.dial().expect("ping", "PONG")
	l.on(func(s *Server) {
		s.Settings.Bind = []string{"192.0.2.1"}
		s.Settings.Port = s.Port()
		if err := s.Relisten(); err == nil {
			t.Error("listening on an address of somebody else")
		}
		s.Settings.Bind = []string{"*", "-::*"}
		if err := s.Relisten(); err != nil {
			t.Error(err)
		}
	})
	l.dialTCP("127.0.0.1").expect("ping", "PONG")
}

func TestUnixSocketMode(t *testing.T) {
	l := start(t, func(s *Settings) { s.UnixSocketPerm = 0o700 })
	info, err := os.Stat(l.path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode %o", got)
	}
	w := l.dial()
	if got := field(w.do("client info"), "addr"); got != l.path+":0" {
		t.Error(got)
	}
}

// TestProtectedMode connects through an address that is not the loopback's.
func TestProtectedMode(t *testing.T) {
	host := ""
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			host = ip.IP.String()
		}
	}
	if host == "" {
		t.Skip("this machine has only a loopback address")
	}
	l := start(t, func(s *Settings) { s.ListenAnyPort, s.Bind = true, []string{"*"} })
	if got := l.dialTCP(host).all(); !strings.HasPrefix(got, "-DENIED Redis is running in protected mode because") ||
		!strings.HasSuffix(got, "accepting connections from the outside.\r\n") {
		t.Error(got)
	}
	l.dialTCP("127.0.0.1").expect("ping", "PONG")
	l.on(func(s *Server) { s.Settings.RequirePass = "x" })
	l.dialTCP(host).expect("ping", "-NOAUTH Authentication required.")
}

func TestMaxClients(t *testing.T) {
	l := start(t, func(s *Settings) { s.MaxClients = 2 })
	a, b := l.dial(), l.dial()
	a.expect("ping", "PONG")
	b.expect("ping", "PONG")
	if got := l.dial().all(); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("%q", got)
	}
	_ = b.conn.Close()
	l.until("a place is free", func(s *Server) bool { return s.ClientCount() == 1 })
	l.dial().expect("ping", "PONG")
	l.on(func(s *Server) {
		if s.Stats.Rejected != 1 {
			t.Errorf("%d rejected", s.Stats.Rejected)
		}
	})
}

func TestIdleTimeout(t *testing.T) {
	l := start(t, func(s *Settings) { s.Timeout = 1 })
	idle, sub := l.dial(), l.dial()
	idle.expect("ping", "PONG")
	sub.expect("subscribe x", "[subscribe x 1]")
	idle.closed()
	sub.expect("ping", "[pong ]") // subscribers may be silent
}

func TestQueryBufferLimit(t *testing.T) {
	l := start(t, func(s *Settings) { s.QueryBufferLimit = 1 << 20 })
	w := l.dial()
	w.write([]byte("*2\r\n$4\r\necho\r\n$3000000\r\n"))
	_, _ = w.conn.Write(make([]byte, 2<<20)) // the server may close meanwhile
	w.closed()
	l.on(func(s *Server) {
		if s.Stats.QueryBufferDisconnections != 1 {
			t.Error("not counted")
		}
	})
}

// TestOutputLimits has a client that does not read what it asked for, and a
// subscriber that does not read what it is sent.
func TestOutputLimits(t *testing.T) {
	l := start(t, func(s *Settings) {
		s.OutputLimits[ClassNormal] = OutputLimit{Hard: 4 << 20}
		s.OutputLimits[ClassPubSub] = OutputLimit{Soft: 100 << 10, SoftSeconds: 1}
	})
	w := l.dial()
	value := string(bytes.Repeat([]byte("v"), 1<<20))
	w.expect("set k "+value, "OK", "get k", value)
	_, _ = w.conn.Write(bytes.Repeat(request("get k"), 30)) // closed on the way
	l.until("the greedy one is closed", func(s *Server) bool { return s.Stats.OutputBufferDisconnections == 1 })

	sub, pub := l.dial(), l.dial()
	sub.expect("subscribe c", "[subscribe c 1]")
	began := time.Now()
	for range 5 {
		pub.expect("publish c "+value, "1")
	}
	for pub.do("publish c x") == "1" {
		if time.Since(began) > 10*time.Second {
			t.Fatal("the soft limit does not hold")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if d := time.Since(began); d < 900*time.Millisecond {
		t.Error("closed after", d)
	}
}

// TestSlowReader reads a large reply in small pieces.
func TestSlowReader(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	value := string(bytes.Repeat([]byte("0123456789"), 300_000))
	w.expect("set k "+value, "OK")
	for range 5 {
		w.send("get k", "echo x")
	}
	time.Sleep(20 * time.Millisecond)
	for range 5 {
		if w.next() != value || w.next() != "x" {
			t.Fatal("mixed up")
		}
	}
}

// TestHalfClosed sends requests and closes its sending side at once.
func TestHalfClosed(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.send("echo a", "echo b")
	if err := w.conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := w.all(); got != "$1\r\na\r\n$1\r\nb\r\n" {
		t.Errorf("%q", got)
	}
}

func TestAdoptFD(t *testing.T) {
	l := start(t, func(s *Settings) { s.RequirePass = "x" })
	var mine int
	freed := make(chan struct{})
	l.on(func(s *Server) {
		a, b, err := loop.SocketPair()
		if err != nil {
			t.Error(err)
			return
		}
		mine = a
		if _, err := s.AdoptFD(b, AdoptOptions{Name: "n", Owner: "me", OwnerName: "mod", OnFree: func(*Client) { close(freed) }}); err != nil {
			t.Error(err)
		}
	})
	if err := unix.SetNonblock(mine, true); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(mine), "pair")
	conn, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close() // conn has a copy
	w := &wire{t: t, conn: conn}
	w.expect("ping", "PONG") // without a password
	line := w.do("client list")
	if field(line, "name") != "n" || field(line, "module") != "mod" {
		t.Error(line)
	}
	// It is found by its owner, and killable.
	l.on(func(s *Server) {
		n := 0
		s.EachOwned("me", func(*Client) { n++ })
		if n != 1 {
			t.Errorf("%d of mine", n)
		}
	})
	other := l.dial()
	other.expect("auth x", "OK", "client kill id "+field(line, "id"), "1")
	w.closed()
	select {
	case <-freed:
	case <-time.After(5 * time.Second):
		t.Error("OnFree did not run")
	}
}

// TestFilters changes commands on their way.
func TestFilters(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	f := &Filter{Owner: "me", Func: func(call *FilterCall) {
		if len(call.Argv) > 1 && string(call.Argv[1]) == "@swap" {
			call.Argv = [][]byte{[]byte("echo"), []byte("swapped by a filter")}
		}
	}}
	quiet := &Filter{Owner: "me", NoSelf: true, Func: func(call *FilterCall) { call.Argv = [][]byte{[]byte("nosuch")} }}
	l.on(func(s *Server) { s.AddFilter(f) })
	w.expect("get @swap", "swapped by a filter", "nosuch @swap", "swapped by a filter", "ping", "PONG")
	l.on(func(s *Server) {
		s.AddFilter(quiet)
		fake := s.NewFakeClient(FakeOptions{Flags: FlagModule})
		if err := s.Execute(fake, [][]byte{[]byte("ping")}, &ExecuteOptions{Owner: "me"}); err != nil || string(fake.Output()) != "+PONG\r\n" {
			t.Errorf("%q, %v", fake.Output(), err)
		}
		if !s.RemoveFilter(quiet) || s.RemoveFilter(quiet) || !s.RemoveFilter(f) {
			t.Error("removing")
		}
	})
	w.expect("get @swap", "nil")
}

// TestHostLock enters from a goroutine between the loop's iterations.
func TestHostLock(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.expect("set n 0", "OK")
	const rounds = 200
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range rounds {
			l.s.HostLock.Lock(42)
			if l.s.HostLock.Holder() != 42 {
				t.Error("holder", l.s.HostLock.Holder())
			}
			fake := l.s.NewFakeClient(FakeOptions{Flags: FlagModule})
			if err := l.s.Execute(fake, [][]byte{[]byte("incr"), []byte("n")}, &ExecuteOptions{}); err != nil {
				t.Error(err)
			}
			l.s.HostLock.Unlock()
		}
	}()
	for range rounds {
		w.do("incr n")
	}
	<-done
	w.expect("get n", fmt.Sprint(2*rounds))
	l.on(func(s *Server) {
		if s.HostLock.Holder() != LoopHolder || s.HostLock.TryLock(7) {
			t.Error("the loop does not hold it")
		}
	})
}

// TestDeferredReplies writes headers behind their contents, nested and long.
func TestDeferredReplies(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		err := s.AddCommand(&Command{Name: "late", Arity: 1, Handler: func(c *Client, _ [][]byte) {
			outer := c.Defer()
			for i := range 3 {
				inner := c.Defer()
				for range i {
					c.WriteBulk(bytes.Repeat([]byte("x"), 50_000))
				}
				c.SetArray(inner, i)
			}
			empty := c.Defer()
			c.SetMap(empty, 0)
			c.SetArray(outer, 4)
		}})
		if err != nil {
			t.Error(err)
		}
	})
	w := l.dial()
	x := strings.Repeat("x", 50_000)
	for range 3 {
		w.send("ping", "late", "ping")
		for _, want := range []string{"PONG", "[[] [" + x + "] [" + x + " " + x + "] []]", "PONG"} {
			if got := w.next(); got != want {
				t.Fatalf("%d bytes, want %d", len(got), len(want))
			}
		}
	}
	fake := l.s.NewFakeClient(FakeOptions{RESP: 3})
	d := fake.Defer()
	fake.WriteInt(1)
	fake.WriteInt(2)
	fake.SetSet(d, 2)
	r, n, err := resp.ParseReply(fake.Output())
	if err != nil || n != len(fake.Output()) || r.Kind != resp.KindSet {
		t.Errorf("%q, %v", fake.Output(), err)
	}
}

package moduletest

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// loadHellonet starts a server with hellonet and one key. It gives the number
// of descriptors there were before the module came.
func loadHellonet(t *testing.T) (*server, *client, int) {
	t.Helper()
	so := module(t, "modules/hellonet.c")
	s := startBerth(t)
	c := s.dial()
	c.expect(t, "OK", "SET", "the key", "1")
	before := s.settled()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	return s, c, before
}

// ask is a request for the keys, by each of the three ways in turn.
func (s *server) ask(i int, delay, timeout string) []string {
	switch i % 3 {
	case 0:
		return []string{"HELLONET.TCP", fmt.Sprintf("127.0.0.1:%d", s.port), delay, timeout}
	case 1:
		return []string{"HELLONET.UNIX", s.socket, delay, timeout}
	}
	return []string{"HELLONET.CLIENT", "none", delay, timeout}
}

// Hundreds of clients wait at once, and meanwhile the module cannot go.
func TestHellonetInFlight(t *testing.T) {
	s, c, before := loadHellonet(t)
	const n = 300
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = s.dial()
		if err := clients[i].send(s.ask(i, "1000", "15000")...); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("all to wait", func() bool { return c.info(t, "clients", "blocked_clients") == fmt.Sprint(n) })
	c.expect(t, "(error) ERR Error unloading module: the module has blocked clients. Please wait for them to be unblocked and try again",
		"MODULE", "UNLOAD", "hellonet")
	c.expect(t, "PONG", "PING")
	for i, w := range clients {
		r, err := w.receive()
		if err != nil {
			t.Fatalf("%q: %v", s.ask(i, "1000", "15000"), err)
		}
		if got := notation(&r); got != `1) "the key"` {
			t.Errorf("%q: %s", s.ask(i, "1000", "15000"), got)
		}
		w.conn.Close()
	}
	s.eventually("nobody to wait", func() bool { return c.info(t, "clients", "blocked_clients") == "0" })
	c.expect(t, "OK", "MODULE", "UNLOAD", "hellonet")
	s.expectDescriptors(before)
}

// Requests on one connection are answered in their order, those of several at
// the same time.
func TestHellonetPipelined(t *testing.T) {
	s, c, before := loadHellonet(t)
	const conns, each = 6, 50
	clients := make([]*client, conns)
	for i := range clients {
		clients[i] = s.dial()
		for j := range each {
			if err := clients[i].send(s.ask(i+j, "0", "15000")...); err != nil {
				t.Fatal(err)
			}
			if err := clients[i].send("ECHO", fmt.Sprint(j)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, w := range clients {
		for j := range each {
			for _, want := range []string{`1) "the key"`, fmt.Sprintf("%q", fmt.Sprint(j))} {
				r, err := w.receive()
				if err != nil {
					t.Fatalf("client %d, request %d: %v", i, j, err)
				}
				if got := notation(&r); got != want {
					t.Fatalf("client %d, request %d: %s, want %s", i, j, got, want)
				}
			}
		}
		w.conn.Close()
	}
	c.expect(t, "OK", "MODULE", "UNLOAD", "hellonet")
	s.expectDescriptors(before)
}

// A request outlives its client's patience and its client, and costs nothing
// once it is over.
func TestHellonetTimeouts(t *testing.T) {
	s, c, before := loadHellonet(t)
	const n = 60
	var waiting []*client
	for i := range n {
		w := s.dial()
		if err := w.send(s.ask(i, "400", "30")...); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, w)
	}
	for i := range n {
		w := s.dial()
		if err := w.send(s.ask(i, "400", "0")...); err != nil {
			t.Fatal(err)
		}
		w.conn.Close() // it goes without its answer
	}
	for i, w := range waiting {
		r, err := w.receive()
		if err != nil {
			t.Fatal(err)
		}
		if got := notation(&r); got != "(error) ERR Request timedout" {
			t.Errorf("%q: %s", s.ask(i, "400", "30"), got)
		}
		w.conn.Close()
	}
	s.eventually("the module to be free", func() bool { return c.do(t, "MODULE", "UNLOAD", "hellonet") == "OK" })
	s.expectDescriptors(before)
	c.expect(t, "PONG", "PING")
}

// An upstream that never answers holds nothing when its clients have lost their
// patience, or have left.
func TestHellonetSilence(t *testing.T) {
	s, c, before := loadHellonet(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c.expect(t, "(error) ERR Request timedout", "HELLONET.TCP", l.Addr().String(), "0", "50")
	w := s.dial()
	if err := w.send("HELLONET.TCP", l.Addr().String(), "0", "0"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	w.conn.Close()
	s.eventually("the module to be free", func() bool { return c.do(t, "MODULE", "UNLOAD", "hellonet") == "OK" })
	s.expectDescriptors(before)
}

// A client is killed in the very moment in which its answer comes.
func TestHellonetKilledAnswered(t *testing.T) {
	so := module(t, "modules/hellonet.c")
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, path, "serve", "--enable-debug-command", "yes")
	c := s.dial()
	before := s.settled()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	from := len(s.output())
	for range 5 {
		w, killer := s.dial(), s.dial()
		id := strings.TrimPrefix(w.do(t, "CLIENT", "ID"), "(integer) ")
		if err := w.send("HELLONET.TCP", l.Addr().String(), "0", "0"); err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, len("*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"))); err != nil {
			t.Fatal(err)
		}
		// Both wait for the server, in this order.
		if err := c.send("DEBUG", "SLEEP", "0.1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
		if _, err := io.WriteString(conn, "*0\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
		killer.expect(t, "(integer) 1", "CLIENT", "KILL", "ID", id)
		if _, err := c.receive(); err != nil {
			t.Fatal(err)
		}
		conn.Close()
		killer.conn.Close()
	}
	for _, line := range s.loggedSince(from) {
		if strings.Contains(line, "used wrongly") {
			t.Error(line)
		}
	}
	s.eventually("the module to be free", func() bool { return c.do(t, "MODULE", "UNLOAD", "hellonet") == "OK" })
	s.expectDescriptors(before)
}

// The module's listening sockets serve whoever comes, and close with it.
func TestHellonetServers(t *testing.T) {
	s, c, before := loadHellonet(t)
	tcp, tcp6, path := freePort(t), freePort(t), filepath.Join(s.dir, "visit")
	number := regexp.MustCompile(`^\(integer\) [0-9]+$`)
	places := []struct{ command, network, address, host, port string }{
		{"HELLONET.TCPSERVER", "tcp", fmt.Sprintf("127.0.0.1:%d", tcp), "127.0.0.1", fmt.Sprint(tcp)},
		{"HELLONET.UNIXSERVER", "unix", path, path, "448"},
		{"HELLONET.TCP6SERVER", "tcp", fmt.Sprintf("[::1]:%d", tcp6), "::1", fmt.Sprint(tcp6)},
	}
	if l, err := net.Listen("tcp", "[::1]:0"); err != nil {
		t.Log("SKIPPED: no IPv6 here, so TCP6SERVER is not visited: ", err)
		places = places[:2]
	} else {
		l.Close()
	}
	for _, p := range places {
		if got := c.do(t, p.command, p.host, p.port, "16"); !number.MatchString(got) {
			t.Fatalf("%s: %s", p.command, got)
		}
		for range 20 {
			conn, err := net.Dial(p.network, p.address)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(patience))
			text, err := io.ReadAll(conn)
			conn.Close()
			if err != nil || !strings.Contains(string(text), "redis_version:") {
				t.Fatalf("%s: got %d bytes, %v", p.command, len(text), err)
			}
		}
	}
	if got := c.info(t, "modules", "module_holds_hellonet"); !strings.Contains(got, fmt.Sprintf("file_events=%d,", len(places))) {
		t.Errorf("the module holds %s", got)
	}
	s.expectDescriptors(before + len(places))
	c.expect(t, "OK", "MODULE", "UNLOAD", "hellonet")
	s.expectDescriptors(before)
	for _, p := range places {
		if conn, err := net.Dial(p.network, p.address); err == nil {
			conn.Close()
			t.Errorf("%s: something still listens", p.command)
		}
	}
}

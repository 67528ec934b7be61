package exampletest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"berth/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience is how long something that must happen may take.
const patience = 20 * time.Second

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// visitor is a connection to the module's port.
type visitor struct {
	t    *testing.T
	conn *net.TCPConn
	in   *bufio.Reader
}

func visit(t *testing.T, port string) *visitor {
	t.Helper()
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience)) // a socket takes any deadline
	return &visitor{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

// say sends bytes as they are.
func (v *visitor) say(text string) {
	v.t.Helper()
	if _, err := io.WriteString(v.conn, text); err != nil {
		v.t.Error(err)
	}
}

// line is the next line of the answers, with what went wrong if there is none.
func (v *visitor) line() string {
	line, err := v.in.ReadString('\n')
	if err != nil {
		return line + "(" + err.Error() + ")"
	}
	return strings.TrimSuffix(line, "\n")
}

func (v *visitor) expect(pairs ...string) {
	v.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		v.say(pairs[i] + "\n")
		if got := v.line(); got != pairs[i+1] {
			v.t.Errorf("%.80s: got %.200q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

// end expects that the server closes the connection.
func (v *visitor) end(when string) {
	v.t.Helper()
	if got := v.line(); got != "(EOF)" {
		v.t.Errorf("%s: got %q, want an end", when, got)
	}
}

// startEcho starts a server with the module listening; it gives the port.
func startEcho(t *testing.T, threads string) (*testkit.Conn, string) {
	t.Helper()
	s := testkit.StartBerth(t, testkit.Options{Modules: []string{testkit.BuildC(t, "modules/echoserver.c", "-Wextra", "-Werror")}})
	c := s.Dial()
	return c, strings.TrimPrefix(c.Line("ECHOSERVER.START 127.0.0.1 0 "+threads), "(integer) ")
}

// What the protocol says, by the loop and by a thread.
func TestEchoProtocol(t *testing.T) {
	t.Parallel()
	for _, threads := range []string{"0", "1"} {
		t.Run(threads+" threads", func(t *testing.T) {
			t.Parallel()
			c, port := startEcho(t, threads)
			visit(t, port).expect("ping", "PONG") // with a thread, every other visitor is its
			v := visit(t, port)
			v.expect("ping", "PONG",
				`set greeting "good morning"`, "OK",
				"get greeting\r", `"good morning"`,
				"  get \t greeting  ", `"good morning"`,
				"get nothing", "nil",
				"incr count", "1",
				`set empty ""`, "OK", "get empty", `""`,
				`set "all \n\r\t\"\\\x00\xff\q" 1`, "OK", `keys all*`, "[\"all \\n\\r\\t\\\"\\\\\\x00\xffq\"]",
				`no"quote at"its begin`, `! ERR unknown command 'no"quote', with args beginning with: 'at"its' 'begin' `,
				"rpush list a b", "2", "lrange list 0 -1", `["a" "b"]`, "lrange list 5 9", "[]",
				"get list", "! WRONGTYPE Operation against a key holding the wrong kind of value",
				`get "list`, "! ERR the quotes are not in pairs", `get "list"1`, "! ERR the quotes are not in pairs",
				"zadd z 1.5 m", "1",
				"debug protocol array", "[0 1 2]",
				`multi`, "OK", "incr count", "QUEUED", "lrange list 0 -1", "QUEUED", "exec", `[2 ["a" "b"]]`)
			v.say("hello 3\n")
			if got := v.line(); !strings.HasPrefix(got, `["server" "redis" "version" `) {
				t.Errorf("hello 3: %q", got)
			}
			v.expect("zscore z m", "1.5", "get nothing", "nil", "debug protocol map", "[0 false 1 true 2 false]",
				"debug protocol true", "true", "debug protocol null", "nil", "debug protocol verbatim", `"This is a verbatim\nstring"`)
			v.expect("\n\n  \nping", "PONG")
			// A long answer and one after it, and a line of the greatest length.
			c.Expect("SETRANGE long 999999 x", "(integer) 1000000")
			v.say("get long\nping\n")
			if got, want := v.line(), `"`+strings.Repeat(`\x00`, 999999)+`x"`; got != want {
				t.Errorf("a long answer is wrong, %d bytes of %d", len(got), len(want))
			}
			if got := v.line(); got != "PONG" {
				t.Errorf("after the long answer: %q", got)
			}
			v.expect("echo "+strings.Repeat("a", 64<<10-5), `"`+strings.Repeat("a", 64<<10-5)+`"`)
			v.expect("ping", "PONG", "ping "+strings.Repeat("a", 64<<10), "! ERR the line is too long")
			v.end("after a line that is too long")
			c.Expect("ECHOSERVER.STOP", "OK")
		})
	}
}

// Sessions end by either side, and by the module.
func TestEchoEnds(t *testing.T) {
	t.Parallel()
	c, port := startEcho(t, "1")
	present := func(want string) {
		t.Helper()
		eventually(t, want+" visitors", func() bool { return strings.HasPrefix(c.Line("ECHOSERVER.STATS"), "1) (integer) "+want+"\n") })
	}
	for i := range 4 {
		v := visit(t, port)
		v.say("ping\nblpop nothing 0.05\nget \"\nquit\nping\n")
		for _, want := range []string{"PONG", "nil", "! ERR the quotes are not in pairs", "OK"} {
			if got := v.line(); got != want {
				t.Errorf("visitor %d: got %q, want %q", i, got, want)
			}
		}
		v.end("after QUIT")
		// Who has sent all still gets all answers.
		v = visit(t, port)
		v.say("blpop nothing 0.05\nping\nrest of a line")
		if err := v.conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if a, b := v.line(), v.line(); a != "nil" || b != "PONG" {
			t.Errorf("visitor %d: %q, %q", i, a, b)
		}
		v.end("after the last answer")
		// One that leaves while its command waits for ever.
		v = visit(t, port)
		v.say("blpop nothing 0\n")
		v.conn.Close()
		// One that leaves with much unread.
		v = visit(t, port)
		v.say(strings.Repeat("debug protocol map\n", 1000))
		v.conn.Close()
	}
	present("0")
	v, w := visit(t, port), visit(t, port)
	for _, v := range []*visitor{v, w} {
		v.expect("ping", "PONG")
	}
	present("2")
	c.Expect("CLIENT KILL TYPE normal SKIPME yes", "(integer) 2")
	v.end("killed")
	w.end("killed")
	present("0")
	// The module stops, and is unloaded, inside a session.
	for range 2 {
		v, w = visit(t, port), visit(t, port)
		w.expect("ping", "PONG")
		v.say("echoserver.stop\n")
		v.end("stopped by itself")
		w.end("stopped by another")
		if _, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			t.Error("the port is still open")
		}
		c.Expect("ECHOSERVER.STOP", "(error) ERR it does not run")
		port = strings.TrimPrefix(c.Line("ECHOSERVER.START 127.0.0.1 0 1"), "(integer) ")
		visit(t, port).expect("ping", "PONG") // moves the turn, so that the other one stops it next
	}
	c.Expect("ECHOSERVER.START 127.0.0.1 0", "(error) ERR it runs already")
	v = visit(t, port)
	v.say("module unload echoserver\n")
	v.end("unloaded")
	c.Expect("ECHOSERVER.STATS", "(error) ERR unknown command 'ECHOSERVER.STATS', with args beginning with: ")
}

// Arguments that cannot be meant.
func TestEchoArguments(t *testing.T) {
	t.Parallel()
	c, port := startEcho(t, "0")
	c.Expect("ECHOSERVER.STOP", "OK",
		"ECHOSERVER.START", "(error) ERR wrong number of arguments for 'echoserver.start' command",
		"ECHOSERVER.START 127.0.0.1 70000", "(error) ERR invalid port",
		"ECHOSERVER.START 127.0.0.1 0 65", "(error) ERR invalid number of threads",
		"ECHOSERVER.START 192.0.2.1 0 1", "(error) ERR could not listen there",
		"ECHOSERVER.START 127.0.0.1 "+port+" 64", "(integer) "+port,
		"ECHOSERVER.STATS", "1) (integer) 0\n2) (integer) 0\n3) (integer) 0",
		"ECHOSERVER.STOP 1", "(error) ERR wrong number of arguments for 'echoserver.stop' command",
		"ECHOSERVER.STOP", "OK")
}

// A visitor that asks for much and reads nothing is not read either, rather than
// served from memory; later it gets all its answers.
func TestEchoUnread(t *testing.T) {
	t.Parallel()
	for _, threads := range []string{"0", "1"} {
		t.Run(threads+" threads", func(t *testing.T) {
			t.Parallel()
			c, port := startEcho(t, threads)
			visit(t, port).expect("ping", "PONG") // with a thread, the next visitor is its
			c.Expect("SETRANGE page 9999 x", "(integer) 10000")
			used := func() int {
				_, rest, _ := strings.Cut(string(c.Do("INFO", "memory").Str), "\r\nused_memory:")
				n := 0
				if _, err := fmt.Sscan(rest, &n); err != nil {
					t.Fatal(err)
				}
				return n
			}
			sent := func() string { return c.Line("ECHOSERVER.STATS") }
			before := used()
			v := visit(t, port)
			const requests = 5000 // of 40,000 bytes each
			go v.say(strings.Repeat("get page\n", requests))
			eventually(t, "it to have filled what there is", func() bool {
				was := sent()
				time.Sleep(50 * time.Millisecond)
				return was == sent()
			})
			grown := used() - before
			if t.Logf("memory has grown by %d bytes", grown); grown > 32<<20 {
				t.Error("that is too much")
			}
			want := `"` + strings.Repeat(`\x00`, 9999) + `x"`
			for i := range requests {
				if got := v.line(); got != want {
					t.Fatalf("answer %d: %.100q, %d bytes", i, got, len(got))
				}
			}
			v.expect("ping", "PONG")
		})
	}
}

// Bytes that are no commands harm nobody.
func TestEchoGarbage(t *testing.T) {
	t.Parallel()
	c, port := startEcho(t, "1")
	rng := rand.New(rand.NewPCG(1, 2))
	const words = "ping get \"\\\n\r\t \x00\xff*$1x"
	for range 100 {
		v := visit(t, port)
		var b strings.Builder
		for range rng.IntN(5000) {
			b.WriteByte(words[rng.IntN(len(words))])
		}
		v.say(b.String() + "\nquit\n")
		if _, err := io.ReadAll(v.in); err != nil {
			t.Error(err)
		}
	}
	v := visit(t, port)
	v.expect("ping", "PONG")
	c.Expect("ECHOSERVER.STOP", "OK")
}

// TestEchoHammer has visitors of the loop and of three threads at work at once,
// while others come and go, and the server works for its own clients.
func TestEchoHammer(t *testing.T) {
	t.Parallel()
	c, port := startEcho(t, "3")
	const visitors, rounds, batch = 16, 20, 50
	var all sync.WaitGroup
	for i := range visitors {
		v := visit(t, port)
		all.Go(func() {
			for r := range rounds {
				var text, want strings.Builder
				for b := range batch {
					n := r*batch + b
					fmt.Fprintf(&text, "set key:%d:%d \"value %d\"\nget key:%d:%d\nincr total\n", i, n, n, i, n)
					fmt.Fprintf(&want, "OK\n\"value %d\"\n", n)
				}
				v.say(text.String())
				var got strings.Builder
				for range batch {
					a, b, total := v.line(), v.line(), v.line()
					fmt.Fprintf(&got, "%s\n%s\n", a, b)
					if total == "" || total[0] < '1' || total[0] > '9' {
						t.Errorf("visitor %d: total %q", i, total)
					}
				}
				if got.String() != want.String() {
					t.Errorf("visitor %d, round %d: got\n%s", i, r, got.String())
					return
				}
				passing, err := net.Dial("tcp", "127.0.0.1:"+port)
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprint(passing, "incr passed\nincr pas")
				passing.Close()
			}
		})
	}
	for i := range 100 {
		c.Expect("INCR own", fmt.Sprintf("(integer) %d", i+1))
	}
	all.Wait()
	c.Expect("GET total", fmt.Sprintf("%q", fmt.Sprint(visitors*rounds*batch)))
	// Whole lines count also when their sender has left, pieces of one do not.
	eventually(t, "those who passed", func() bool { return c.Line("GET passed") == fmt.Sprintf("%q", fmt.Sprint(visitors*rounds)) })
	eventually(t, "them to be forgotten", func() bool {
		stats := strings.Split(c.Line("ECHOSERVER.STATS"), "\n")
		return stats[0] == fmt.Sprintf("1) (integer) %d", visitors)
	})
	c.Expect("EXISTS pas", "(integer) 0")
	var visiting, byLoop, byThreads int
	if _, err := fmt.Sscanf(c.Line("ECHOSERVER.STATS"), "1) (integer) %d\n2) (integer) %d\n3) (integer) %d", &visiting, &byLoop, &byThreads); err != nil {
		t.Fatal(err)
	}
	if total := visitors * rounds * (3*batch + 1); byLoop+byThreads != total || byLoop == 0 || byThreads < byLoop {
		t.Errorf("%d commands by the loop, %d by threads, want %d in all", byLoop, byThreads, total)
	}
	c.Expect("ECHOSERVER.STOP", "OK")
}

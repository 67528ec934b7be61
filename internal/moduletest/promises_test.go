package moduletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// promised is a server with the module promises, and two clients of it.
func promised(t *testing.T) (s *server, c, other *client) {
	t.Helper()
	so := module(t, "testdata/modules/promises.c")
	s = startBerth(t)
	c, other = s.dial(), s.dial()
	c.expect(t, "OK", "MODULE", "LOAD", so)
	return s, c, other
}

// waiting has the client send a command and wait for its reply.
func (c *client) waiting(t *testing.T, s *server, args ...string) {
	t.Helper()
	if err := c.send(args...); err != nil {
		t.Fatal(err)
	}
	watcher := s.dial()
	s.eventually("the client to wait", func() bool { return watcher.info(t, "clients", "blocked_clients") == "1" })
}

// gets compares the reply that comes with what redis-cli would show.
func (c *client) gets(t *testing.T, want string) {
	t.Helper()
	r, err := c.receive()
	if err != nil {
		t.Fatal(err)
	}
	if got := notation(&r); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A command that waits gives a promise, and its reply reaches the callback,
// however the wait ends.
func TestPromises(t *testing.T) {
	s, c, other := promised(t)
	popped := "1) \"k\"\n2) \"v\""
	for _, tc := range []struct {
		name    string
		command []string
		end     []string
		want    string
	}{
		{"a key", []string{"PROMISES.CALL", "", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"automatic memory", []string{"PROMISES.AUTO", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"a thread", []string{"PROMISES.THREAD", "k"}, []string{"LPUSH", "k", "v"}, popped},
		{"propagated", []string{"PROMISES.CALL", "!", "BLPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"time over", []string{"PROMISES.CALL", "", "BLPOP", "k", "0.1"}, nil, "(nil)"},
		{"time over, nested", []string{"PROMISES.CALL", "", "PROMISES.CALL", "", "BLPOP", "k", "0.1"}, nil, "(nil)"},
		{"a module's command", []string{"PROMISES.CALL", "", "PROMISES.HOLD", "text", "0"}, []string{"PROMISES.RELEASE"}, `"text"`},
		{"a module's time over", []string{"PROMISES.CALL", "", "PROMISES.HOLD", "text", "50"}, nil, "(error) TIMEOUT"},
		{"nested", []string{"PROMISES.CALL", "", "PROMISES.CALL", "", "PROMISES.CALL", "", "BRPOP", "k", "0"}, []string{"LPUSH", "k", "v"}, popped},
		{"nothing to wait for", []string{"PROMISES.CALL", "", "PING"}, nil, "PONG"},
		{"an error", []string{"PROMISES.CALL", "", "BLPOP", "k", "soon"}, nil, "(error) ERR timeout is not a float or out of range"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.end == nil {
				c.expect(t, tc.want, tc.command...)
				return
			}
			c.waiting(t, s, tc.command...)
			other.do(t, tc.end...)
			c.gets(t, tc.want)
			other.expect(t, "(integer) 0", "EXISTS", "k")
		})
	}
	c.expect(t, "(integer) 1", "PROMISES.MISUSE")
	s.logged("the reply is not a promise")
	for _, command := range []string{"SUBSCRIBE", "MONITOR"} {
		args := []string{"PROMISES.CALL", "", command}
		if command == "SUBSCRIBE" {
			args = append(args, "channel")
		}
		if got := c.do(t, args...); !strings.HasPrefix(got, "(error) ERR "+command+" isn't allowed for") {
			t.Errorf("%s: %s", command, got)
		}
	}
}

// An aborted call has no effect any more and no reply, one that is forgotten has
// its effect.
func TestPromiseAbort(t *testing.T) {
	s, c, other := promised(t)
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "BLPOP", "k", "0")
	c.expect(t, "1) (integer) 1\n2) (integer) 1\n3) (integer) 0", "PROMISES.ABORT")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 1", "LLEN", "k")
	other.do(t, "DEL", "k")

	// A module's command hears that its client went.
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "PROMISES.HOLD", "text", "0")
	c.expect(t, "1) (integer) 1\n2) (integer) 1\n3) (integer) 0", "PROMISES.ABORT")
	c.expect(t, "1) (integer) 0\n2) (integer) 1", "PROMISES.COUNTS")

	// What was aborted is over for a callback too, what is over cannot be aborted.
	c.expect(t, "(integer) 1", "PROMISES.KEEP", "BLPOP", "k", "0.05")
	s.eventually("the wait to end", func() bool {
		return c.do(t, "PROMISES.COUNTS") == "1) (integer) -1000\n2) (integer) 1"
	})
	c.expect(t, "1) (integer) 0\n2) (integer) 0\n3) (integer) 0", "PROMISES.ABORT")

	c.expect(t, "OK", "PROMISES.FORGET", "BLPOP", "k", "0")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 0", "LLEN", "k")

	// Nobody is left who counts as blocked, and what is forgotten keeps the module
	// from nothing.
	c.expect(t, "OK", "PROMISES.FORGET", "BLPOP", "k", "0")
	if got := c.info(t, "clients", "blocked_clients"); got != "0" {
		t.Errorf("%s clients are blocked", got)
	}
	c.expect(t, "OK", "MODULE", "UNLOAD", "promises")
	other.expect(t, "(integer) 1", "LPUSH", "k", "v")
	other.expect(t, "(integer) 0", "LLEN", "k")
}

// Whoever waits for a module that crashes gets an error, also through another's
// promise.
func TestPromiseCrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: faults are caught on Linux only")
	}
	s, c, other := promised(t)
	c.waiting(t, s, "PROMISES.CALL", "", "PROMISES.HOLD", "text", "0")
	fenced := "(error) ERR the module 'promises' crashed (SIGSEGV), see the log; MODULE UNLOAD removes it"
	other.expect(t, fenced, "PROMISES.CRASH")
	c.gets(t, fenced)
	other.expect(t, "PONG", "PING")
	s.eventually("the module to be unloadable", func() bool { return other.do(t, "MODULE", "UNLOAD", "promises") == "OK" })
}

// TestPromiseHammer has clients wait for promises of all kinds, on the loop and on
// threads, nested, with limits, and hang up or be killed in the middle; nothing is
// left of them in the end.
func TestPromiseHammer(t *testing.T) {
	s, admin, _ := promised(t)
	admin.expect(t, "OK", "CONFIG", "SET", "module-slow-callback-ms", "0")
	memory := moduleInfo(t, admin, "promises")["memory"]
	var stop atomic.Bool
	var ids [12]atomic.Int64
	var callers, others sync.WaitGroup
	for who := range ids {
		callers.Go(func() {
			if err := callPromises(s, rand.New(rand.NewPCG(7, uint64(who))), &ids[who], &stop); err != nil {
				t.Error(err)
			}
		})
	}
	others.Go(func() {
		rnd := rand.New(rand.NewPCG(8, 8))
		for !stop.Load() {
			if _, err := admin.try("RPUSH", fmt.Sprintf("k%d", rnd.IntN(4)), "v"); err != nil {
				t.Error(err)
				return
			}
			if id := ids[rnd.IntN(len(ids))].Load(); rnd.IntN(20) == 0 && id != 0 {
				if _, err := admin.try("CLIENT", "KILL", "ID", fmt.Sprint(id)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	time.Sleep(1500 * time.Millisecond)
	stop.Store(true)
	others.Wait()
	// Whoever still waits is served now.
	done := make(chan struct{})
	go func() {
		callers.Wait()
		close(done)
	}()
	s.eventually("the waits to end", func() bool {
		for k := range 4 {
			admin.do(t, "RPUSH", fmt.Sprintf("k%d", k), "v", "v", "v")
		}
		select {
		case <-done:
		default:
			return false
		}
		info := moduleInfo(t, admin, "promises")
		return info["blocked_clients"] == "(integer) 0" && info["memory"] == memory
	})
	if got := admin.info(t, "clients", "blocked_clients"); got != "0" {
		t.Errorf("%s clients are blocked", got)
	}
	admin.expect(t, "OK", "MODULE", "UNLOAD", "promises")
}

// callPromises is one caller of TestPromiseHammer. id is its client's.
func callPromises(s *server, rnd *rand.Rand, id *atomic.Int64, stop *atomic.Bool) error {
	var c *client
	defer func() {
		if c != nil {
			c.conn.Close()
		}
	}()
	for !stop.Load() {
		if c == nil {
			var err error
			if c, err = s.connect(); err != nil {
				return err
			}
			if err := c.send("CLIENT", "ID"); err != nil {
				return err
			}
			r, err := c.receive()
			if err != nil {
				return err
			}
			id.Store(r.Int)
		}
		k := fmt.Sprintf("k%d", rnd.IntN(4))
		call := [][]string{
			{"PROMISES.CALL", "", "BLPOP", k, "0.003"},
			{"PROMISES.CALL", "!", "BLPOP", k, "0"},
			{"PROMISES.AUTO", "BLMOVE", k, k, "LEFT", "RIGHT", "0.003"},
			{"PROMISES.CALL", "", "PROMISES.CALL", "", "PROMISES.AUTO", "BRPOP", k, "0.002"},
			{"PROMISES.THREAD", k},
			{"PROMISES.FORGET", "BLPOP", k, "0.001"},
			{"PROMISES.CALL", "", "PING"},
		}[rnd.IntN(7)]
		err := c.send(call...)
		if err == nil && rnd.IntN(10) != 0 {
			_, err = c.receive()
		} else if err == nil {
			err = net.ErrClosed // hang up instead of waiting
		}
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				return fmt.Errorf("%q has no reply: %w", call, err)
			}
			id.Store(0)
			c.conn.Close() // killed, or hung up
			c = nil
		}
	}
	return nil
}

package server

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// waitEvents are what can happen to a waiting client, by name.
var waitEvents = []struct {
	name string
	do   func(w *waitRun)
}{
	{"unblock", func(w *waitRun) { w.unblock(true) }},
	{"unblock by a thread", func(w *waitRun) { w.unblock(false) }},
	{"abort", func(w *waitRun) { w.abort() }},
	{"time over", func(w *waitRun) { w.timeIsOver() }},
	{"client unblock timeout", func(w *waitRun) { w.s.UnblockClient(w.c, false) }},
	{"client unblock error", func(w *waitRun) { w.s.UnblockClient(w.c, true) }},
	{"kill", func(w *waitRun) { w.kill() }},
	{"hang up", func(w *waitRun) { w.hangUp() }},
	{"crash", func(w *waitRun) { w.s.UnblockOwned("me") }},
	{"key comes", func(w *waitRun) { w.write("rpush", "awaited", "x") }},
	{"key goes", func(w *waitRun) { w.write("del", "awaited") }},
	{"yield", func(w *waitRun) { _ = w.s.Yield("") }},
	{"iteration", func(w *waitRun) { w.round() }},
}

// waitRun is one wait, what happens to it and what came of that.
type waitRun struct {
	t    *testing.T
	s    *Server
	c    *Client
	b    *Blocked
	peer int // the other end, -1 when it is closed
	keys bool
	// fake is set for a client of a call that may wait, and done counts its ends.
	fake bool
	done int
	// in is what happens within a callback, by the callback's name, once.
	in    map[string]func(*waitRun)
	calls map[string]int
	// unblocked is set once Unblock or Abort succeeded.
	unblocked, aborted bool
	serve              bool // OnReady replies
}

func (w *waitRun) called(name string) {
	w.calls[name]++
	if fn := w.in[name]; fn != nil {
		delete(w.in, name)
		fn(w)
	}
}

func (w *waitRun) unblock(locked bool) {
	switch {
	case w.calls["free"] != 0: // the handle is gone
	case w.keys:
		_ = w.b.UnblockKeys(locked)
	case w.b.Unblock(1) == nil:
		w.unblocked = true
	}
}

func (w *waitRun) abort() {
	if w.keys {
		w.unblock(true)
	} else if w.calls["free"] == 0 && w.b.Abort() == nil {
		w.unblocked, w.aborted = true, true
	}
}

func (w *waitRun) timeIsOver() {
	if w.b.timer != 0 {
		w.s.Loop.RemoveTimer(w.b.timer)
		w.b.timer = 0
		w.s.waits.timed--
		w.s.timeOut(w.b)
	}
}

func (w *waitRun) kill() {
	if w.fake {
		w.s.Abandon(w.c)
	} else if w.c.Flags&FlagFreed == 0 { // who kills knows clients by their ids
		w.s.FreeClient(w.c)
	}
}

func (w *waitRun) hangUp() {
	if w.peer >= 0 {
		_ = unix.Close(w.peer)
		w.peer = -1
	}
}

func (w *waitRun) round() {
	if _, err := w.s.Loop.RunEvents(); err != nil {
		w.t.Error(err)
	}
}

func (w *waitRun) write(args ...string) {
	argv := make([][]byte, len(args))
	for i, a := range args {
		argv[i] = []byte(a)
	}
	if err := w.s.Execute(w.s.NewFakeClient(FakeOptions{}), argv, &ExecuteOptions{}); err != nil {
		w.t.Error(err)
	}
}

// begin has a client wait.
func (w *waitRun) begin() {
	o := BlockOptions{
		Owner: "me", Timeout: 1 << 40, Data: 7,
		OnReply:      func(c *Client, _ *Blocked) { w.called("reply"); c.WriteInt(1) },
		OnTimeout:    func(c *Client, _ *Blocked) { w.called("timeout"); c.WriteInt(2) },
		OnDisconnect: func(*Blocked) { w.called("disconnect") },
		Free:         func(*Blocked, uintptr) { w.called("free") },
	}
	if w.keys {
		o.Keys, o.Deleted = [][]byte{[]byte("awaited"), []byte("other")}, true
		o.OnReady = func(c *Client, _ *Blocked, _ []byte) bool {
			w.called("ready")
			if w.serve && (w.b.told || !w.b.isUnblocked()) { // by ourselves: that is an answer
				w.calls["served"]++
				c.WriteInt(3)
			}
			return w.serve
		}
	}
	cmd := w.s.Lookup([]byte("await"))
	cmd.Handler = func(c *Client, _ [][]byte) {
		var err error
		if w.b, err = w.s.Block(c, o); err != nil {
			w.t.Error(err)
		}
		w.called("command")
	}
	if w.fake {
		w.c, w.peer = w.s.NewFakeClient(FakeOptions{}), -1
		if err := w.s.Execute(w.c, [][]byte{[]byte("await")}, &ExecuteOptions{WhenDone: func(*Client) { w.done++; w.called("done") }}); err != nil {
			w.t.Error(err)
		}
		return
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		err = errors.Join(unix.SetNonblock(fds[0], true), unix.SetNonblock(fds[1], true))
	}
	if err == nil {
		w.peer = fds[1]
		w.c, err = w.s.AdoptFD(fds[0], AdoptOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.s.processInput(w.c, []byte("await\r\n"))
}

// end does what a module must do in the end, has the client go and looks whether
// each thing happened as often as it may.
func (w *waitRun) end() (wrong []string) {
	w.in = nil
	s, c := w.s, w.c
	for range 3 {
		w.round()
	}
	answered := len(c.Output()) != 0
	if !w.fake {
		c.flush()
		var buf [100]byte
		if w.peer >= 0 {
			n, _ := unix.Read(w.peer, buf[:])
			answered = n > 0
			if text := string(buf[:max(n, 0)]); strings.Count(text, "\r\n") > 1 {
				wrong = append(wrong, fmt.Sprintf("the client was answered %q", text))
			}
		}
	}
	over := c.Flags&FlagFreed != 0 || c.Flags&FlagBlocked == 0
	if w.peer >= 0 && c.Flags&FlagFreed == 0 && over != answered && !w.aborted {
		wrong = append(wrong, fmt.Sprintf("over %v, answered %v", over, answered))
	}
	if w.fake && w.done > 1 {
		wrong = append(wrong, fmt.Sprintf("its end was told %d times", w.done))
	}
	if !w.unblocked && !w.keys {
		w.unblock(true)
	}
	w.hangUp()
	w.kill()
	for range 3 {
		w.round()
	}
	for _, once := range []string{"reply", "timeout", "disconnect", "served"} {
		if w.calls[once] > 1 {
			wrong = append(wrong, fmt.Sprintf("%s %d times", once, w.calls[once]))
		}
	}
	// A client that was served may go before it has its reply, as in Redis.
	if w.calls["timeout"]+w.calls["served"] > 1 || w.calls["timeout"]+w.calls["disconnect"] > 1 {
		wrong = append(wrong, fmt.Sprintf("%v", w.calls))
	}
	if w.calls["free"] != 1 {
		wrong = append(wrong, fmt.Sprintf("freed %d times", w.calls["free"]))
	}
	if c.Flags&FlagFreed == 0 && !w.fake {
		wrong = append(wrong, "the client is there")
	}
	ws := &s.waits
	if s.Stats.Blocked != 0 || s.BlockedCount("me") != 0 || len(s.blocked.fakes) != 0 || ws.count != 0 || ws.timed != 0 ||
		ws.keys != 0 || ws.gone != 0 || len(ws.queues) != 0 || len(ws.ready) != 0 || s.blocked.endings.last.Load() != 0 || s.exec.depth != 0 {
		wrong = append(wrong, fmt.Sprintf("left: %d blocked, %d handles, %d fakes, %+v, queue %d, depth %d", s.Stats.Blocked, s.BlockedCount("me"), len(s.blocked.fakes), *ws, s.blocked.endings.last.Load(), s.exec.depth))
	}
	return wrong
}

// TestWaitStates has any two things happen to a waiting client, one after the other,
// and a third within any of the callbacks.
func TestWaitStates(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Loop.Close()
	s.log.level.Store(int32(LogWarning))
	if err := s.AddCommand(&Command{Name: "await", Arity: 1, Flags: Module, Handler: func(*Client, [][]byte) {}}); err != nil {
		t.Fatal(err)
	}
	callbacks := []string{"", "command", "reply", "timeout", "disconnect", "ready", "free", "done"}
	rnd := rand.New(rand.NewPCG(1, 1))
	failed := 0
	for kind := range 8 {
		for _, callback := range callbacks {
			for nested := range waitEvents {
				for first := range waitEvents {
					for second := range waitEvents {
						if callback == "" && nested != 0 || rnd.IntN(waitStatesPart) != 0 {
							continue
						}
						w := &waitRun{t: t, s: s, keys: kind&1 != 0, serve: kind&2 != 0, fake: kind&4 != 0, calls: map[string]int{}, in: map[string]func(*waitRun){}}
						if w.serve && !w.keys {
							continue
						}
						if callback != "" {
							w.in[callback] = waitEvents[nested].do
						}
						w.write("del", "awaited")
						w.begin()
						waitEvents[first].do(w)
						waitEvents[second].do(w)
						if wrong := w.end(); wrong != nil {
							failed++
							t.Errorf("keys %v, served %v, fake %v: %s, %s, and %s in %q: %s", w.keys, w.serve, w.fake,
								waitEvents[first].name, waitEvents[second].name, waitEvents[nested].name, callback, strings.Join(wrong, "; "))
							if failed > 20 {
								t.FailNow()
							}
						}
					}
				}
			}
		}
	}
}

// waitStatesPart is which part of all cases is tried.
const waitStatesPart = 4

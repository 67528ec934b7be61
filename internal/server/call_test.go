package server

import (
	"errors"
	"testing"
	"time"
)

// addTo registers a command on a live server.
func (l *live) addTo(name string, arity int, flags Flag, h Handler) {
	l.t.Helper()
	l.on(func(s *Server) {
		if err := s.AddCommand(&Command{Name: name, Arity: arity, Flags: flags | Module, Handler: h}); err != nil {
			l.t.Error(err)
		}
	})
}

// TestYield has a command run the loop until another client stops it. Its own
// client is not served and not freed meanwhile.
func TestYield(t *testing.T) {
	l := start(t, nil)
	stop, going := false, make(chan struct{})
	l.addTo("long", 1, 0, func(c *Client, _ [][]byte) {
		close(going)
		for !stop {
			if err := c.Server().Yield("wait a moment"); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
		c.WriteStatus("done")
	})
	l.addTo("halt", 1, AllowBusy, func(c *Client, _ [][]byte) {
		stop = true
		c.WriteOK()
	})
	slow, other := l.dial(), l.dial()
	other.expect("multi", "OK", "ping", "QUEUED")
	slow.send("long", "echo behind")
	<-going
	slow.send("echo later")
	other.expect("ping", "-BUSY wait a moment", "exec", "-EXECABORT Transaction discarded because of: BUSY wait a moment",
		"ping", "-BUSY wait a moment")
	slow.quiet()
	other.expect("halt", "OK")
	for _, want := range []string{"done", "behind", "later"} {
		if got := slow.next(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	other.expect("ping", "PONG")
}

// TestYieldingClientGone closes the connection whose command yields.
func TestYieldingClientGone(t *testing.T) {
	l := start(t, nil)
	stop, going := false, make(chan struct{})
	l.addTo("long", 1, 0, func(c *Client, _ [][]byte) {
		close(going)
		for !stop {
			if err := c.Server().Yield(""); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
		if c.Flags&FlagFreed != 0 {
			t.Error("freed under its command")
		}
		c.WriteStatus("done")
	})
	l.addTo("halt", 1, AllowBusy, func(c *Client, _ [][]byte) { stop = true; c.WriteOK() })
	l.addTo("drop", 2, AllowBusy, func(c *Client, argv [][]byte) {
		id, _ := ParseInt(argv[1])
		c.Server().FreeClient(c.Server().ClientByID(uint64(id)))
		c.WriteOK()
	})
	slow, other := l.dial(), l.dial()
	id := slow.do("client id")
	slow.send("long")
	<-going
	other.expect("drop "+id, "OK", "ping", "-BUSY Redis is busy running a module command.")
	_ = slow.conn.Close()
	other.expect("halt", "OK")
	l.until("the command is over", func(s *Server) bool { return s.exec.yielding == 0 })
	other.expect("ping", "PONG")
	l.until("it is gone", func(s *Server) bool { return s.ClientCount() == 1 })
}

// TestCommandRemoved takes commands away while clients still refer to them.
func TestCommandRemoved(t *testing.T) {
	l := start(t, nil)
	l.addTo("mine", -1, 0, func(c *Client, _ [][]byte) { c.WriteOK() })
	l.on(func(s *Server) {
		if err := s.AddCommand(&Command{Name: "mine"}); !errors.Is(err, ErrCommandExists) {
			t.Error(err)
		}
	})
	a, b := l.dial(), l.dial()
	a.expect("mine", "OK", "MINE", "OK")
	b.expect("multi", "OK", "mine", "QUEUED")
	l.on(func(s *Server) {
		if !s.RemoveCommand("mine") || s.RemoveCommand("mine") {
			t.Error("removing")
		}
	})
	a.expect("mine", "-ERR unknown command 'mine', with args beginning with: ")
	b.expect("exec", "-EXECABORT Transaction discarded because of previous errors.")
	if field(a.do("client info"), "cmd") != "client|info" {
		t.Error("cmd")
	}
}

func TestCommandStats(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	w.expect("set k v", "OK", "incr k", "-ERR value is not an integer or out of range", "incr", "-ERR wrong number of arguments for 'incr' command",
		"multi", "OK", "incr k", "QUEUED", "exec", "[-ERR value is not an integer or out of range]", "nosuch", "-ERR unknown command 'nosuch', with args beginning with: ")
	l.on(func(s *Server) {
		st := s.Lookup([]byte("INCR")).Stats
		if st.Calls != 2 || st.Failed != 2 || st.Rejected != 1 || st.Nanos <= 0 {
			t.Errorf("incr: %+v", st)
		}
		if st := s.Lookup([]byte("exec")).Stats; st.Calls != 1 || st.Failed != 0 {
			t.Errorf("exec: %+v", st)
		}
		if s.Stats.ErrorReplies != 4 || s.Stats.Errors["ERR"] != 4 {
			t.Errorf("%d errors, %v", s.Stats.ErrorReplies, s.Stats.Errors)
		}
	})
}

// TestExecuteRefusals are the reasons for which a module's call does not run.
func TestExecuteRefusals(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		for _, tc := range []struct {
			argv []string
			o    ExecuteOptions
			want error
			text string
		}{
			{[]string{"nosuch", "a"}, ExecuteOptions{}, ErrUnknownCommand, "ERR unknown command 'nosuch', with args beginning with: 'a' "},
			{[]string{"get"}, ExecuteOptions{}, ErrArity, "ERR wrong number of arguments for 'get' command"},
			{[]string{"set", "a", "b"}, ExecuteOptions{NoWrites: true}, ErrNoWrites, "ERR Write command 'set' was called while write is not allowed."},
			{[]string{"multi"}, ExecuteOptions{ScriptMode: true}, ErrNotInScript, ""},
			{[]string{"get", "a"}, ExecuteOptions{NoWrites: true, ScriptMode: true}, nil, ""},
		} {
			fake := s.NewFakeClient(FakeOptions{Flags: FlagModule})
			argv := make([][]byte, len(tc.argv))
			for i, a := range tc.argv {
				argv[i] = []byte(a)
			}
			err := s.Execute(fake, argv, &tc.o)
			if !errors.Is(err, tc.want) {
				t.Errorf("%v: %v, want %v", tc.argv, err, tc.want)
			}
			var r *Refusal
			if errors.As(err, &r) && tc.text != "" && r.Reply != tc.text {
				t.Errorf("%v: %s", tc.argv, r.Reply)
			}
			if err != nil && len(fake.Output()) != 0 {
				t.Errorf("%v: a reply: %q", tc.argv, fake.Output())
			}
		}
	})
}

// TestNoTouchReachesCalls checks that CLIENT NO-TOUCH holds for what a module
// calls on behalf of the client, and for nothing else.
func TestNoTouchReachesCalls(t *testing.T) {
	k := talk(t, "")
	k.expect("SET k v", "OK")
	caller := k.s.NewFakeClient(FakeOptions{Flags: FlagModule})
	idle := func() int64 { return k.s.LookupKey(0, []byte("k")).Idle(k.s.Mstime()) / 1000 }
	const hour = 3600
	for _, flag := range []ClientFlag{FlagNoTouch, 0} {
		k.s.LookupKey(0, []byte("k")).SetIdle(k.s.Mstime(), hour*1000)
		k.s.exec.current = k.s.NewFakeClient(FakeOptions{Flags: flag})
		if err := k.s.Execute(caller, [][]byte{[]byte("GET"), []byte("k")}, &ExecuteOptions{}); err != nil {
			t.Fatal(err)
		}
		k.s.exec.current = nil
		if got := idle(); (got >= hour) != (flag != 0) {
			t.Errorf("idle for %d s after a call under flags %b", got, flag)
		}
	}
}

package server

import (
	"slices"
	"strings"
	"testing"
)

// called runs a command on a fake client as a module's call that may wait.
func (s *Server) called(t *testing.T, to Target, done func(*Client), args ...string) *Client {
	c := s.NewFakeClient(FakeOptions{Flags: FlagModule})
	argv := make([][]byte, len(args))
	for i, a := range args {
		argv[i] = []byte(a)
	}
	if err := s.Execute(c, argv, &ExecuteOptions{Propagate: to, WhenDone: done}); err != nil {
		t.Error(err)
	}
	return c
}

// What a called command does when its wait is over is propagated to whom the call
// allowed, whether or not somebody listened at the time of the call.
func TestCallWaits(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	var got []string
	listen := func(s *Server) {
		for _, to := range []struct {
			Target
			name string
		}{{ToAOF, "aof"}, {ToReplicas, "repl"}} {
			s.SetPropagation(to.Target, func(_ int, cmd []byte) {
				if strings.Contains(strings.ToUpper(string(cmd)), "LPOP") {
					got = append(got, to.name)
				}
			})
		}
	}
	for _, tc := range []struct {
		to   Target
		want []string
	}{
		{0, nil}, {ToAll, []string{"aof", "repl"}}, {ToAOF, []string{"aof"}}, {ToReplicas, []string{"repl"}},
	} {
		for _, early := range []bool{true, false} {
			replies := 0
			var c *Client
			l.on(func(s *Server) {
				got = nil
				s.SetPropagation(ToAOF, nil)
				s.SetPropagation(ToReplicas, nil)
				if early {
					listen(s)
				}
				c = s.called(t, tc.to, func(c *Client) {
					replies++
					if out := string(c.Output()); out != "*2\r\n$1\r\nk\r\n$1\r\nv\r\n" {
						t.Errorf("the reply is %q", out)
					}
				}, "blpop", "k", "0")
				if !c.Waits() || s.Stats.Blocked != 0 {
					t.Errorf("the call waits: %v; blocked clients: %d", c.Waits(), s.Stats.Blocked)
				}
				listen(s)
			})
			w.expect("lpush k v", "1", "llen k", "0")
			l.on(func(s *Server) {
				slices.Sort(got)
				if !slices.Equal(got, tc.want) || replies != 1 || c.Waits() {
					t.Errorf("to %d, early %v: propagated to %q, want %q; %d replies", tc.to, early, got, tc.want, replies)
				}
			})
		}
	}
}

// An abandoned call leaves nothing behind, and is abandoned once.
func TestAbandon(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		never := func(*Client) { t.Error("an abandoned call had a reply") }
		for _, args := range [][]string{{"blpop", "k", "0"}, {"blpop", "k", "100"}, {"wait", "1", "0"}} {
			c := s.called(t, 0, never, args...)
			if !s.Abandon(c) || s.Abandon(c) {
				t.Errorf("%q was not abandoned once", args)
			}
		}
		if w := &s.waits; w.count != 0 || w.timed != 0 || len(w.queues) != 0 {
			t.Errorf("%d wait, %d with a limit, for %d keys", w.count, w.timed, len(w.queues))
		}
		if c := s.called(t, 0, never, "ping"); c.Waits() || s.Abandon(c) || c.whenDone != nil {
			t.Error("PING waits")
		}
	})
}

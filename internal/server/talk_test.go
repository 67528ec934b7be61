package server

import (
	"fmt"
	"strings"
	"testing"

	"berth/internal/config"
	"berth/internal/resp"
)

// talker runs commands on a server without a socket.
type talker struct {
	t *testing.T
	s *Server
	c *Client
}

// talk makes a server from a configuration text, and a client for it.
func talk(t *testing.T, conf string) *talker {
	t.Helper()
	s, err := New(Options{Configure: func(s *Server) error { return s.Config.LoadText(conf) }})
	if err != nil {
		t.Fatal(err)
	}
	s.life.started = true
	t.Cleanup(func() {
		s.Close()
		_ = s.Loop.Close() // nothing runs on it any more
	})
	return &talker{t: t, s: s, c: s.NewFakeClient(FakeOptions{})}
}

// do runs one command, cut at spaces or quoted as in a configuration, and
// gives its reply in one line.
func (k *talker) do(line string) string {
	k.t.Helper()
	args, err := config.Split(line)
	if err != nil {
		k.t.Fatal(err)
	}
	request := resp.AppendArray(nil, len(args))
	for _, arg := range args {
		request = resp.AppendBulkString(request, arg)
	}
	k.s.processInput(k.c, request)
	var parts []string
	for out := k.c.TakeOutput(); len(out) > 0; {
		r, n, err := resp.ParseReply(out)
		if err != nil {
			k.t.Fatalf("%s: %v in %q", line, err, out)
		}
		parts = append(parts, inOneLine(&r))
		out = out[n:]
	}
	return strings.Join(parts, " + ")
}

// expect runs commands and compares their replies; pairs of both.
func (k *talker) expect(pairs ...string) {
	k.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := k.do(pairs[i]); got != pairs[i+1] {
			k.t.Errorf("%s: got %s, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

// inOneLine shows a reply: texts as they are, aggregates in brackets.
func inOneLine(r *resp.Reply) string {
	elems := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, inOneLine(r.Elem(i)))
		}
		return strings.Join(list, " ")
	}
	switch r.Kind {
	case resp.KindNull:
		return "nil"
	case resp.KindInt:
		return fmt.Sprint(r.Int)
	case resp.KindBool:
		return fmt.Sprint(r.Bool())
	case resp.KindDouble:
		return fmt.Sprint(r.Double)
	case resp.KindArray, resp.KindPush:
		return "[" + elems(r.Len) + "]"
	case resp.KindSet:
		return "{" + elems(r.Len) + "}"
	case resp.KindMap:
		var list []string
		for i := range r.Len {
			key, value := r.Pair(i)
			list = append(list, inOneLine(key)+":"+inOneLine(value))
		}
		return "{" + strings.Join(list, " ") + "}"
	case resp.KindError:
		return "-" + string(r.Str)
	}
	return string(r.Str)
}

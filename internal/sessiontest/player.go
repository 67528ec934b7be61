package sessiontest

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/resp"
	"berth/internal/testkit"
)

const (
	// patience is how long a reply may take, until one has failed to come.
	patience = 10 * time.Second
	// hurry is how long a reply may take from then on.
	hurry = 100 * time.Millisecond
	// silence is how long a connection must say nothing to be called silent.
	silence = 30 * time.Millisecond
	// settling is how long a command may take to be blocked.
	settling = 200 * time.Millisecond
)

// player plays a script to one server.
type player struct {
	t      *testing.T
	srv    *testkit.Server
	script *Script
	// oracle says which of the expectations count.
	oracle bool
	conns  map[string]*peer
	// control is a connection for the player's own questions.
	control *testkit.Conn
	// replies are those that were not as expected, by step.
	replies map[int][]string
	// patience is how long a reply may take.
	patience time.Duration
}

// peer is a connection of the script.
type peer struct {
	*testkit.Conn
	id string
}

// Play plays a script to a server that was started for it and gives the replies
// that were not as expected, by the index of the step. Each is an error of the
// test as well, unless quiet.
func Play(t *testing.T, s *Script, srv *testkit.Server, oracle, quiet bool) map[int][]string {
	t.Helper()
	p := &player{t: t, srv: srv, script: s, oracle: oracle, conns: map[string]*peer{}, replies: map[int][]string{}, patience: patience}
	for i, step := range s.Steps {
		if step.Act == Do {
			p.directive(step)
			continue
		}
		want := step.Want
		switch {
		case !oracle && step.Want72 != nil:
			want = step.Want72
		case oracle && len(step.Want) == 0 && step.Want72 != nil:
			want = []string{"..."}
		}
		got, ok := p.step(step, want)
		if ok {
			continue
		}
		p.replies[i] = got
		if !quiet {
			t.Errorf("%s:%d: %s\n%s replies:\n%s\nexpected:\n%s", s.Path, step.Line, strings.Join(step.Args, " "), srv.Name,
				indent(got), indent(want))
		}
		if slices.Contains(got, closed) {
			delete(p.conns, step.Conn)
		}
	}
	return p.replies
}

// indent shows the lines of a reply, long ones cut.
func indent(lines []string) string {
	const most = 400
	var out strings.Builder
	for i, line := range lines {
		if i == 100 {
			out.WriteString("\t...")
			break
		}
		if len(line) > most {
			line = line[:most] + "..."
		}
		out.WriteString("\t" + line + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// conn is the connection of a name; a new one is opened.
func (p *player) conn(name string) *peer {
	p.t.Helper()
	c, ok := p.conns[name]
	if !ok {
		c = &peer{Conn: p.srv.Dial()}
		c.Send("CLIENT", "ID")
		// A server that wants a password first tells no id.
		if r := c.Read(); r.Kind == resp.KindInt {
			c.id = strconv.FormatInt(r.Int, 10)
		}
		p.conns[name] = c
	}
	return c
}

// substitute puts the server's own values in, and the ids of connections.
func (p *player) substitute(args []string) []string {
	vars := strings.NewReplacer("$SOCKET", p.srv.Socket, "$PORT", strconv.Itoa(p.srv.Port), "$DIR", p.srv.Dir)
	out := make([]string, len(args))
	for i, arg := range args {
		if name, ok := strings.CutPrefix(arg, "$ID:"); ok {
			out[i] = p.conn(name).id
			continue
		}
		out[i] = vars.Replace(arg)
	}
	return out
}

// step does one step and compares what comes.
func (p *player) step(step Step, want []string) (got []string, ok bool) {
	p.t.Helper()
	c := p.conn(step.Conn)
	first := ""
	if len(want) == 1 {
		first = want[0]
	}
	args := p.substitute(step.Args)
	if step.Act != Read {
		c.Send(args...)
	}
	wait := p.patience
	switch first {
	case later:
		p.settle(c, args[0])
		return want, true
	case nothing:
		wait = silence
	}
	for deadline := time.Now().Add(p.patience); ; {
		r, err := c.Next(wait)
		switch {
		case errors.Is(err, testkit.ErrQuiet):
			if first != nothing {
				p.patience = hurry
			}
			return []string{nothing}, first == nothing
		case errors.Is(err, io.EOF):
			delete(p.conns, step.Conn)
			return []string{closed}, first == closed
		case err != nil:
			p.t.Fatalf("%s:%d: %v", p.script.Path, step.Line, err)
		}
		got, ok = matches(want, &r)
		if ok || step.Act != Poll || time.Now().After(deadline) {
			return got, ok
		}
		time.Sleep(5 * time.Millisecond)
		c.Send(args...)
	}
}

// settle waits until the server has taken a command that replies later, so that
// what other connections do comes after it.
func (p *player) settle(c *peer, name string) {
	if p.control == nil {
		p.control = p.srv.Dial()
	}
	for deadline := time.Now().Add(settling); c.id != "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r := p.control.Do("CLIENT", "LIST", "ID", c.id)
		for _, field := range strings.Fields(string(r.Str)) {
			if flags, is := strings.CutPrefix(field, "flags="); is && strings.Contains(flags, "b") {
				return
			}
		}
	}
}

// directive carries a directive out. One that fails ends the test.
func (p *player) directive(step Step) {
	p.t.Helper()
	// name is an optional connection at the end.
	name := func(at int) string {
		if len(step.Args) > at {
			return step.Args[at]
		}
		return ""
	}
	fail := func(what any) { p.t.Fatalf("%s:%d: %v", p.script.Path, step.Line, what) }
	args := p.substitute(step.Args)
	switch args[0] {
	case "loadmodule":
		so := testkit.BuildModule(p.t, args[1])
		r := p.conn("").Do(append([]string{"MODULE", "LOAD", so}, args[2:]...)...)
		if r.Kind == resp.KindError {
			fail(string(r.Str) + "\n" + p.srv.Log())
		}
	case "resp":
		r := p.conn(name(2)).Do("HELLO", args[1])
		if r.Kind == resp.KindError {
			fail(string(r.Str))
		}
	case "send":
		if len(args) == 3 {
			p.conn(args[1]).Write([]byte(args[2]))
		} else {
			p.conn("").Write([]byte(args[1]))
		}
	case "close":
		p.conn(name(1)).Close()
		delete(p.conns, name(1))
	case "sleep":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			fail(err)
		}
		time.Sleep(d)
	}
}

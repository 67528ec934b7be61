package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"berth/internal/persist/aof"
)

// replay runs the commands of a file.
type replay struct {
	s    *Server
	c    *Client
	name string
	// before are the bytes of the files that are loaded already.
	before int64
	// good is how far the file makes sense, and beforeMulti where the transaction
	// begins that is being read.
	good, beforeMulti int64
	delay             int64 // nanoseconds
	// What the server was doing.
	client, current *Client
}

// replaySteps is how many commands run between two looks at clients.
const replaySteps = 1024

// newReplay makes ready to run the commands of a file; end follows.
func (s *Server) newReplay(name string, before int64) *replay {
	p := &replay{s: s, name: name, before: before, client: s.exec.client, current: s.exec.current}
	p.delay = keyDelay(s.Config.Int("key-load-delay"))
	p.c = s.NewFakeClient(FakeOptions{Flags: FlagDenyBlocking | FlagExecuting})
	s.exec.client, s.exec.current, s.exec.replaying = p.c, p.c, true
	return p
}

// end has the server go on with what it was doing.
func (p *replay) end() {
	p.c.discard()
	p.s.exec.client, p.s.exec.current, p.s.exec.replaying = p.client, p.current, false
}

// run runs commands until there are no more. The error is one of package aof, or
// ErrAOFReplay.
func (p *replay) run(r *aof.Reader) error {
	err := p.commands(r)
	if p.c.multi != nil && (err == nil || errors.Is(err, aof.ErrTruncated)) {
		// What is appended must not become part of it.
		p.s.Log(LogWarning, "Revert incomplete MULTI/EXEC transaction in AOF file %s", p.name)
		p.good = p.beforeMulti
		return aof.ErrTruncated
	}
	p.s.LoadingProgress(p.before + p.good)
	return err
}

func (p *replay) commands(r *aof.Reader) error {
	p.good = r.Offset()
	for n := 1; ; n++ {
		argv, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.command(argv); err != nil {
			return fmt.Errorf("%w, at offset %d", err, p.good)
		}
		p.good = r.Offset()
		if n%replaySteps == 0 {
			p.s.loading.loaded = p.before + p.good
			p.s.serveLoading()
		}
		sleep(p.delay)
	}
}

// command runs one command, or keeps it for the end of the transaction.
func (p *replay) command(argv [][]byte) error {
	cmd := p.c.lastCmd
	if cmd == nil || cmd.Subcommands != nil || cmd.Parent != nil || !equalFold(argv[0], cmd.Name) {
		if cmd = p.s.LookupArgv(argv); cmd == nil {
			name := cut(argv[0], maxShown)
			p.s.Log(LogWarning, "Unknown command '%s' reading the append only file %s", name, p.name)
			return fmt.Errorf("%w: unknown command '%s'", ErrAOFReplay, name)
		}
		p.c.lastCmd = cmd
	}
	if cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity {
		return fmt.Errorf("%w: wrong number of arguments for '%s' command", ErrAOFReplay, cmd.FullName())
	}
	switch {
	case cmd.Name == "exec":
		p.exec()
	case p.c.multi != nil:
		if !replayable(cmd) {
			return fmt.Errorf("%w: '%s'", ErrAOFReplay, cmd.FullName())
		}
		p.c.queueCommand(cmd, argv)
	case cmd.Name == "multi":
		p.beforeMulti = p.good
		p.call(cmd, argv)
	case replayable(cmd):
		p.call(cmd, argv)
	default:
		return fmt.Errorf("%w: '%s'", ErrAOFReplay, cmd.FullName())
	}
	return nil
}

// replayable reports whether a command may be in an append-only file. One that is
// about connections, or the server, is not: it could do harm. Old files have commands about
// the cache of scripts, for the scripts that they call.
func replayable(cmd *Command) bool {
	switch {
	case cmd.Owner != nil:
		return true
	case cmd.Name == "migrate":
		return false // it would talk to another server
	}
	return cmd.Flags&Write != 0 || cmd.Flags&Admin == 0 && cmd.Flags&(ReadOnly|MayReplicate) != 0 ||
		cmd.Name == "select" || cmd.Name == "ping" || cmd.Name == "script|load" || cmd.Name == "script|flush"
}

// call runs a command. Nobody counts it, and nobody is told of it.
func (p *replay) call(cmd *Command, argv [][]byte) {
	s, c := p.s, p.c
	s.EnterUnit()
	c.cmd, c.argv = cmd, argv
	cmd.Handler(c, argv)
	s.LeaveUnit()
	if out := c.Output(); len(out) > 0 && out[0] == '-' {
		s.Stats.UnexpectedErrors++
		text, _, _ := bytes.Cut(out[1:], []byte("\r\n"))
		s.Log(LogWarning, "== CRITICAL == This server is sending an error to its AOF-loading-client: '%s' after processing the command '%s'",
			text, cmd.FullName())
	}
	if c.ResetOutput(); cap(c.out) > chunkSize {
		c.out = nil
	}
}

// exec runs a transaction.
func (p *replay) exec() {
	m := p.c.multi
	if m == nil {
		return // as in Redis, an error that nobody hears
	}
	p.s.exec.inExec = true
	for _, q := range m.queue {
		p.call(q.cmd, q.argv)
	}
	p.s.exec.inExec = false
	p.c.discard()
}

package server

import "berth/internal/resp"

// What changes the data set is propagated: to the append-only file, and to
// replicas. It goes as commands that have the same effect wherever and whenever
// they run again. Commands gather while a unit runs, see EnterUnit, and leave
// together at its end, in a transaction if they are several. With nobody
// listening a command pays one test.

// Target says whom a command is propagated to.
type Target uint8

// The targets.
const (
	ToAOF Target = 1 << iota
	ToReplicas

	// ToAll is whoever listens.
	ToAll = ToAOF | ToReplicas
)

// propagateState is what waits to be propagated, and to whom.
type propagateState struct {
	// to is whom the running code propagates to: 0 when nobody listens, and
	// inside a module's call that is not to be propagated.
	to Target
	// listening are all who have a sink.
	listening Target
	muted     bool
	sinks     []propagationSink

	// cmds are the commands of the running unit, one behind the other in args.
	cmds []propagated
	args CommandWriter
	// instead has the commands that handlers which are still running want
	// propagated in place of their own; of nested ones the innermost is last.
	instead CommandWriter
}

// propagated is one command that waits for the end of the unit.
type propagated struct {
	db, end int
	to      Target
}

// propagationSink takes what is propagated to a target. db is below zero for what
// belongs to no database. cmd is good during the call.
type propagationSink struct {
	to   Target
	take func(db int, cmd []byte)
}

// propagation is what a handler has said about the propagation of its command.
type propagation struct {
	// from is where the command begins that takes its place, plus one; 0 for
	// none.
	from int
	// force and prevent are targets that get it although nothing changed, or do
	// not although something did.
	force, prevent Target
}

// SetPropagation has what is propagated to a target given to take from the end of
// the running unit on, to nobody when it is nil.
func (s *Server) SetPropagation(to Target, take func(db int, cmd []byte)) {
	if s.exec.depth == 0 {
		s.setSink(to, take)
		return
	}
	// A handler that began to tell what is propagated must find it unchanged.
	s.AfterUnit(func() {
		s.propagatePending()
		s.setSink(to, take)
	})
}

func (s *Server) setSink(to Target, take func(db int, cmd []byte)) {
	p := &s.propagate
	var sinks []propagationSink
	p.listening = 0
	for _, sink := range p.sinks {
		if sink.to != to {
			sinks = append(sinks, sink)
			p.listening |= sink.to
		}
	}
	if take != nil {
		sinks = append(sinks, propagationSink{to, take})
		p.listening |= to
	}
	p.sinks = sinks
	p.update()
}

func (p *propagateState) update() {
	p.to = p.listening
	if p.muted {
		p.to = 0
	}
}

// mute has what follows propagated to nobody, or again to those who listen, and
// returns what was before. Keys that expire or are evicted are told of in any
// case.
func (s *Server) mute(on bool) (before bool) {
	p := &s.propagate
	before = p.muted
	p.muted = on
	p.update()
	return before
}

// propagateCall propagates a command that has run, if it changed something.
func (s *Server) propagateCall(c *Client, cmd *Command, argv [][]byte, changed bool) {
	p := &s.propagate
	r := c.propagation
	c.propagation = propagation{}
	var to Target
	if changed {
		to = ToAll
	}
	to = (to | r.force) &^ r.prevent & p.to
	if c.Flags&(FlagModulePreventAOF|FlagModulePreventRepl) != 0 {
		if c.Flags&FlagModulePreventAOF != 0 {
			to &^= ToAOF
		}
		if c.Flags&FlagModulePreventRepl != 0 {
			to &^= ToReplicas
		}
	}
	// EXEC is told by what it ran, and modules tell of theirs themselves.
	if to != 0 && cmd.Flags&Module == 0 && cmd.Name != "exec" {
		if r.from != 0 {
			p.args.b = append(p.args.b, p.instead.b[r.from-1:]...)
		} else {
			p.args.argv(argv)
		}
		p.gather(c.DB, to)
		s.exec.unitWork = true
	}
	if r.from != 0 {
		p.instead.b = p.instead.b[:r.from-1]
		p.instead.shrink()
	}
}

// propagateLater takes the command that was written to args since the last one.
// Outside of a unit it goes out at once.
func (s *Server) propagateLater(db int, to Target) {
	s.propagate.gather(db, to)
	s.exec.unitWork = true
	if s.exec.depth == 0 {
		s.finishUnit()
	}
}

func (p *propagateState) gather(db int, to Target) {
	p.cmds = append(p.cmds, propagated{db, len(p.args.b), to})
}

// Propagating reports whether anybody listens to what the running code changes.
func (s *Server) Propagating() bool { return s.propagate.to != 0 }

// Propagate propagates a command besides the running one. argv is not kept.
func (s *Server) Propagate(db int, argv [][]byte, to Target) {
	if to &= s.propagate.to; to != 0 {
		s.propagate.args.argv(argv)
		s.propagateLater(db, to)
	}
}

// propagateGone tells of a key that went by itself: its time was over, or memory
// was short.
func (s *Server) propagateGone(db int, key []byte, unlink bool) {
	p := &s.propagate
	if p.listening == 0 {
		return
	}
	word := "DEL"
	if unlink {
		word = "UNLINK"
	}
	p.args.Begin(2).Word(word).Arg(key)
	s.propagateLater(db, p.listening)
}

// propagatePending gives away what the unit has gathered.
func (s *Server) propagatePending() {
	p := &s.propagate
	cmds, args := p.cmds, p.args.b
	if len(cmds) == 0 {
		return
	}
	together := len(cmds) > 1
	if c := s.exec.current; c != nil && c.cmd != nil && c.cmd.Flags&TouchesArbitraryKeys != 0 {
		// The keys that such a command met and that are gone have nothing to
		// do with each other.
		together = false
	}
	if together {
		p.give(-1, ToAll, wordMulti)
	}
	from := 0
	for _, cmd := range cmds {
		p.give(cmd.db, cmd.to, args[from:cmd.end])
		from = cmd.end
	}
	if together {
		p.give(-1, ToAll, wordExec)
	}
	p.cmds = p.cmds[:0]
	p.args.b = p.args.b[:0]
	p.args.shrink()
}

// What stands around the commands of a transaction.
var (
	wordMulti = resp.AppendBulkString(resp.AppendArray(nil, 1), "MULTI")
	wordExec  = resp.AppendBulkString(resp.AppendArray(nil, 1), "EXEC")
)

func (p *propagateState) give(db int, to Target, cmd []byte) {
	for _, sink := range p.sinks {
		if sink.to&to != 0 {
			sink.take(db, cmd)
		}
	}
}

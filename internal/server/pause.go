package server

import (
	"time"

	"berth/loop"
)

// PauseKind says which commands wait while clients are paused.
type PauseKind uint8

// The kinds of pause. A stronger one is not weakened by a later call.
const (
	PauseNone PauseKind = iota
	PauseWrite
	PauseAll
)

// pauseState is CLIENT PAUSE.
type pauseState struct {
	kind      PauseKind
	until     int64
	timer     loop.TimerID
	postponed []*Client
}

// Pause makes commands wait for d: all, or those that write. A pause that lasts
// longer or is stronger already stays so.
func (s *Server) Pause(kind PauseKind, d time.Duration) {
	p := &s.blocked.pause
	p.kind = max(p.kind, kind)
	until := nanotime() + int64(d)
	if until < 0 || until < p.until {
		until = max(p.until, 0)
	}
	p.until = until
	if p.timer != 0 {
		s.Loop.RemoveTimer(p.timer)
	}
	p.timer = s.Loop.AddTimer(time.Duration(until-nanotime()), func(loop.TimerID) time.Duration {
		p.timer = 0
		s.Unpause()
		return loop.NoMore
	}, nil)
}

// Unpause ends a pause; the commands that waited run.
func (s *Server) Unpause() {
	p := &s.blocked.pause
	if p.timer != 0 {
		s.Loop.RemoveTimer(p.timer)
	}
	postponed := p.postponed
	*p = pauseState{}
	for _, c := range postponed {
		if c.Flags&flagPostponed != 0 {
			c.Flags &^= FlagBlocked
			s.Stats.Blocked--
			s.resumeClient(c)
		}
	}
}

// Paused is the kind of pause in force.
func (s *Server) Paused() PauseKind { return s.blocked.pause.kind }

// isPausedFor reports whether the command must wait.
func (s *Server) isPausedFor(c *Client, cmd *Command) bool {
	if c.Flags&(FlagReplica|FlagFake) != 0 {
		return false
	}
	if s.blocked.pause.kind == PauseAll {
		return true
	}
	flags := s.flagsOf(cmd, c.argv)
	if cmd.Name == "exec" && c.multi != nil {
		flags |= c.multi.flags
	}
	return flags&(Write|MayReplicate) != 0
}

// postpone keeps a command until the pause is over.
func (s *Server) postpone(c *Client, cmd *Command, argv [][]byte) {
	c.Flags |= flagPostponed | FlagBlocked
	c.cmd = cmd
	c.later = copyArgs(argv)
	c.argv = c.later // what it was lies in the loop's buffer
	s.Stats.Blocked++
	s.blocked.pause.postponed = append(s.blocked.pause.postponed, c)
}

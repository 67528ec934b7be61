package server

import (
	"time"

	"berth/internal/resp"
)

// Yield runs the loop for a moment inside a long command, so that clients get at
// least an answer: busy with the given text, unless a command may run then. The
// client whose command it is stays as it is meanwhile. The host lock stays held, by
// whatever thread has it.
func (s *Server) Yield(busy string) error { return s.yield(busy, false) }

// yield is Yield; with noClients set, what clients send waits for the command's
// end.
func (s *Server) yield(busy string, noClients bool) error {
	if s.fork.child {
		return nil // the loop and the clients are the parent's
	}
	oldBusy, oldClients := s.exec.busyReply, s.exec.noClients
	s.exec.busyReply, s.exec.noClients = busy, noClients
	s.exec.yielding++
	c := s.exec.current
	if c != nil && c.Flags&FlagProtected == 0 {
		c.Flags |= FlagProtected
		defer func() { c.Flags &^= FlagProtected }()
	}
	// The running request's list of arguments is in what the next one's would overwrite.
	scratch := s.net.scratch
	s.net.scratch = resp.Scratch{}
	start, inner := nanotime(), s.meter.inner
	// More than once, for what is read in one round is answered in the next.
	var err error
	for n, rounds := 1, 0; err == nil && n != 0 && rounds < yieldRounds; rounds++ {
		n, err = s.Loop.RunEvents()
	}
	s.meter.inner = inner + nanotime() - start // the callback that yields did not hold the loop
	s.net.scratch = scratch
	s.exec.yielding--
	s.exec.busyReply, s.exec.noClients = oldBusy, oldClients
	return err
}

// YieldNow is Yield for who calls it again and again: it runs the loop when the
// command has taken longer than busy-reply-threshold, and as often as hz says
// from then on, or from the beginning while data are loaded. next is the caller's
// to keep, and zero in the beginning. Inside of another Yield nothing happens, nor
// while a key is about to go.
func (s *Server) YieldNow(next *int64, busy string, clients bool) {
	if s.exec.yielding != 0 || s.Frozen() {
		return
	}
	now := nanotime()
	period := int64(time.Second) / int64(max(1, s.Settings.Hz))
	switch {
	case *next != 0:
	case s.loading.on:
		*next = now + period
	default:
		*next = s.clock.now + min(s.Config.Int("busy-reply-threshold"), yieldNever)*int64(time.Millisecond)
	}
	if now < *next {
		return
	}
	// While data are loaded no client gets more than an error.
	if err := s.yield(busy, !clients && !s.loading.on); err != nil {
		s.Log(LogWarning, "Serving clients inside a long command: %v", err)
	}
	*next = now + period
}

// yieldRounds is how often the loop runs at most each time: whoever floods the server
// must not keep it from the command.
const yieldRounds = 4

// yieldNever is more milliseconds than any command takes.
const yieldNever = 1 << 40

// postponeToUnit keeps a command until the running unit is over.
func (s *Server) postponeToUnit(c *Client, cmd *Command, argv [][]byte) {
	c.Flags |= flagPostponed | FlagBlocked
	c.cmd = cmd
	c.later = copyArgs(argv)
	c.argv = c.later // what it was lies in the loop's buffer
	s.Stats.Blocked++
	s.AfterUnit(func() {
		if c.Flags&flagPostponed != 0 {
			c.Flags &^= FlagBlocked
			s.Stats.Blocked--
			s.resumeClient(c)
		}
	})
}

package server

import (
	"math"
	"slices"
	"strconv"
	"time"
)

const (
	// slowArgs is how many arguments of a command the slow log keeps.
	slowArgs = 32
	// slowBytes is how much of each it keeps.
	slowBytes = 128
	// redactedText stands for an argument that must not be shown.
	redactedText = "(redacted)"
)

// slowState is the slow log, the newest entry last.
type slowState struct {
	entries []slowEntry
	nextID  int64
	// threshold is from what duration on a command is slow, in nanoseconds.
	threshold int64
	// from is the same for the slow log and the latency monitor together.
	from int64
}

// slowEntry is one command that was slow.
type slowEntry struct {
	id, unix, micros int64
	args             []string
	addr, name       string
}

// applySlowlog takes over the parameters of the slow log.
func (s *Server) applySlowlog() error {
	micros := s.Config.Values.SlowlogThreshold
	s.slow.threshold = math.MaxInt64 // never
	if micros >= 0 && micros < math.MaxInt64/int64(time.Microsecond) {
		s.slow.threshold = micros * int64(time.Microsecond)
	}
	_ = s.applyLatency()
	s.slow.from = min(s.slow.threshold, s.latency.threshold)
	s.slow.trim(s.Config.Values.SlowlogMaxLen)
	return nil
}

// trim drops the oldest entries above a number.
func (l *slowState) trim(most uint64) {
	if over := len(l.entries) - int(min(most, math.MaxInt32)); over > 0 {
		l.entries = slices.Delete(l.entries, 0, over)
	}
}

// afterCall shows a command that ran to monitors and keeps a slow one.
func (s *Server) afterCall(c *Client, cmd *Command, argv [][]byte, nanos int64) {
	if nanos >= s.slow.threshold && c.Flags&(FlagBlocked|flagUncounted) == 0 {
		s.noteSlow(c, cmd, argv, nanos)
	}
	if nanos >= s.latency.threshold {
		event := "command"
		if cmd.Flags&Fast != 0 {
			event = "fast-command"
		}
		s.noteLatency(event, nanos)
	}
	if len(s.monitors) != 0 && cmd.Flags&(SkipMonitor|Admin) == 0 && c.Flags&FlagReprocessing == 0 {
		s.feedMonitors(c, argv)
	}
}

// noteSlow puts a command into the slow log.
func (s *Server) noteSlow(c *Client, cmd *Command, argv [][]byte, nanos int64) {
	if cmd.Flags&SkipSlowlog != 0 {
		return
	}
	l := &s.slow
	l.entries = append(l.entries, slowEntry{
		id: l.nextID, unix: s.Unixtime(), micros: nanos / int64(time.Microsecond), args: c.slowArgs(argv), addr: c.Addr(), name: c.Name,
	})
	l.nextID++
	l.trim(s.Config.Values.SlowlogMaxLen)
}

// slowArgs are the arguments as the slow log keeps them: not too many, and not
// too much of each.
func (c *Client) slowArgs(argv [][]byte) []string {
	n := min(len(argv), slowArgs)
	args := make([]string, n)
	for i := range args {
		switch arg := argv[i]; {
		case n != len(argv) && i == n-1:
			args[i] = "... (" + strconv.Itoa(len(argv)-n+1) + " more arguments)"
		case c.isRedacted(i):
			args[i] = redactedText
		case len(arg) > slowBytes:
			args[i] = string(arg[:slowBytes]) + "... (" + strconv.Itoa(len(arg)-slowBytes) + " more bytes)"
		default:
			args[i] = string(arg)
		}
	}
	return args
}

// Redact marks an argument of the running command as one that neither the slow
// log nor monitors may show; 0 is the command's name.
func (c *Client) Redact(arg int) {
	c.redacted = append(c.redacted, arg)
	c.Flags |= flagRedacted
}

// ArgCount is the number of arguments of the running command, its name included.
func (c *Client) ArgCount() int { return len(c.argv) }

func (c *Client) isRedacted(arg int) bool {
	return c.Flags&flagRedacted != 0 && slices.Contains(c.redacted, arg)
}

// forgetRedacted takes the marks off when another command begins.
func (c *Client) forgetRedacted() {
	c.redacted = nil
	c.Flags &^= flagRedacted
}

package server

import (
	"errors"
	"time"
)

// The errors that end a script from outside, with the words that its caller gets.
var (
	errScriptKilled = errors.New("Script killed by user with SCRIPT KILL...")
	errServerExits  = errors.New("Script ended by the end of the server")
	errLoadTimeout  = errors.New("FUNCTION LOAD timeout")
)

// The words for clients that are served while a script is slow.
const (
	busyEval     = "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	busyFunction = "Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
)

// busy is what clients are told while the script is slow, and kill the command that
// ends it.
func (r *scriptRun) busy() (text, kill string) {
	if r.eval {
		return busyEval, "SCRIPT KILL"
	}
	return busyFunction, "FUNCTION KILL"
}

// servePeriod is how long a slow script runs between two rounds in which clients are
// served.
const servePeriod = 5 * time.Millisecond

// Tick implements script.Host. Once the script is slow it has clients served, who can
// do little more than to end it. The error does that.
func (h *scriptHost) Tick() error {
	if l := h.loading; l != nil {
		return l.tick()
	}
	s, r := h.s, h.s.scripts.run
	if r == nil {
		return nil
	}
	if r.killed {
		return errScriptKilled // it caught the error that was to end it
	}
	// A key that is about to go, or another command that is slow, come first.
	if s.exec.yielding != 0 || s.Frozen() {
		return nil
	}
	now := nanotime()
	text, kill := r.busy()
	if r.next == 0 {
		limit := s.Config.Int("busy-reply-threshold")
		ran := (now - r.began) / int64(time.Millisecond)
		if limit <= 0 || ran < limit {
			return nil
		}
		s.Log(LogWarning, "Slow script detected: still in execution after %d milliseconds. "+
			"You can try killing the script using the %s command. Script name is: %s.", ran, kill, r.name)
	} else if now < r.next {
		return nil
	}
	if err := s.yield(text, false); err != nil {
		s.Log(LogWarning, "Serving clients while a script runs: %v", err)
	}
	r.next = nanotime() + int64(servePeriod)
	if s.life.exiting {
		return errServerExits
	}
	if r.killed {
		s.Log(LogNotice, "Lua script killed by user with SCRIPT KILL.")
		return errScriptKilled
	}
	return nil
}

// killScript is SCRIPT KILL, or FUNCTION KILL.
func (c *Client) killScript(eval bool) {
	s := c.srv
	r := s.scripts.run
	switch {
	case r == nil:
		c.WriteError("NOTBUSY No scripts in execution right now.")
	case r.caller.mustObey():
		c.WriteError("UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed.")
	case r.wrote:
		c.WriteError("UNKILLABLE Sorry the script already executed write commands against the dataset. " +
			"You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.")
	case eval != r.eval:
		text, _ := r.busy()
		c.WriteError("BUSY " + text)
	default:
		r.killed = true
		c.WriteOK()
	}
}

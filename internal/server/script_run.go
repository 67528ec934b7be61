package server

import (
	"strings"

	"berth/internal/script"
)

// scriptRun is a script that runs.
type scriptRun struct {
	// eval says that it came by EVAL or EVALSHA, and is no function.
	eval bool
	// caller called the script; its arguments are those of the call.
	caller *Client
	// name is what the script is called in texts: its SHA1, or the function's name.
	name string
	// readOnly refuses commands that write, anyOOM runs them when memory is short.
	readOnly, anyOOM bool
	// wrote is set once a command was called that may write: what was begun then ends.
	wrote bool
	// repl is whom commands are propagated to.
	repl Target
	// began is when it began, and next when clients are served again, in nanoseconds; 0
	// as long as the script is not slow.
	began, next int64
	// killed is set when somebody asked for its end.
	killed bool
}

// scriptFlagsOfClient are what a client that runs the commands of scripts has.
const scriptFlagsOfClient = FlagScript | FlagDenyBlocking

// errTextNested is what a script is told that is called inside of another one: by a
// command of a module's, for scripts themselves cannot.
const errTextNested = "ERR A script is running already, and scripts can not be nested"

// beginScript makes ready to run a script for a client, or replies why it must not run.
// ro says that it was called so that it may not write. Behind it goes endScript.
func (s *Server) beginScript(c *Client, name string, flags script.Flags, compat, ro bool) bool {
	if s.scripts.run != nil {
		c.WriteError(errTextNested)
		return false
	}
	allowOOM := c.Flags&FlagAllowOOM != 0
	if !compat {
		if text := s.refuseScript(c, flags, ro); text != "" {
			c.WriteError(text)
			return false
		}
		allowOOM = allowOOM || flags&script.AllowOOM != 0
	}
	k := s.scripts.host.client
	k.Flags = FlagFake | FlagAuthenticated | flagOutput | scriptFlagsOfClient
	if s.exec.replaying {
		k.Flags |= flagUncounted
	}
	k.DB, k.User = c.DB, c.User
	s.scripts.one = scriptRun{
		caller: c, name: name, anyOOM: allowOOM, repl: ToAll, began: nanotime(),
		readOnly: ro || !compat && flags&script.NoWrites != 0,
	}
	s.scripts.run = &s.scripts.one
	return true
}

// refuseScript says why a script that tells what it does must not run, "" if it may.
func (s *Server) refuseScript(c *Client, flags script.Flags, ro bool) string {
	if flags&script.NoWrites != 0 {
		return ""
	}
	text := s.persist.diskError
	if text != "" && text != ErrTextNoReplicas && !c.mustObey() {
		const blocked = "Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
		if text == ErrTextMisconf {
			return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " + blocked
		}
		why := strings.TrimPrefix(text, errTextAppend)
		return "MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. " + blocked + " AOF error: " + why
	}
	if ro {
		return "ERR Can not execute a script with write flag using *_ro command."
	}
	if text == ErrTextNoReplicas {
		return text
	}
	if flags&script.AllowOOM == 0 && s.memoryShort(c) {
		return "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
	}
	return ""
}

// endScript ends what beginScript began. The effects of a script are propagated, not
// its call.
func (s *Server) endScript() {
	r := s.scripts.run
	if k := s.scripts.host.client; cap(k.out) > keptCommands {
		k.out = nil
	}
	r.caller.notPropagated()
	s.scripts.run = nil
	s.scripts.one = scriptRun{}
}

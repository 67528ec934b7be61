package server

import "errors"

// Reasons why Execute refuses a command. The error's text is the reply that a
// module gets when it asks for errors as replies.
var (
	// ErrUnknownCommand is returned when there is no such command.
	ErrUnknownCommand = errors.New("server: unknown command")
	// ErrArity is returned for a wrong number of arguments.
	ErrArity = errors.New("server: wrong number of arguments")
	// ErrNotInScript is returned in script mode for what scripts must not do.
	ErrNotInScript = errors.New("server: command not allowed in script mode")
	// ErrNoWrites is returned for a write where writes were ruled out.
	ErrNoWrites = errors.New("server: write not allowed")
	// ErrOOM is returned when memory is short.
	ErrOOM = errors.New("server: out of memory")
)

// Refusal is an error of Execute with the reply that goes with it.
type Refusal struct {
	// Reason is one of the sentinels.
	Reason error
	// Reply is the error reply's text, code included.
	Reply string
}

// Error gives the reply's text.
func (r *Refusal) Error() string { return r.Reply }

// Unwrap gives the sentinel.
func (r *Refusal) Unwrap() error { return r.Reason }

// ExecuteOptions say what a module's call may do.
type ExecuteOptions struct {
	// Owner is the label of who calls: its filters may want to be left out.
	Owner any
	// RespectOOM refuses commands that need memory when it is short.
	RespectOOM bool
	// NoWrites refuses commands that write.
	NoWrites bool
	// ScriptMode refuses what scripts must not do.
	ScriptMode bool
	// Propagate says to whom the command is propagated if it changes something.
	Propagate Target
	// DryRun makes all checks and runs nothing.
	DryRun bool
	// WhenDone lets the command wait, see Waits, and is told when it has its reply.
	WhenDone func(*Client)
}

// Execute runs one command for a module on a fake client, whose output then
// holds the reply. A command that may not run is refused with a *Refusal and
// replies nothing. The host lock must be held; argv is not kept.
func (s *Server) Execute(c *Client, argv [][]byte, o *ExecuteOptions) error {
	if len(s.filters.list) != 0 {
		argv = s.runFilters(c, argv, o.Owner)
	}
	if len(argv) == 0 {
		return &Refusal{ErrUnknownCommand, "ERR unknown command ''"}
	}
	cmd := s.lookupAgain(c, argv)
	if cmd == nil {
		return &Refusal{ErrUnknownCommand, s.unknownText(argv)}
	}
	if cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity {
		return &Refusal{ErrArity, wrongArity(cmd)}
	}
	flags := cmd.Flags
	if flags&NoScript != 0 {
		if o.ScriptMode {
			return &Refusal{ErrNotInScript, "ERR command '" + cmd.FullName() + "' is not allowed on script mode"}
		}
		if flags = s.flagsOf(cmd, argv); !o.RespectOOM && cmd.runsScript() {
			c.Flags |= FlagAllowOOM // as for the command, so for what its script calls
		}
	}
	if o.RespectOOM && flags&DenyOOM != 0 && s.memoryShort(c) {
		return &Refusal{ErrOOM, ErrTextOOM}
	}
	if flags&Write != 0 {
		if o.NoWrites || s.Frozen() {
			return &Refusal{ErrNoWrites, "ERR Write command '" + cmd.FullName() + "' was called while write is not allowed."}
		}
		if o.ScriptMode && s.persist.diskError != "" {
			return &Refusal{ErrNotInScript, s.persist.diskError}
		}
	}
	if o.DryRun {
		return nil
	}
	c.cmd = cmd
	c.argv = argv
	s.passNoTouch(c)
	c.whenDone = o.WhenDone
	if s.exec.replaying {
		c.Flags |= flagUncounted
	}
	s.exec.callers = append(s.exec.callers, o.Owner)
	if s.propagate.to == 0 {
		s.call(c, cmd, argv)
	} else {
		s.callMuted(c, cmd, argv, o.Propagate)
	}
	s.exec.callers = s.exec.callers[:len(s.exec.callers)-1]
	c.argv = nil
	if c.Flags&FlagBlocked != 0 {
		c.propagateTo(o.Propagate)
	} else {
		c.whenDone = nil
	}
	return nil
}

// passNoTouch has a fake client's commands count as uses of keys or not as CLIENT NO-TOUCH
// says: it holds for all that the client's request does.
func (s *Server) passNoTouch(c *Client) {
	c.Flags &^= FlagNoTouch
	if !s.touches() {
		c.Flags |= FlagNoTouch
	}
}

// touches reports whether what the request does counts as a use of keys.
func (s *Server) touches() bool {
	return s.exec.current == nil || s.exec.current.Flags&FlagNoTouch == 0
}

// lookupAgain is LookupArgv for a client that often calls the same command.
func (s *Server) lookupAgain(c *Client, argv [][]byte) *Command {
	cmd := c.lastCmd
	if cmd == nil || cmd.removed || cmd.Subcommands != nil || !equalFold(argv[0], cmd.Name) {
		if cmd = s.LookupArgv(argv); cmd != nil && cmd.Parent == nil {
			c.lastCmd = cmd
		}
	}
	return cmd
}

// callMuted is call for a command that is propagated to some only.
func (s *Server) callMuted(c *Client, cmd *Command, argv [][]byte, to Target) {
	c.propagateTo(to)
	if to != 0 {
		s.call(c, cmd, argv)
		return
	}
	muted := s.mute(true)
	s.call(c, cmd, argv)
	s.mute(muted)
}

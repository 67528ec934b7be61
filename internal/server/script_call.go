package server

// Call implements script.Host: it runs a command for a script and gives its reply, which
// is good until the next call. What must not run is an error.
func (h *scriptHost) Call(argv [][]byte, protocol int) []byte {
	s, c := h.s, h.client
	c.out = c.out[:0]
	c.RESP = protocol
	r := s.scripts.run
	if r == nil {
		c.WriteError("ERR redis.call can only be called inside a script invocation")
		return c.out
	}
	if len(s.filters.list) != 0 {
		argv = s.runFilters(c, argv, nil)
	}
	var cmd *Command
	if len(argv) != 0 {
		cmd = s.lookupAgain(c, argv)
	}
	if text := s.refuseInScript(r, cmd, argv); text != "" {
		c.WriteError(text)
		if cmd != nil {
			cmd.Stats.Rejected++
		}
		s.exec.errors = s.Stats.ErrorReplies // who called is not to blame
		return c.out
	}
	if cmd.Flags&Write != 0 {
		r.wrote = true
	}
	c.cmd, c.argv, c.duration = cmd, argv, 0
	s.passNoTouch(c)
	c.propagateTo(r.repl)
	s.call(c, cmd, argv)
	c.argv = nil
	c.deferred = 0
	if c.Flags&flagRedacted != 0 {
		c.forgetRedacted()
	}
	return c.out
}

// refuseInScript says why a script must not call a command, "" if it may.
func (s *Server) refuseInScript(r *scriptRun, cmd *Command, argv [][]byte) string {
	switch {
	case cmd == nil:
		return "ERR Unknown Redis command called from script"
	case cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity:
		return "ERR Wrong number of args calling Redis command from script"
	case cmd.Handler == nil: // a container called alone
		return "ERR Unknown Redis command called from script"
	case cmd.Flags&NoScript != 0 && !s.scripts.allowAll:
		return "ERR This Redis command is not allowed from script"
	case r.readOnly && cmd.Flags&(Write|MayReplicate) != 0:
		return "ERR Write commands are not allowed from read-only scripts."
	case cmd.Flags&(Write|DenyOOM) == 0:
		return ""
	case cmd.Flags&Write != 0 && s.Frozen():
		return "ERR Write command '" + cmd.FullName() + "' was called while write is not allowed."
	case r.wrote: // what was begun is not left half done
		return ""
	case cmd.Flags&Write != 0 && s.persist.diskError != "":
		return s.persist.diskError
	case cmd.Flags&DenyOOM != 0 && !r.anyOOM && !r.caller.mustObey() && s.memoryShort(r.caller):
		return ErrTextOOM
	}
	return ""
}

// Log implements script.Host.
func (h *scriptHost) Log(level int, text string) { h.s.Log(Level(level), "%s", text) }

// SetRepl implements script.Host: the bits are Target's.
func (h *scriptHost) SetRepl(to int) {
	if r := h.s.scripts.run; r != nil {
		r.repl = Target(to) & ToAll
	}
}

// Allowed implements script.Host. There is one user, who may do everything.
func (h *scriptHost) Allowed(argv [][]byte) (bool, error) {
	if len(argv) == 0 || h.s.LookupArgv(argv) == nil {
		return false, ErrUnknownCommand
	}
	return true, nil
}

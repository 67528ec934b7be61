package server

import (
	"strings"

	"berth/internal/ticks"
)

// execState says what is being executed.
type execState struct {
	// client is whose command runs, the innermost one.
	client *Client
	// current is the connected client whose request is being processed.
	current *Client
	// depth counts nested commands.
	depth int
	// inExec is set while EXEC runs its queue.
	inExec bool
	// replaying is set while commands of an append-only file run.
	replaying bool
	// errors is how many error replies had been counted when the running
	// command began, so that a nested command's errors count once.
	errors int64
	// callers are the labels of who is inside Execute, outermost first.
	callers []any
	// yielding counts nested runs of the loop inside a long command.
	yielding int
	// noClients is set while such a run serves no clients.
	noClients bool
	// busyReply is the text for clients meanwhile.
	busyReply string
	// afterUnit are functions to run when the outermost command is over.
	afterUnit []func()
	// unitWork is set while there is something to do at the end of the unit.
	unitWork bool
}

// Executing is the client whose command runs, the innermost one; nil between
// commands.
func (s *Server) Executing() *Client { return s.exec.client }

// Current is the connected client whose request is being processed, nil for
// none.
func (s *Server) Current() *Client { return s.exec.current }

// InExec reports whether EXEC runs its queue.
func (s *Server) InExec() bool { return s.exec.inExec }

// Depth is how many commands are nested right now.
func (s *Server) Depth() int { return s.exec.depth }

// accept looks up the command that a client asks for. It is nil if there is none, or
// the client may not ask so, and the client has been told.
func (s *Server) accept(c *Client, argv [][]byte) *Command {
	cmd := c.lastCmd
	if cmd == nil || cmd.Subcommands != nil || cmd.Parent != nil || !equalFold(argv[0], cmd.Name) {
		cmd = s.LookupArgv(argv)
		c.lastCmd = cmd
		if cmd == nil {
			if isAttack(argv[0]) {
				s.closeAttacker(c)
				return nil
			}
			c.cmd = nil
			s.reject(c, nil, s.unknownText(argv))
			return nil
		}
	}
	c.cmd = cmd
	c.argv = argv
	if cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity {
		s.reject(c, cmd, wrongArity(cmd))
		return nil
	}
	if cmd.Flags&ProtectedCmd != 0 && !s.protectedAllowed(c, cmd) {
		return nil
	}
	return cmd
}

// admit does the checks that depend on the state of client and server. It reports
// whether the command is to run now: if not it is refused, queued or postponed.
func (s *Server) admit(c *Client, cmd *Command, argv [][]byte) bool {
	const unusual = FlagMulti | FlagPubSub | FlagReplica | FlagAuthenticated
	if c.Flags&unusual != FlagAuthenticated && !s.checkState(c, cmd) {
		return false
	}
	if s.exec.yielding != 0 {
		if s.exec.noClients {
			s.postponeToUnit(c, cmd, argv)
			return false
		}
		if s.loading.on {
			if cmd.Flags&Loading == 0 {
				s.reject(c, cmd, ErrTextLoading)
				return false
			}
		} else if cmd.Flags&AllowBusy == 0 {
			s.reject(c, cmd, s.busyText())
			return false
		}
	}
	if s.Config.Values.MaxMemory != 0 && !s.roomFor(c, cmd) {
		s.reject(c, cmd, ErrTextOOM)
		return false
	}
	if s.persist.diskError != "" && s.deniesWrite(c, cmd) {
		s.reject(c, cmd, s.persist.diskError)
		return false
	}
	if s.tracking.over {
		s.limitTracked()
	}
	if s.blocked.pause.kind != PauseNone && s.isPausedFor(c, cmd) {
		s.postpone(c, cmd, argv)
		return false
	}
	if s.persist.running != nil && s.waitsForSnapshot(c, cmd, argv) {
		return false
	}
	if c.Flags&FlagMulti != 0 && !cmd.runsInMulti() {
		c.queueCommand(cmd, argv)
		c.WriteStatus("QUEUED")
		return false
	}
	return true
}

// dispatch runs an accepted command if it is admitted. A postponed command begins here
// a second time.
func (s *Server) dispatch(c *Client, cmd *Command, argv [][]byte) {
	if s.admit(c, cmd, argv) {
		s.call(c, cmd, argv)
		s.serveWoken()
	}
}

// serveWoken serves clients that waited for keys which a command has changed.
func (s *Server) serveWoken() {
	if len(s.waits.ready) != 0 && s.exec.yielding == 0 {
		s.serveReady()
	}
}

// checkState refuses commands that an unusual state of the client forbids.
func (s *Server) checkState(c *Client, cmd *Command) bool {
	switch {
	case c.Flags&FlagAuthenticated == 0 && cmd.Flags&NoAuth == 0 && s.authRequired(c):
		s.reject(c, cmd, ErrTextNoAuth)
	case c.Flags&FlagMulti != 0 && cmd.Flags&NoMulti != 0:
		s.reject(c, cmd, "ERR Command not allowed inside a transaction")
	case c.Flags&FlagPubSub != 0 && c.RESP == 2 && !cmd.runsSubscribed():
		s.reject(c, cmd, "ERR Can't execute '"+cmd.FullName()+"': only (P|S)SUBSCRIBE / "+
			"(P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	case c.Flags&FlagReplica != 0 && cmd.Flags&(Write|ReadOnly|MayReplicate) != 0:
		s.reject(c, cmd, "ERR Replica can't interact with the keyspace")
	default:
		return true
	}
	return false
}

// call runs a command's handler and counts it.
func (s *Server) call(c *Client, cmd *Command, argv [][]byte) {
	prev := s.exec.client
	s.exec.client = c
	s.exec.errors = s.Stats.ErrorReplies
	captured := len(c.errors)
	start := s.clock.now
	switch {
	case s.exec.depth != 0:
		start = ticks.Now()
	case s.exec.current == nil:
		start = nanotime()
	}
	s.exec.depth++
	c.Flags |= FlagExecuting
	dirty, inner := s.Dirty, s.meter.inner

	cmd.Handler(c, argv)

	if len(s.notify.waiting) != 0 {
		s.TellWaiting()
	}
	s.exec.depth--
	var took int64
	if s.exec.depth != 0 {
		took = ticks.Nanos(ticks.Now() - start)
	} else {
		end := nanotime()
		took = end - start
		s.clock.now = end
	}
	c.duration += took
	if cmd.Meter != nil {
		s.measured(cmd.Meter, ByCommand, cmd, took, inner)
	}
	if s.Stats.ErrorReplies > s.exec.errors || len(c.errors) != captured {
		cmd.Stats.Failed++
		s.exec.errors = s.Stats.ErrorReplies
	}
	if c.duration >= s.slow.from || len(s.monitors) != 0 {
		s.afterCall(c, cmd, argv, c.duration)
	}
	if s.propagate.to != 0 {
		s.propagateCall(c, cmd, argv, s.Dirty > dirty)
	}
	if s.tracking.clients != 0 && cmd.Flags&ReadOnly != 0 {
		s.rememberKeys(cmd, argv)
	}
	if c.Flags&(FlagBlocked|flagUncounted) == 0 {
		c.Flags &^= FlagExecuting
		cmd.Stats.Calls++
		cmd.Stats.Nanos += c.duration
		s.observe(cmd, c.duration)
		c.duration = 0
		s.Stats.Commands++
	}
	if c.Flags&FlagCloseAfterCommand != 0 {
		c.Flags = c.Flags&^FlagCloseAfterCommand | FlagCloseAfterReply
	}
	s.exec.client = prev
	if s.exec.depth == 0 && s.exec.unitWork {
		s.finishUnit()
	}
}

// reject refuses a command before it runs, which spoils a transaction.
func (s *Server) reject(c *Client, cmd *Command, text string) {
	if c.Flags&FlagMulti != 0 {
		c.Flags |= FlagDirtyExec
	}
	if cmd != nil {
		cmd.Stats.Rejected++
		if cmd.Name == "exec" {
			c.abortExec(text)
			return
		}
	}
	c.WriteError(text)
}

// wrongArity is the text for a wrong number of arguments.
func wrongArity(cmd *Command) string {
	return "ERR wrong number of arguments for '" + cmd.FullName() + "' command"
}

// maxShown is how much of an unknown command, and of its arguments, an error
// text repeats.
const maxShown = 128

// unknownText is the text for a command that does not exist.
func (s *Server) unknownText(argv [][]byte) string {
	if base := s.Lookup(argv[0]); base != nil && len(argv) > 1 {
		return "ERR unknown subcommand '" + cut(argv[1], maxShown) + "'. Try " +
			strings.ToUpper(string(argv[0])) + " HELP."
	}
	var args strings.Builder
	for _, arg := range argv[1:] {
		if args.Len() >= maxShown {
			break
		}
		args.WriteByte('\'')
		args.WriteString(cut(arg, maxShown-args.Len()+1))
		args.WriteString("' ")
	}
	return "ERR unknown command '" + cut(argv[0], maxShown) + "', with args beginning with: " + args.String()
}

// cut shows at most n bytes of b, up to a NUL, as a C format would.
func cut(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	for i, ch := range b {
		if ch == 0 {
			b = b[:i]
			break
		}
	}
	return string(b)
}

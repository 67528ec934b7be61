package server

// A module may call a command that waits, on a fake client, and be told when it
// has its reply. Such a client is in no table: who called is all who know of it.

// Waits reports whether the command of a fake client waits for its reply. Loop or
// host lock.
func (c *Client) Waits() bool { return c.Flags&FlagBlocked != 0 }

// propagateTo notes to whom what a fake client runs is propagated, now and when a
// command that waits runs again.
func (c *Client) propagateTo(to Target) {
	c.Flags &^= FlagModulePreventAOF | FlagModulePreventRepl
	if to&ToAOF == 0 {
		c.Flags |= FlagModulePreventAOF
	}
	if to&ToReplicas == 0 {
		c.Flags |= FlagModulePreventRepl
	}
}

// done tells who called that the command of a fake client has its reply. As in
// Redis, that is one unit with a command that was tried again for a key, and one of
// its own behind a module's reply or a time that is over.
func (s *Server) done(c *Client) {
	if fn := c.whenDone; fn != nil && c.Flags&FlagBlocked == 0 {
		c.whenDone = nil
		fn(c)
	}
}

// Abandon ends the wait of a fake client as if its connection had gone: nobody is
// told, and the command has no effect unless it is a module's that goes on by
// itself. It reports false for a command that does not wait any more. Loop or host
// lock.
func (s *Server) Abandon(c *Client) bool {
	if c.Flags&FlagBlocked == 0 {
		return false
	}
	c.whenDone = nil
	s.leaveWaits(c)
	return true
}

// leaveWaits takes a client that goes out of what it waits for.
func (s *Server) leaveWaits(c *Client) {
	if c.blocked != nil {
		s.disconnected(c)
	}
	if c.blocked != nil { // the module may have ended the wait itself
		s.release(c)
	}
	if c.waits != nil {
		s.forgetWait(c)
	}
}

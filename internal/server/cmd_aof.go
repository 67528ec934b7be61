package server

import "errors"

func init() { handle(map[string]Handler{"bgrewriteaof": cmdBgrewriteaof}) }

// cmdBgrewriteaof is BGREWRITEAOF.
func cmdBgrewriteaof(c *Client, _ [][]byte) {
	s := c.srv
	r := &s.aof.rewrite
	switch {
	case r.running != nil:
		c.WriteError("ERR Background append only file rewriting already in progress")
	case s.persist.running != nil || s.exec.depth > 1:
		// A unit of several commands may have changed something already that no file
		// has.
		r.scheduled = true
		r.failures = 0
		c.WriteStatus("Background append only file rewriting scheduled")
	case s.startRewrite() != nil:
		c.WriteError("ERR Can't execute an AOF background rewriting. Please check the server logs for more information.")
	default:
		c.WriteStatus("Background append only file rewriting started")
	}
}

// debugLoadAOF is DEBUG LOADAOF.
func (c *Client) debugLoadAOF() {
	s := c.srv
	if s.loading.on {
		c.WriteError(ErrTextLoading)
		return
	}
	if s.aof.rewrite.running != nil {
		c.WriteError("ERR Background append only file rewriting already in progress")
		return
	}
	if s.aof.log != nil {
		s.flushAOF(true)
	}
	s.FlushDB(-1, false)
	s.flushLibraries()
	err := s.readManifest()
	truncated := false
	if err == nil {
		s.collectHistory()
		truncated, err = s.loadAOF()
	}
	if err != nil || truncated {
		if errors.Is(err, ErrAOFMissing) {
			s.Log(LogWarning, "DEBUG LOADAOF: %v", err)
		}
		c.WriteError("ERR Error trying to load the AOF files, check server logs.")
		return
	}
	s.Dirty = 0
	s.Log(LogNotice, "Append Only File loaded by DEBUG LOADAOF")
	c.WriteOK()
}

// rewriteIfDue begins a rewrite when the append-only file has grown enough.
func (s *Server) rewriteIfDue() {
	a := &s.aof
	percent := s.Config.Int("auto-aof-rewrite-percentage")
	if a.mode != aofOn || percent == 0 || a.size <= s.Config.Int("auto-aof-rewrite-min-size") {
		return
	}
	growth := a.size*100/max(a.baseSize, 1) - 100
	if growth >= percent && !s.rewriteLimited() {
		s.Log(LogNotice, "Starting automatic rewriting of AOF on %d%% growth", growth)
		_ = s.startRewrite() // the reason is in the log
	}
}

const (
	// rewriteFailures is after how many failures in a row rewrites become rare.
	rewriteFailures = 3
	// rewriteMinutes is the longest wait until the next one, in minutes.
	rewriteMinutes = 60
)

// rewriteLimited reports whether a rewrite that nobody asked for must wait, because
// the last ones failed: each leaves a file behind.
func (s *Server) rewriteLimited() bool {
	r, now := &s.aof.rewrite, s.Unixtime()
	switch {
	case r.failures < rewriteFailures:
		r.minutes, r.until = 0, 0
		return false
	case r.until != 0 && now < r.until:
		return true
	case r.until != 0:
		r.until = 0
		return false
	}
	r.minutes = min(max(1, 2*r.minutes), rewriteMinutes)
	r.until = now + r.minutes*60
	s.Log(LogWarning, "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in %d minutes", r.minutes)
	return true
}

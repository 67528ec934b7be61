package server

// ForkRunning reports whether a process that a module forked is alive.
func (s *Server) ForkRunning() bool { return false }

// InFork reports whether this is such a process.
func (s *Server) InFork() bool { return false }

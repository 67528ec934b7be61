package server

import "fmt"

// reservedFiles is how many descriptors are kept for other things than
// clients.
const reservedFiles = 32

// adjustFileLimit asks the system for as many descriptors as maxclients needs,
// and lowers maxclients when it gives fewer.
func (s *Server) adjustFileLimit() error {
	need := uint64(s.Settings.MaxClients) + reservedFiles
	old, got, err := raiseFileLimit(need)
	switch {
	case got >= need && got > old:
		s.Log(LogNotice, "Increased maximum number of open files to %d (it was originally set to %d).", got, old)
		return nil
	case got >= need:
		return nil
	case got <= reservedFiles:
		s.Log(LogWarning, "Your current 'ulimit -n' of %d is not enough for the server to start. "+
			"Please increase your open file limit to at least %d. Exiting.", old, need)
		return ErrStart
	}
	was := s.Settings.MaxClients
	s.Settings.MaxClients = int(got - reservedFiles)
	s.Log(LogWarning, "You requested maxclients of %d requiring at least %d max file descriptors.", was, need)
	s.Log(LogWarning, "Server can't set maximum open files to %d because of OS error: %v.", need, err)
	s.Log(LogWarning, "Current maximum open files is %d. maxclients has been reduced to %d to compensate for low ulimit. "+
		"If you need higher maxclients increase 'ulimit -n'.", got, s.Settings.MaxClients)
	return nil
}

// applyMaxClients is how CONFIG SET maxclients takes effect.
func (s *Server) applyMaxClients() error {
	want := s.Settings.MaxClients
	if err := s.adjustFileLimit(); err != nil {
		return err
	}
	if got := s.Settings.MaxClients; got != want {
		return fmt.Errorf("The operating system is not able to handle the specified number of clients, try with %d", got)
	}
	return nil
}

package server

// A unit is what happens in one piece: a command with all that it causes, or a
// callback of a module's. Nothing of clients runs in it but the command.

// EnterUnit begins a unit, or a part of one. Loop.
func (s *Server) EnterUnit() {
	if s.exec.depth == 0 {
		s.clock.now = nanotime()
	}
	s.exec.depth++
}

// LeaveUnit ends what EnterUnit began. Behind the outermost one runs what
// waited for it.
func (s *Server) LeaveUnit() {
	s.TellWaiting()
	s.exec.depth--
	if s.exec.depth == 0 && s.exec.unitWork {
		s.finishUnit()
	}
}

// AfterUnit has fn run when the outermost running unit is over, at once when
// none runs.
func (s *Server) AfterUnit(fn func()) {
	s.exec.afterUnit = append(s.exec.afterUnit, fn)
	s.exec.unitWork = true
	if s.exec.depth == 0 {
		s.finishUnit()
	}
}

// finishUnit runs what waits for the end of the unit; what it queues runs as well.
// Then it propagates what the unit changed.
func (s *Server) finishUnit() {
	for len(s.exec.afterUnit) != 0 {
		fns := s.exec.afterUnit
		s.exec.afterUnit = nil
		s.exec.depth++
		for _, fn := range fns {
			fn()
			s.TellWaiting()
		}
		s.exec.depth--
	}
	s.propagatePending()
	s.exec.unitWork = false
}

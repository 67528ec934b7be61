package server

// LeaveReason says why a key goes.
type LeaveReason uint8

// The reasons, with the subevents of REDISMODULE_EVENT_KEY.
const (
	LeaveDeleted LeaveReason = iota
	LeaveExpired
	LeaveEvicted
	LeaveOverwritten
)

// leaving is called before a key and its value go, while both are still there.
func (s *Server) leaving(db int, key []byte, why LeaveReason) {
	if s.keyspace.onLeave != nil {
		s.keyspace.onLeave(db, key, why)
	}
}

// OnLeave tells who wants to see keys before they go, nil for nobody. While fn
// runs nothing can be changed and no key expires.
func (s *Server) OnLeave(fn func(db int, key []byte, why LeaveReason)) { s.keyspace.onLeave = fn }

// freeze keeps all keys as they are until thaw: a module looks at one that is
// about to go, in the middle of a command.
func (s *Server) freeze() {
	s.notify.frozen++
	s.notify.noExpiry++
}

func (s *Server) thaw() {
	s.notify.frozen--
	s.notify.noExpiry--
}

// Frozen reports whether a key is about to go and a module looks at it: nothing
// may change meanwhile.
func (s *Server) Frozen() bool { return s.notify.frozen != 0 }

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

// OnLeave tells who wants to see keys before they go. fn must not change the
// keyspace.
func (s *Server) OnLeave(fn func(db int, key []byte, why LeaveReason)) { s.keyspace.onLeave = fn }

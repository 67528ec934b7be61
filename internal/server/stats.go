package server

// Stats are the counters that INFO shows and CONFIG RESETSTAT clears. They
// belong to the loop.
type Stats struct {
	// Connections is how many were accepted.
	Connections int64
	// Rejected is how many were refused for maxclients.
	Rejected int64
	// Commands is how many were processed.
	Commands int64
	// NetIn and NetOut are the bytes read from and written to clients.
	NetIn, NetOut int64
	// ErrorReplies is how many error replies were sent.
	ErrorReplies int64
	// Errors counts them by code; at most 128 codes.
	Errors map[string]int64
	// UnexpectedErrors counts error replies sent to a master or replica.
	UnexpectedErrors int64
	// ReadCalls and WriteCalls are the reads and writes done.
	ReadCalls, WriteCalls int64
	// QueryBufferDisconnections and OutputBufferDisconnections count clients
	// closed for a full buffer.
	QueryBufferDisconnections, OutputBufferDisconnections int64
	// Hits and Misses count lookups of keys for reading.
	Hits, Misses int64
	// Expired counts keys that were removed because their time was over.
	Expired int64
	// Evicted counts keys that were evicted, EvictedClients clients that were
	// closed for maxmemory-clients.
	Evicted, EvictedClients int64
	// EvictionExceeded is for how long memory was short, in nanoseconds.
	EvictionExceeded int64
	// ExpiredStale, ExpiredTimeCap and ExpireCycleMs describe active expiry.
	ExpiredStale   float64
	ExpiredTimeCap int64
	ExpireCycleMs  int64
	// DefragHits and DefragMisses count blocks that active defragmentation moved
	// and left, DefragKeyHits and DefragKeyMisses keys with and without such.
	DefragHits, DefragMisses, DefragKeyHits, DefragKeyMisses int64
	// DumpSanitizations counts values that were looked at as a whole before they
	// were restored.
	DumpSanitizations int64
	// Blocked is how many clients wait in a blocking command.
	Blocked int
	// PeakMemory is the most memory seen in use, in bytes.
	PeakMemory int64
	// ActiveMicros is the time spent inside commands, in microseconds.
	ActiveMicros int64
	// ACLAuthFailures counts failed authentications.
	ACLAuthFailures int64
}

// maxErrorCodes bounds Errors: a script or a module can make up codes.
const maxErrorCodes = 128

// countError counts one error by its code.
func (st *Stats) countError(code string) {
	if st.Errors == nil {
		st.Errors = make(map[string]int64)
	}
	if _, known := st.Errors[code]; !known && len(st.Errors) >= maxErrorCodes {
		return
	}
	st.Errors[code]++
}

// OnResetStats has fn run when the counters are cleared.
func (s *Server) OnResetStats(fn func()) { s.onResetStats = append(s.onResetStats, fn) }

// ResetStats is what CONFIG RESETSTAT does.
func (s *Server) ResetStats() {
	blocked, peak := s.Stats.Blocked, s.Stats.PeakMemory
	s.Stats = Stats{Blocked: blocked, PeakMemory: peak}
	s.lazy.freed.Store(0)
	s.aof.rewrite.count, s.aof.rewrite.failures, s.aof.sync.delayed = 0, 0, 0
	s.defrag.total, s.defrag.started = 0, nanotime()
	for _, cmd := range s.commands.list {
		cmd.Stats = CommandStats{}
		for _, sub := range cmd.Subcommands {
			sub.Stats = CommandStats{}
		}
	}
	for _, fn := range s.onResetStats {
		fn()
	}
}

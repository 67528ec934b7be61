package server

import "time"

// LoadingKind says what is being loaded, as modules are told.
type LoadingKind uint8

// The kinds, with the subevents of REDISMODULE_EVENT_LOADING. The last two are how
// it ends.
const (
	LoadingRDB LoadingKind = iota
	LoadingAOF
	LoadingReplica
	LoadingEnded
	LoadingFailed
)

// loadingState is what INFO tells while data are loaded.
type loadingState struct {
	// on is set from BeginLoading to EndLoading.
	on            bool
	kind          LoadingKind
	began         int64 // seconds since 1970
	total, loaded int64
	// snapshot says that what is being read is the snapshot in front of an append-only
	// file.
	snapshot bool
	// usedMem is what the file says was in use when it was written, in bytes.
	usedMem int64
	// next is when modules are told of progress again.
	next int64
	// served is at how many bytes clients were served last.
	served int64
	// keys and expired count those of the file loaded last.
	keys, expired int64
}

// Loading reports whether data are being loaded: then clients get an error from most
// commands, no key expires, and nothing is propagated.
func (s *Server) Loading() bool { return s.loading.on }

// BeginLoading tells modules and clients that data are being loaded, total bytes if
// that is above zero. EndLoading follows.
func (s *Server) BeginLoading(kind LoadingKind, total int64) {
	s.notify.noExpiry++ // what follows in the file may be about a key whose time is over
	s.loading = loadingState{on: true, kind: kind, began: time.Now().Unix(), total: total}
	if fn := s.Hooks.Loading; fn != nil {
		fn(kind)
	}
}

// EndLoading ends what BeginLoading began.
func (s *Server) EndLoading(ok bool) {
	s.loading.on = false
	s.notify.noExpiry--
	if fn := s.Hooks.Loading; fn != nil {
		if ok {
			fn(LoadingEnded)
		} else {
			fn(LoadingFailed)
		}
	}
}

// LoadingProgress says how many bytes were loaded. It is called often, between two
// keys or commands: now and then it serves clients, with an error but for what may
// run meanwhile, and tells modules.
func (s *Server) LoadingProgress(loaded int64) {
	l := &s.loading
	l.loaded = loaded
	interval := s.Config.Int("loading-process-events-interval-bytes")
	if !l.on || interval == 0 || loaded/interval == l.served/interval {
		return
	}
	l.served = loaded
	s.serveLoading()
}

// serveLoading serves clients while data are loaded, and tells modules of progress.
func (s *Server) serveLoading() {
	s.Stats.PeakMemory = max(s.Stats.PeakMemory, int64(s.UsedMemory()))
	if err := s.yield("", false); err != nil {
		s.Log(LogWarning, "Serving clients while loading: %v", err)
	}
	s.tellProgress()
}

// tellProgress tells modules of the progress, as often as hz says.
func (s *Server) tellProgress() {
	l := &s.loading
	fn := s.Hooks.LoadingProgress
	now := nanotime()
	if fn == nil || now < l.next {
		return
	}
	hz := max(1, s.Settings.Hz)
	l.next = now + int64(time.Second)/int64(hz)
	progress := -1
	if l.total > 0 {
		progress = int(l.loaded << 10 / l.total)
	}
	fn(l.kind == LoadingAOF && !l.snapshot, hz, progress)
}

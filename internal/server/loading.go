package server

// loadingState is the loading of data at the start.
type loadingState struct {
	on bool
}

// Loading reports whether data is being loaded: no key expires then, and nothing
// is propagated.
func (s *Server) Loading() bool { return s.loading.on }

package server

import "slices"

// Filter sees every command before it is looked up, and may change it.
type Filter struct {
	// Func is called with each command, in order of registration.
	Func func(*FilterCall)
	// NoSelf leaves out commands that the filter's own module runs, and all that
	// these run in turn.
	NoSelf bool
	// Owner is the label of who registered it.
	Owner any
}

// FilterCall is one command on its way through the filters.
type FilterCall struct {
	// Client sent the command, or is the fake client that runs it.
	Client *Client
	// Argv may be replaced or changed in place; what it points to must stay
	// valid until the command has run.
	Argv [][]byte
}

// filterState holds the registered filters.
type filterState struct {
	list []*Filter
}

// AddFilter registers f behind the ones there are.
func (s *Server) AddFilter(f *Filter) {
	s.filters.list = append(s.filters.list[:len(s.filters.list):len(s.filters.list)], f)
}

// RemoveFilter takes f out and reports whether it was there. A filter may
// remove itself while it runs.
func (s *Server) RemoveFilter(f *Filter) bool {
	for i, have := range s.filters.list {
		if have == f {
			list := make([]*Filter, 0, len(s.filters.list)-1)
			list = append(list, s.filters.list[:i]...)
			s.filters.list = append(list, s.filters.list[i+1:]...)
			return true
		}
	}
	return false
}

// runFilters passes argv through all filters. owner is who runs the command,
// nil for a client.
func (s *Server) runFilters(c *Client, argv [][]byte, owner any) [][]byte {
	call := FilterCall{Client: c, Argv: argv}
	for _, f := range s.filters.list {
		if f.NoSelf && (owner != nil && f.Owner == owner || slices.Contains(s.exec.callers, f.Owner)) {
			continue
		}
		f.Func(&call)
	}
	return call.Argv
}

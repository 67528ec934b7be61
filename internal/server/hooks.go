package server

import (
	"time"

	"berth/loop"
)

// Hooks are functions that are told of what happens in the server; nil ones are
// for nobody. They may do anything to the keyspace.
type Hooks struct {
	// Rung is called when a thread has rung the loop, to end a wait or for its own
	// reasons.
	Rung func()
	// Flush is called before and after a database is emptied, or all when db is
	// below zero. sync says that its memory is given back at once.
	Flush func(db int, sync, end bool)
	// Client is called for a connection that was accepted, and for one that is
	// about to go.
	Client func(c *Client, gone bool)
	// Shutdown is called when the server ends and nothing can stop it.
	Shutdown func()
	// Loading is called when loading begins, and when it ends.
	Loading func(kind LoadingKind)
	// LoadingProgress is called as often a second as hz says; progress is in parts of
	// 1,024, below zero if that is not known.
	LoadingProgress func(aof bool, hz, progress int)
	// Persistence is called when saving begins, and when it ends.
	Persistence func(kind PersistenceKind)
	// Swap is called after SWAPDB.
	Swap func(a, b int)
}

func (h *Hooks) flush(db int, aside, end bool) {
	if h.Flush != nil {
		h.Flush(db, !aside, end)
	}
}

// OnCron has fn called as often a second as the parameter hz says, with that
// number, until stop is called.
func (s *Server) OnCron(fn func(hz int)) (stop func()) {
	period := func() time.Duration { return time.Second / time.Duration(max(1, s.Settings.Hz)) }
	id := s.Loop.AddTimer(period(), func(loop.TimerID) time.Duration {
		fn(max(1, s.Settings.Hz))
		return period()
	}, nil)
	return func() { s.Loop.RemoveTimer(id) }
}

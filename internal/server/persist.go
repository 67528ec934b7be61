package server

import (
	"fmt"
	"time"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// persistState is what the server has to do with snapshots.
type persistState struct {
	// running is the snapshot that is being written, nil for none.
	running *Snapshot
	// functions are libraries of functions that a file had: bytes, as nothing here
	// runs them.
	functions [][]byte
	// loadType has a module load a value of its type; nil when there are no
	// modules.
	loadType func(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error)
	// saveAux has modules save what belongs to no key.
	saveAux func(w *snapshot.Writer, before bool) error
	// loadAux has a module load what saveAux wrote.
	loadAux func(code uint64, before bool, body []byte) error
	last    lastSnapshot
	// appendOnly is set when an append-only file is loaded in place of a snapshot, if
	// the configuration has one.
	appendOnly bool
	// diskError is what commands that write are refused with; appendError the part of
	// it that is about the append-only file.
	diskError, appendError string
}

// lastSnapshot is what INFO tells of the snapshot that ended last.
type lastSnapshot struct {
	extra   int64
	longest time.Duration
}

// loadModuleValue makes a value of a module's type of its elements.
func (s *Server) loadModuleValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error) {
	if s.persist.loadType != nil {
		return s.persist.loadType(code, body, key)
	}
	return store.ModuleValue{}, fmt.Errorf("%w: %q", snapshot.ErrNoType, snapshot.TypeName(code))
}

// saveAux writes what modules have besides values: what they want to have loaded
// before the keys, or behind them.
func (s *Server) saveAux(w *snapshot.Writer, before bool) error {
	if s.persist.saveAux == nil {
		return nil
	}
	return s.persist.saveAux(w, before)
}

// noteSnapshot keeps what INFO tells of a snapshot that ended.
func (s *Server) noteSnapshot(sn *Snapshot) {
	s.persist.last = lastSnapshot{sn.extra, time.Duration(sn.longest)}
}

// keyDelay is how long tests want each key to take, in nanoseconds: microseconds
// above zero, parts of one below.
func keyDelay(n int64) int64 {
	if n < 0 {
		return int64(time.Microsecond) / -n
	}
	return n * int64(time.Microsecond)
}

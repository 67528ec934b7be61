package server

import (
	"time"
	_ "unsafe" // for go:linkname
)

// nanotime is the runtime's monotonic clock: half the price of time.Now, which
// reads two clocks.
//
//go:linkname nanotime runtime.nanotime
func nanotime() int64

// clockState is the time as the commands of this iteration see it.
type clockState struct {
	// now is the monotonic time at which the running command began, or the
	// last one ended, in nanoseconds.
	now int64
	// offset is what must be added to get to the time since 1970.
	offset int64
}

// tick reads the clocks. Wall time may have been set meanwhile, so the offset
// is taken anew.
func (s *Server) tick() {
	s.clock.now = nanotime()
	s.clock.offset = time.Now().UnixNano() - s.clock.now
}

// Nanotime is the monotonic time at which the running command began, in
// nanoseconds. All of a transaction and all that a command calls see the same.
func (s *Server) Nanotime() int64 { return s.clock.now }

// Mstime is the wall time at which the running command began, in milliseconds
// since 1970.
func (s *Server) Mstime() int64 { return (s.clock.now + s.clock.offset) / int64(time.Millisecond) }

// Ustime is Mstime in microseconds.
func (s *Server) Ustime() int64 { return (s.clock.now + s.clock.offset) / int64(time.Microsecond) }

// Unixtime is Mstime in seconds.
func (s *Server) Unixtime() int64 { return (s.clock.now + s.clock.offset) / int64(time.Second) }

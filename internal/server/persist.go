package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// persistState is what the server has to do with snapshots.
type persistState struct {
	// running is the snapshot that is being written, nil for none.
	running *Snapshot
	// modules are the modules, nil when there can be none.
	modules ModuleFiles
	// unknown is what is kept for modules that are not there.
	unknown unknownState
	last    lastSnapshot
	// diskError is what commands that write are refused with; appendError the part of
	// it that is about the append-only file.
	diskError, appendError string
}

// lastSnapshot is what INFO tells of the snapshot that ended last.
type lastSnapshot struct {
	extra            int64
	longest, busiest time.Duration
}

// noteSnapshot keeps what INFO tells of a snapshot that ended, and logs what it took.
func (s *Server) noteSnapshot(sn *Snapshot) {
	l := lastSnapshot{sn.extra, time.Duration(sn.longest), time.Duration(sn.busiest)}
	s.persist.last = l
	s.Log(LogNotice, "Snapshot: %d of %d keys, %.3f seconds, at most %.1f MB of memory beside the data set, "+
		"the loop held for %.3f ms at most, with %.3f ms of processor time at most",
		sn.keys, sn.total, float64(nanotime()-sn.began)/1e9, float64(l.extra)/(1<<20), float64(l.longest)/1e6, float64(l.busiest)/1e6)
}

// keyDelay is how long tests want each key to take, in nanoseconds: microseconds
// above zero, parts of one below.
func keyDelay(n int64) int64 {
	if n < 0 {
		return int64(time.Microsecond) / -n
	}
	return n * int64(time.Microsecond)
}

// sleep holds the thread for some nanoseconds. It is more exact than time.Sleep, and
// works in a forked process, where no other goroutine could go on meanwhile.
func sleep(nanos int64) {
	if nanos > 0 {
		t := unix.NsecToTimeval(nanos)
		_, _ = unix.Select(0, nil, nil, nil, &t) // a signal may end it early
	}
}

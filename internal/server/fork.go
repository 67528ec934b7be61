package server

import (
	"time"

	"golang.org/x/sys/unix"
)

// forkState is the process that a module forked.
type forkState struct {
	// pid is its number, 0 for none, and child is set in it.
	pid   int
	child bool
	// progress is what it says of itself, from 0 to 1.
	progress float64
	// dirtied is how much memory of its own the last one took in the end, in bytes.
	dirtied int64
	count   int64
	took    time.Duration
}

// ForkRunning reports whether a process that a module forked is alive.
func (s *Server) ForkRunning() bool { return s.fork.pid != 0 }

// InFork reports whether this is such a process.
func (s *Server) InFork() bool { return s.fork.child }

// ForkChild makes the server in a forked process into one that only its module uses.
func (s *Server) ForkChild() {
	s.fork.child = true
	s.aof.mode, s.aof.buf = aofOff, nil // the file is the parent's
	s.SetLogRole('C')
	for _, l := range s.net.listeners {
		// The port must be free when the parent is gone. The loop's descriptor is shared
		// with the parent, and stays as it is.
		_ = unix.Close(l.fd)
	}
	s.net.listeners = nil
}

// ForkBegan notes a process that a module forked, and how long that took.
func (s *Server) ForkBegan(pid int, took time.Duration) {
	s.fork.pid, s.fork.progress, s.fork.took = pid, 0, took
	s.fork.count++
}

// ForkProgress notes what the process says.
func (s *Server) ForkProgress(done float64) { s.fork.progress = done }

// ForkDirtied notes what the process took.
func (s *Server) ForkDirtied(bytes int64) { s.fork.dirtied = bytes }

// ForkEnded notes the end of the process.
func (s *Server) ForkEnded() { s.fork.pid = 0 }

// infoFork tells of such processes. Nothing else forks.
func (s *Server) infoFork(w *InfoWriter) {
	w.flag("module_fork_in_progress", s.fork.pid != 0)
	w.int("module_fork_last_cow_size", s.fork.dirtied)
}

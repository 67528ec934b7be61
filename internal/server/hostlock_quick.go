package server

import "berth/internal/ticks"

// Modules' threads take the host lock and give it back so often that entering Go for
// that shows: with two threads and a loop there are three who want the right to run Go
// code, and each time that somebody has it and sleeps the runtime looks around for work
// and for who took it. What is here is for threads that are in C for the scheduler, as
// quick functions are (package abi): it allocates nothing, takes no lock of Go's and
// stores no pointer.

// RawLock says that there are such functions on this system.
const RawLock = rawMutex

// LockRaw is Lock, and false where there is no such thing.
func (l *HostLock) LockRaw(who int64) bool {
	if !l.mu.lockRaw() {
		return false
	}
	l.holder.Store(who)
	return true
}

// EnterThread is EnterUnit and MeterStart for a thread that has taken the lock.
func (s *Server) EnterThread() MeterMark {
	s.EnterUnit()
	return s.MeterStart()
}

// LeaveThread ends what EnterThread began, for a thread of the meter's owner that is
// about to give the lock back. It is false, and nothing done, if there is more to do
// than to count: something to be told, propagated or logged.
func (s *Server) LeaveThread(m *Meter, mark MeterMark) bool {
	if s.exec.depth != 1 || s.exec.unitWork || len(s.notify.waiting) != 0 {
		return false
	}
	nanos := ticks.Nanos(ticks.Now() - mark.start)
	own := max(0, nanos-(s.meter.inner-mark.inner))
	k := &m.Kinds[ByThread]
	if own > k.Longest || own >= s.meter.slow {
		return false
	}
	s.meter.inner = mark.inner + nanos
	k.Calls++
	k.Nanos += own
	s.exec.depth = 0
	s.ThreadLeaves()
	return true
}

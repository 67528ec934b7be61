package server

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// aofSync says how much of the file is on the disk.
type aofSync struct {
	// asked is how much of it the disk was last asked to keep, in bytes, and at when,
	// in seconds since 1970.
	asked, at int64
	// pending counts the goroutines that wait for the disk.
	pending int
	// known is up to where the disk has files, of all that was propagated, in bytes;
	// reached is the same when that goes for all of it, and not for a part in the
	// middle: closing counts the files that are no longer written and not yet synced.
	known, reached int64
	closing        int
	// waiting are clients that wait for the disk.
	waiting []*keyWait
	// failed is why the last one failed, empty if it did not.
	failed string
	// postponed is since when writing waits for the disk, in seconds; 0 if it does
	// not.
	postponed int64
	// delayed counts the times that it waited in vain.
	delayed int64
}

// Times in seconds.
const (
	// aofPatience is how long a write waits for the disk.
	aofPatience = 2
	// aofComplaints is how long the log is not told again of failures.
	aofComplaints = 30
)

// flushAOF writes what was propagated, and has it synced as appendfsync says. While a
// sync is under way in the background the write waits a little, for the system would
// hold it, unless force is set.
func (s *Server) flushAOF(force bool) {
	a := &s.aof
	policy := s.Config.Values.AppendFsync
	if len(a.buf) == 0 {
		if policy == fsyncNo || a.log == nil || a.sync.asked == a.log.Size() {
			return
		}
	} else {
		if policy == fsyncEverySec && !force && a.sync.pending != 0 && s.postponeAOF() {
			return
		}
		if !s.writeAOF(policy) {
			return
		}
	}
	if policy == fsyncNo || s.persist.running != nil && s.Config.Bool("no-appendfsync-on-rewrite") {
		return
	}
	if policy == fsyncAlways {
		s.syncAOF()
	} else {
		s.syncAOFLater()
	}
}

// endAOFCycle is flushAOF at the end of an iteration of the loop.
func (s *Server) endAOFCycle() {
	a := &s.aof
	if len(a.buf) == 0 && (a.log == nil || a.sync.asked == a.log.Size()) {
		return
	}
	start := nanotime()
	s.flushAOF(false)
	a.nanos += nanotime() - start
}

// postponeAOF reports whether a write is to wait for the disk.
func (s *Server) postponeAOF() bool {
	y, now := &s.aof.sync, s.Unixtime()
	switch {
	case y.postponed == 0:
		y.postponed = now
		return true
	case now-y.postponed < aofPatience:
		return true
	}
	y.delayed++
	s.Log(LogNotice, "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting "+
		"for fsync to complete, this may slow down Redis.")
	return false
}

// writeAOF writes the buffer. If that fails what could not be written stays in it, for
// the next attempt.
func (s *Server) writeAOF(policy fsyncPolicy) bool {
	a := &s.aof
	if a.slept != 0 {
		time.Sleep(time.Duration(a.slept))
	}
	start := nanotime()
	n, err := a.log.Write(a.buf)
	took := nanotime() - start
	switch {
	case a.sync.pending != 0:
		s.noteLatency("aof-write-pending-fsync", took)
	case s.persist.running != nil:
		s.noteLatency("aof-write-active-child", took)
	default:
		s.noteLatency("aof-write-alone", took)
	}
	s.noteLatency("aof-write", took)
	a.sync.postponed = 0
	a.size += int64(n)
	if err != nil {
		s.aofWriteFailed(n, err, policy)
		return false
	}
	if a.failed != "" {
		a.failed = ""
		s.Log(LogNotice, "AOF write error looks solved, Redis can write again.")
		s.showAOFError()
	}
	if a.buf = a.buf[:0]; cap(a.buf) > aofKept {
		a.buf = nil
	}
	return true
}

// aofWriteFailed takes note of a write that failed, of which n bytes are in the file
// nonetheless.
func (s *Server) aofWriteFailed(n int, err error, policy fsyncPolicy) {
	a := &s.aof
	now := s.Unixtime()
	tell := now-a.complained > aofComplaints
	if tell {
		a.complained = now
	}
	reason := config.SysText(err)
	var short *aof.ShortWrite
	if errors.As(err, &short) {
		if tell {
			s.Log(LogWarning, "Short write while writing to the AOF file: (nwritten=%d, expected=%d): %s", short.Written, short.Wanted, reason)
		}
		if tell && short.Undo != nil {
			s.Log(LogWarning, "Could not remove short write from the append-only file.  Redis may refuse to load the AOF "+
				"the next time it starts.  ftruncate: %s", config.SysText(short.Undo))
		}
		reason = config.SysText(unix.ENOSPC)
	} else if tell {
		s.Log(LogWarning, "Error writing to the AOF file: %s", reason)
	}
	if policy == fsyncAlways {
		s.Log(LogWarning, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")
		s.exitUnacknowledged()
		return
	}
	a.failed = reason
	s.showAOFError()
	a.buf = a.buf[n:]
}

// syncAOF waits until the disk has everything.
func (s *Server) syncAOF() {
	y := &s.aof.sync
	start := nanotime()
	if err := s.aof.log.Sync(); err != nil {
		s.Log(LogWarning, "Can't persist AOF for fsync error when the AOF fsync policy is 'always': %s. Exiting...", config.SysText(err))
		s.exitUnacknowledged()
		return
	}
	s.noteLatency("aof-fsync-always", nanotime()-start)
	y.asked, y.at = s.aof.log.Size(), s.Unixtime()
	s.synced(s.aof.covers())
}

// syncAOFLater has a goroutine wait for the disk, once a second.
func (s *Server) syncAOFLater() {
	y, now := &s.aof.sync, s.Unixtime()
	if now <= y.at {
		return
	}
	y.at = now
	if y.pending != 0 || y.closing != 0 {
		return // the disk gets the file before this one first
	}
	log, upTo := s.aof.log, s.aof.covers()
	y.asked = log.Size()
	y.pending++
	go func() {
		err := log.Sync()
		s.Loop.Post(func() {
			y.pending--
			if s.aof.log != log {
				return // closeLog waits for the disk, too
			}
			if s.aofSynced(err); err != nil {
				y.asked = -1 // once more
				return
			}
			s.synced(upTo)
		})
	}()
}

// closeLog has a file synced and closed that nothing is appended to any more.
func (s *Server) closeLog(log *aof.Log) {
	upTo := s.aof.covers()
	s.aof.sync.closing++
	go func() {
		err := log.Sync()
		_ = log.Close() // nothing is lost by it
		s.Loop.Post(func() {
			s.aof.sync.closing--
			if s.aofSynced(err); err != nil {
				upTo = 0
			}
			s.synced(upTo)
		})
	}()
}

// aofSynced takes note of how waiting for the disk ended.
func (s *Server) aofSynced(err error) {
	y := &s.aof.sync
	was := y.failed
	y.failed = ""
	if err != nil {
		y.failed = config.SysText(err)
		if y.failed != was {
			s.Log(LogWarning, "Fail to fsync the AOF file: %s", y.failed)
		}
	}
	if y.failed != was {
		s.showAOFError()
	}
}

// showAOFError decides what commands that write are told.
func (s *Server) showAOFError() {
	reason := s.aof.failed
	if reason == "" {
		reason = s.aof.sync.failed
	}
	if reason == "" || s.aof.mode == aofOff {
		s.SetAppendError("")
		return
	}
	s.SetAppendError(errTextAppend + reason)
}

// exitUnacknowledged ends the process. What clients were about to be told does not
// leave: it would be a promise that cannot be kept.
func (s *Server) exitUnacknowledged() {
	s.EachClient(func(c *Client) bool {
		c.dropOutput()
		return true
	})
	s.aof.buf = nil
	s.exit(1)
}

package server

import (
	"path/filepath"
	"strconv"

	"berth/internal/persist/aof"
	"berth/internal/resp"
)

// The append-only file has what changed the data set, command by command. What is
// propagated gathers in a buffer, which is written at the end of each iteration of
// the loop, before the replies to those commands leave.
//
// It is a directory of several files, see package aof. A rewrite makes a new base
// file by a snapshot, while the commands go on to a file that follows it.

// aofMode says what becomes of what is propagated.
type aofMode uint8

const (
	aofOff aofMode = iota
	// aofWaiting is the time between the switch to yes and the first base file.
	// What changes meanwhile goes to a file that does not count before that.
	aofWaiting
	aofOn
)

// fsyncPolicy says when the disk must have what was written.
type fsyncPolicy int

const (
	fsyncEverySec fsyncPolicy = iota
	fsyncAlways
	fsyncNo
)

// aofState is the server's append-only file. The loop owns it.
type aofState struct {
	mode aofMode
	// manifest is what the disk has; nil before it was looked for.
	manifest *aof.Manifest
	log      *aof.Log
	// buf is what was propagated and is not written yet.
	buf []byte
	// fed is how many bytes have come there in all.
	fed int64
	// db is the database that is selected in the file, below zero if none is.
	db int
	// noted is the time that the file has noted last, in seconds since 1970.
	noted int64
	// size is the length of the base file and all that follow, baseSize what it
	// was after the last rewrite, in bytes.
	size, baseSize int64

	sync aofSync
	// failed is why the last write failed, empty if it did not.
	failed string
	// complained is when the log was told of a failure last, in seconds.
	complained int64
	// slept is how long DEBUG AOF-FLUSH-SLEEP wants a write to take, in
	// nanoseconds.
	slept int64
	// nanos is the time spent in writing and syncing at the end of iterations.
	nanos int64

	rewrite aofRewrite
}

// aofKept is the size of the buffer up to which it is kept, in bytes.
const aofKept = 1 << 20

// AppendOnly reports whether there is an append-only file, or will be one as soon as
// its first base file is written.
func (s *Server) AppendOnly() bool { return s.aof.mode != aofOff }

// aofPath is where a file of the directory is.
func (s *Server) aofPath(name string) string {
	return filepath.Join(s.Config.String("appenddirname"), name)
}

// aofPrefix is what the names of files begin with.
func (s *Server) aofPrefix() string { return s.Config.String("appendfilename") }

// feedAOF takes what is propagated.
func (s *Server) feedAOF(db int, cmd []byte) {
	a := &s.aof
	if a.log == nil {
		return // it is off, or waits for its first base file to be begun
	}
	before := len(a.buf)
	if s.Config.Values.AppendTimes {
		if now := s.Unixtime(); now > a.noted {
			a.noted = now
			a.buf = aof.AppendTime(a.buf, now)
		}
	}
	if db >= 0 && db != a.db {
		a.buf = appendSelect(a.buf, db)
		a.db = db
	}
	a.buf = append(a.buf, cmd...)
	a.fed += int64(len(a.buf) - before)
	if c := s.exec.current; c != nil {
		c.fed = a.fed
	}
}

// appendSelect appends the command that selects a database.
func appendSelect(b []byte, db int) []byte {
	b = resp.AppendArray(b, 2)
	b = resp.AppendBulkString(b, "SELECT")
	return resp.AppendBulkString(b, strconv.Itoa(db))
}

package server

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Level says how important a line of the log is.
type Level int32

// The levels. A line is written if its level is at least the configured one.
const (
	LogDebug Level = iota
	LogVerbose
	LogNotice
	LogWarning
	LogNothing
)

// maxLogLine is how long a message may be; the rest is cut off.
const maxLogLine = 1024

// logState is where the log goes. Any thread may write to it.
type logState struct {
	level atomic.Int32
	mu    sync.Mutex
	// file is the path to append to, "" for standard output.
	file string
	// role is the letter behind the process id: M master, S replica, C child.
	role atomic.Int32
	buf  []byte
	out  *os.File
}

// Log writes one line to the log, in Redis's format. Any thread.
func (s *Server) Log(level Level, format string, args ...any) {
	if !s.LogEnabled(level) {
		return
	}
	msg := fmt.Sprintf(format, args...)
	if len(msg) > maxLogLine {
		msg = msg[:maxLogLine]
	}
	l := &s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = appendLogHead(l.buf[:0], time.Now(), rune(l.role.Load()), level)
	l.buf = append(l.buf, msg...)
	l.buf = append(l.buf, '\n')
	l.write(l.buf)
}

// LogRaw writes text to the log as it is. Any thread.
func (s *Server) LogRaw(level Level, text string) {
	if !s.LogEnabled(level) {
		return
	}
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.write([]byte(text))
}

// LockLog has nobody write to the log until UnlockLog. Any thread.
func (s *Server) LockLog() { s.log.mu.Lock() }

// UnlockLog ends what LockLog began.
func (s *Server) UnlockLog() { s.log.mu.Unlock() }

// LogEnabled reports whether lines of that level are written. Any thread.
func (s *Server) LogEnabled(level Level) bool {
	return level >= Level(s.log.level.Load())
}

// SetLogRole sets the letter that tells what this process is: 'M' for a
// master, 'S' for a replica. Any thread.
func (s *Server) SetLogRole(letter byte) { s.log.role.Store(int32(letter)) }

// initLog sets the defaults.
func (l *logState) init() {
	l.level.Store(int32(LogNotice))
	l.role.Store('M')
	l.out = os.Stdout
}

// appendLogHead writes what stands before a message: process id, role, local
// time and the sign of the level.
func appendLogHead(b []byte, now time.Time, role rune, level Level) []byte {
	b = fmt.Appendf(b, "%d:%c ", os.Getpid(), role)
	b = now.AppendFormat(b, "02 Jan 2006 15:04:05.000")
	sign := byte('#')
	if level >= LogDebug && level <= LogWarning {
		sign = ".-*#"[level]
	}
	return append(b, ' ', sign, ' ')
}

// write does one system call per line, so that what the process said last is
// there whatever happens to it. The file is opened for each line: it may be
// moved away or removed by a log rotation at any time.
func (l *logState) write(b []byte) {
	if l.file == "" {
		_, _ = l.out.Write(b) // nowhere to report it
		return
	}
	f, err := os.OpenFile(l.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	_, _ = f.Write(b) // nowhere to report it
	_ = f.Close()
}

package aof

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Log is the file that is appended to. It belongs to one goroutine, apart from Sync
// and Close.
type Log struct {
	f    *os.File
	size int64
}

// filePerm is the mode of new files, before the umask.
const filePerm = 0o644

// OpenLog opens the file at a path to append to it, or makes it.
func OpenLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, filePerm)
	if err != nil {
		return nil, fmt.Errorf("aof: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, fmt.Errorf("aof: %w", err)
	}
	return &Log{f, info.Size()}, nil
}

// CreateLog makes an empty file at a path, in place of what is there.
func CreateLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_TRUNC, filePerm)
	if err != nil {
		return nil, fmt.Errorf("aof: %w", err)
	}
	return &Log{f, 0}, nil
}

// Size is how long the file is, in bytes.
func (l *Log) Size() int64 { return l.size }

// Measure looks how long the file is, which somebody else has cut.
func (l *Log) Measure() error {
	info, err := l.f.Stat()
	if err != nil {
		return fmt.Errorf("aof: %w", err)
	}
	l.size = info.Size()
	return nil
}

// ErrShort is returned when only a part could be written.
var ErrShort = errors.New("aof: short write")

// Write appends b. If only a part of it gets there that is taken back; when that
// fails too, n says how much stays. The error wraps ErrShort and the reason, or is
// the reason alone if nothing was written at all.
func (l *Log) Write(b []byte) (n int, err error) {
	n, err = l.f.Write(b)
	if err == nil {
		l.size += int64(n)
		return n, nil
	}
	if n == 0 {
		return 0, fmt.Errorf("aof: writing: %w", err)
	}
	short := &ShortWrite{Written: n, Wanted: len(b), Reason: err}
	if short.Undo = l.f.Truncate(l.size); short.Undo == nil {
		return 0, short
	}
	l.size += int64(n)
	return n, short
}

// ShortWrite is the error for a write that got only a part of the bytes out.
type ShortWrite struct {
	Written, Wanted int
	// Reason is why no more was written.
	Reason error
	// Undo is why it could not be taken back, nil if it was.
	Undo error
}

// Error tells how much was written.
func (e *ShortWrite) Error() string {
	return fmt.Sprintf("aof: %d of %d bytes were written: %v", e.Written, e.Wanted, e.Reason)
}

// Unwrap gives ErrShort and the reason.
func (e *ShortWrite) Unwrap() []error { return []error{ErrShort, e.Reason} }

// Sync returns when the file's bytes are on the disk. Any goroutine.
func (l *Log) Sync() error { return syncData(l.f) }

// Close closes the file. Any goroutine.
func (l *Log) Close() error { return l.f.Close() }

// AppendTime appends a remark that notes the time, in seconds since 1970.
func AppendTime(b []byte, unix int64) []byte {
	b = append(b, "#TS:"...)
	b = strconv.AppendInt(b, unix, 10)
	return append(b, "\r\n"...)
}

package aof

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"berth/internal/config"
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

// ErrNotLasting is returned when a manifest is in its place, and a failure of the
// machine might bring the one before it back.
var ErrNotLasting = errors.New("aof: the manifest may not last")

// WriteManifest puts a manifest into a directory, in place of the one that is there,
// and returns when that is certain to last. prefix is what the names begin with. The
// error is a *StepError.
func WriteManifest(dir, prefix string, m *Manifest) error {
	name := prefix + ManifestSuffix
	temp := TempPrefix + name
	f, err := os.OpenFile(filepath.Join(dir, temp), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, filePerm)
	if err != nil {
		return &StepError{"Can't open the AOF manifest file " + temp, err}
	}
	if _, err = f.Write(m.Append(nil)); err == nil {
		err = syncData(f)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return &StepError{"Error trying to write the temporary AOF manifest file " + temp, err}
	}
	if err := os.Rename(filepath.Join(dir, temp), filepath.Join(dir, name)); err != nil {
		return &StepError{"Error trying to rename the temporary AOF manifest file " + temp + " into " + name, err}
	}
	if err := SyncDir(dir); err != nil {
		return &StepError{"Fail to fsync AOF directory " + dir, fmt.Errorf("%w: %w", ErrNotLasting, err)}
	}
	return nil
}

// StepError is the step in which something failed, in the words of Redis's log.
type StepError struct {
	Step   string
	Reason error
}

// Error tells the step and the reason.
func (e *StepError) Error() string { return e.Step + ": " + config.SysText(e.Reason) }

// Unwrap gives the reason.
func (e *StepError) Unwrap() error { return e.Reason }

// SyncDir returns when the names in a directory are on the disk. What cannot be
// synced, on file systems that do not know of it, is taken to be.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("aof: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !badForDirs(err) {
		return fmt.Errorf("aof: %w", err)
	}
	return nil
}

// AppendTime appends a remark that notes the time, in seconds since 1970.
func AppendTime(b []byte, unix int64) []byte {
	b = append(b, "#TS:"...)
	b = strconv.AppendInt(b, unix, 10)
	return append(b, "\r\n"...)
}

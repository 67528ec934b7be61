package aof

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"berth/internal/config"
)

// ErrNotLasting is returned when a manifest is in its place, and a failure of the
// machine might bring the one before it back.
var ErrNotLasting = errors.New("aof: the manifest may not last")

// Staged is a manifest that was written, and is not in its place yet.
type Staged struct {
	dir, temp, name string
	f               *os.File
}

// Stage writes a manifest beside the one in a directory, without waiting for the
// disk. prefix is what the names begin with. The error is a *StepError.
func (m *Manifest) Stage(dir, prefix string) (*Staged, error) {
	s := &Staged{dir: dir, name: prefix + ManifestSuffix}
	s.temp = TempPrefix + s.name
	var err error
	if s.f, err = os.OpenFile(filepath.Join(dir, s.temp), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, filePerm); err != nil {
		return nil, &StepError{"Can't open the AOF manifest file " + s.temp, err}
	}
	if _, err := s.f.Write(m.Append(nil)); err != nil {
		_ = s.f.Close() // it is of no use
		return nil, &StepError{"Error trying to write the temporary AOF manifest file " + s.temp, err}
	}
	return s, nil
}

// Commit puts the manifest in the place of the one that is there, and returns when
// that is certain to last. The error is a *StepError. Any goroutine.
func (s *Staged) Commit() error {
	err := syncData(s.f)
	if e := s.f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return &StepError{"Fail to fsync the temp AOF file " + s.temp, err}
	}
	if err := os.Rename(filepath.Join(s.dir, s.temp), filepath.Join(s.dir, s.name)); err != nil {
		return &StepError{"Error trying to rename the temporary AOF manifest file " + s.temp + " into " + s.name, err}
	}
	if err := SyncDir(s.dir); err != nil {
		return &StepError{"Fail to fsync AOF directory " + s.dir, fmt.Errorf("%w: %w", ErrNotLasting, err)}
	}
	return nil
}

// WriteManifest is Stage and Commit.
func WriteManifest(dir, prefix string, m *Manifest) error {
	s, err := m.Stage(dir, prefix)
	if err != nil {
		return err
	}
	return s.Commit()
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
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EBADF) {
		return fmt.Errorf("aof: %w", err)
	}
	return nil
}

package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// snapshotFile is a file that a snapshot goes to under another name, until it is
// whole.
type snapshotFile struct {
	s    *Server
	file *os.File
	temp string
	path string
	sync bool
	// unsynced are the bytes since the last time the file was made to last.
	unsynced int

	// mu guards stale, which says that the file must not take its place any more.
	mu    sync.Mutex
	stale bool
}

// syncEvery is how much is written before the system is asked to make it last, so
// that the end need not wait for everything.
const syncEvery = 32 << 20

// createSnapshot opens the file for a snapshot. An error is in the log.
func (s *Server) createSnapshot(path string) (*snapshotFile, error) {
	f := &snapshotFile{s: s, path: path, temp: fmt.Sprintf("temp-%d-%d.rdb", os.Getpid(), s.save.files), sync: s.Config.Bool("rdb-save-incremental-fsync")}
	s.save.files++
	if dir := filepath.Dir(path); dir != "." {
		f.temp = filepath.Join(dir, f.temp)
	}
	var err error
	if f.file, err = os.OpenFile(f.temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
		s.Log(LogWarning, "Failed opening the temp RDB file %s (in server root dir %s) for saving: %s", f.temp, workDir(), config.SysText(err))
		return nil, fmt.Errorf("server: creating a snapshot: %w", err)
	}
	return f, nil
}

// workDir is the directory that the server runs in, for the log.
func workDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return "unknown"
	}
	return dir
}

// Write implements io.Writer. The snapshot's goroutine.
func (f *snapshotFile) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	if err != nil {
		return n, err
	}
	if f.unsynced += n; f.sync && f.unsynced >= syncEvery {
		f.unsynced = 0
		err = f.file.Sync()
	}
	return n, err
}

// finish makes the file last, under its name. The snapshot's goroutine.
func (f *snapshotFile) finish() error {
	err := f.file.Sync()
	if e := f.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("server: closing a snapshot: %w", err)
	}
	if err := f.rename(); err != nil {
		return err
	}
	return aof.SyncDir(filepath.Dir(f.path))
}

// rename gives the file its name.
func (f *snapshotFile) rename() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stale {
		return ErrSnapshotAborted
	}
	if err := os.Rename(f.temp, f.path); err != nil {
		f.s.Log(LogWarning, "Error moving temp DB file %s on the final destination %s (in server root dir %s): %s", f.temp, f.path, workDir(), config.SysText(err))
		return fmt.Errorf("server: renaming a snapshot: %w", err)
	}
	return nil
}

// giveUp keeps the file from taking its place from now on: there may be a newer one.
// What was written goes. The loop, while the snapshot's goroutine may be at work.
func (f *snapshotFile) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = true
	_ = os.Remove(f.temp) // it may have its name already
}

// drop removes what is left of a snapshot that failed.
func (f *snapshotFile) drop(err error) {
	if !errors.Is(err, ErrSnapshotAborted) {
		f.s.Log(LogWarning, "Write error while saving DB to the disk: %s", config.SysText(err))
	}
	_ = f.file.Close() // it may be closed already
	_ = os.Remove(f.temp)
}

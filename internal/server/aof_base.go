package server

import (
	"fmt"
	"os"
	"path/filepath"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

func joinDir(dir, name string) string { return filepath.Join(dir, name) }

// basePreamble reports whether base files are snapshots. There is no command for what
// is kept of modules that are not loaded, besides values.
func (s *Server) basePreamble() bool {
	return s.Config.Bool("aof-use-rdb-preamble") || len(s.persist.unknown.aux) != 0
}

// createBase opens a file in the directory of the append-only file, for a base file
// until that is whole.
func (s *Server) createBase(temp string) (*snapshotFile, error) {
	f := &snapshotFile{s: s, temp: s.aofPath(temp), sync: s.Config.Bool("aof-rewrite-incremental-fsync")}
	var err error
	if f.file, err = os.OpenFile(f.temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644); err != nil {
		return nil, fmt.Errorf("server: creating a base file: %w", err)
	}
	return f, nil
}

// beginCommands writes what stands before the keys in a base file of commands.
func (sn *Snapshot) beginCommands() {
	s, w := sn.s, &sn.main
	if s.Config.Values.AppendTimes {
		w.B = aof.AppendTime(w.B, s.Unixtime())
	}
	for _, lib := range s.scripts.libraries.list {
		w.Command("FUNCTION", "LOAD", string(lib.Code))
	}
	sn.handMain()
}

// close makes what was written last.
func (f *snapshotFile) close() error {
	err := f.file.Sync()
	if e := f.file.Close(); err == nil {
		err = e
	}
	return err
}

// discard removes what was written.
func (f *snapshotFile) discard() {
	_ = f.file.Close() // it may be closed already
	_ = os.Remove(f.temp)
}

// writeBase writes a base file at once; the loop is held until it is done. The error
// is in the log.
func (s *Server) writeBase(path string) error {
	f, err := s.createBase(fmt.Sprintf("temp-rewriteaof-%d.aof", os.Getpid()))
	if err != nil {
		s.Log(LogWarning, "Opening the temp file for AOF rewrite: %s", config.SysText(err))
		return err
	}
	s.tellPersistence(PersistSyncAOF)
	err = s.WriteSnapshot(SnapshotOptions{
		To: f, Preamble: true, Commands: !s.basePreamble(),
		Finish: func() error {
			if err := f.close(); err != nil {
				return err
			}
			return os.Rename(f.temp, path)
		},
	})
	if err != nil {
		s.Log(LogWarning, "Write error writing append only file on disk: %s", config.SysText(err))
		f.discard()
		s.tellPersistence(PersistFailed)
		return err
	}
	s.tellPersistence(PersistEnded)
	return nil
}

// dropHistory removes the files that a base file has replaced, and returns the manifest
// without them, or as it was if it could not be written. Any goroutine.
func dropHistory(s *Server, dir, prefix string, m *aof.Manifest) *aof.Manifest {
	if len(m.History) == 0 {
		return m
	}
	for _, f := range m.History {
		s.Log(LogNotice, "Removing the history file %s in the background", f.Name)
		_ = os.Remove(joinDir(dir, f.Name)) // it may be gone already
	}
	short := m.Clone()
	short.History = nil
	if writeManifest(s, dir, prefix, short) != nil {
		return m
	}
	return short
}

// applyHistory is how aof-disable-auto-gc takes effect.
func (s *Server) applyHistory() error {
	if s.life.started && s.aof.rewrite.running == nil {
		s.collectHistory()
	}
	return nil
}

// collectHistory removes the files that a base file has replaced, unless a test wants
// them.
func (s *Server) collectHistory() {
	if a := &s.aof; a.manifest != nil && !s.Config.Bool("aof-disable-auto-gc") {
		a.manifest = dropHistory(s, s.Config.String("appenddirname"), s.aofPrefix(), a.manifest)
	}
}

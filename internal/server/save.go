package server

import (
	"errors"
	"os"
	"time"

	"berth/loop"
)

// PersistenceKind says what is being saved, as modules are told.
type PersistenceKind uint8

// The kinds, with the subevents of REDISMODULE_EVENT_PERSISTENCE.
const (
	PersistRDB PersistenceKind = iota
	PersistAOF
	PersistSyncRDB
	PersistEnded
	PersistFailed
	PersistSyncAOF
)

// saveState is what saving to the file that dbfilename names has to remember.
type saveState struct {
	// last is when the data were saved last, tried when that was tried last in the
	// background, both in seconds since 1970.
	last, tried int64
	// failed says that the last attempt in the background failed.
	failed bool
	// scheduled is set when BGSAVE is to begin as soon as it can.
	scheduled bool
	// background is what BGSAVE writes, nil when it does not, and file where that goes.
	background *Snapshot
	file       *snapshotFile
	// dirty is how many changes there had been when it began.
	dirty int64
	// seconds is how long the last one took, below zero for none.
	seconds int64
	// saves counts SAVE and BGSAVE, files those that were begun, for their names.
	saves, files int64
}

// tellPersistence tells modules that saving begins or ends.
func (s *Server) tellPersistence(kind PersistenceKind) {
	if fn := s.Hooks.Persistence; fn != nil {
		fn(kind)
	}
}

// dbFile is the file that dbfilename names.
func (s *Server) dbFile() string { return s.Config.String("dbfilename") }

// SaveFile writes all databases to a file at once; the loop is held until it is
// done. Reasons of failure are in the log.
func (s *Server) SaveFile(path string) error {
	s.tellPersistence(PersistSyncRDB)
	err := s.saveFile(path)
	if err != nil {
		s.tellPersistence(PersistFailed)
		return err
	}
	s.tellPersistence(PersistEnded)
	return nil
}

func (s *Server) saveFile(path string) error {
	f, err := s.createSnapshot(path)
	if err != nil {
		return err
	}
	if err := s.WriteSnapshot(SnapshotOptions{To: f, Finish: f.finish}); err != nil {
		f.drop(err)
		return err
	}
	return nil
}

// SaveNow is SAVE: SaveFile to the file that the configuration names.
func (s *Server) SaveNow() error {
	if err := s.SaveFile(s.dbFile()); err != nil {
		return err
	}
	s.Log(LogNotice, "DB saved on disk")
	s.Dirty = 0
	s.save.last = time.Now().Unix()
	s.setSaveFailed(false)
	return nil
}

// SaveInBackground is BGSAVE: it begins to save to the file that the configuration
// names. The error is ErrSnapshotRunning, or in the log.
func (s *Server) SaveInBackground() error {
	if s.persist.running != nil {
		return ErrSnapshotRunning
	}
	s.save.saves++
	s.save.tried = time.Now().Unix()
	s.save.dirty = s.Dirty
	f, err := s.createSnapshot(s.dbFile())
	if err != nil {
		s.setSaveFailed(true)
		return err
	}
	s.tellPersistence(PersistRDB)
	began := time.Now()
	sn, err := s.StartSnapshot(SnapshotOptions{To: f, Finish: f.finish, Done: func(err error) { s.savedInBackground(f, began, err) }})
	if err != nil {
		f.drop(err)
		s.setSaveFailed(true)
		s.tellPersistence(PersistFailed)
		return err
	}
	s.save.background, s.save.file = sn, f
	s.Log(LogNotice, "Background saving started by pid %d", os.Getpid())
	return nil
}

// savedInBackground is called when BGSAVE is over.
func (s *Server) savedInBackground(f *snapshotFile, began time.Time, err error) {
	s.save.background, s.save.file = nil, nil
	s.save.seconds = int64(time.Since(began).Seconds())
	if f.stale {
		err = ErrSnapshotAborted // it may have been whole already
	}
	if err != nil {
		f.drop(err)
		if errors.Is(err, ErrSnapshotAborted) {
			s.Log(LogNotice, "Background saving terminated: it was given up")
		} else {
			s.Log(LogWarning, "Background saving error")
			s.setSaveFailed(true)
		}
		s.tellPersistence(PersistFailed)
		return
	}
	s.Log(LogNotice, "DB saved on disk")
	s.Log(LogNotice, "Background saving terminated with success")
	s.Dirty -= s.save.dirty
	s.save.last = time.Now().Unix()
	s.setSaveFailed(false)
	s.tellPersistence(PersistEnded)
}

// abandonSave gives up what BGSAVE writes, for it is out of date.
func (s *Server) abandonSave() {
	if s.save.background != nil {
		s.Log(LogNotice, "There is a background saving of old data. Giving it up!")
		s.save.background.Abort()
		s.save.file.giveUp()
	}
}

// retryDelay is how long after a failure the save points count again, in seconds.
const retryDelay = 5

// startSaveCron saves when a save point is reached, or BGSAVE was scheduled.
func (s *Server) startSaveCron() {
	period := func() time.Duration { return time.Second / time.Duration(max(1, s.Settings.Hz)) }
	s.Loop.AddTimer(period(), func(loop.TimerID) time.Duration {
		if s.exec.yielding == 0 && !s.loading.on {
			if s.persist.running == nil && s.aof.rewrite.scheduled && !s.rewriteLimited() {
				_ = s.startRewrite() // the reason is in the log
			}
			if s.persist.running == nil {
				s.saveIfDue(time.Now().Unix())
			}
			if s.persist.running == nil {
				s.rewriteIfDue()
			}
		}
		return period()
	}, nil)
}

func (s *Server) saveIfDue(now int64) {
	if s.save.failed && now-s.save.tried <= retryDelay {
		return
	}
	if s.save.scheduled {
		if s.SaveInBackground() == nil {
			s.save.scheduled = false
		}
		return
	}
	for _, p := range s.Config.Values.SavePoints {
		if s.Dirty >= int64(p.Changes) && now-s.save.last > int64(p.Seconds) {
			s.Log(LogNotice, "%d changes in %d seconds. Saving...", p.Changes, p.Seconds)
			_ = s.SaveInBackground() // the reason is in the log
			return
		}
	}
}

// deniesWrite reports whether a command is one of those that are refused while
// nothing can be saved, or copied to enough replicas.
func (s *Server) deniesWrite(c *Client, cmd *Command) bool {
	flags := s.flagsOf(cmd, c.argv)
	if cmd.Name == "exec" && c.multi != nil {
		flags |= c.multi.flags
	}
	return flags&Write != 0 || cmd.Name == "ping" && s.persist.diskError != ErrTextNoReplicas
}

// setSaveFailed notes how saving went, and whether writes are refused for it.
func (s *Server) setSaveFailed(failed bool) {
	s.save.failed = failed
	_ = s.applyDiskErrors()
}

// ErrTextMisconf is what writes are refused with while snapshots fail.
const ErrTextMisconf = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. " +
	"Commands that may modify the data set are disabled, because this instance is configured to report errors during writes " +
	"if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."

// errTextAppend begins what writes are refused with while the append-only file cannot be
// written.
const errTextAppend = "MISCONF Errors writing to the AOF file: "

// DiskError is the error for commands that write while what they change could not be
// saved; empty when all is well.
func (s *Server) DiskError() string { return s.persist.diskError }

// SetAppendError tells that the append-only file cannot be written: the error for
// commands that write, empty when it can again.
func (s *Server) SetAppendError(text string) {
	s.persist.appendError = text
	_ = s.applyDiskErrors()
}

// ErrTextNoReplicas is what writes are refused with while there are too few replicas.
const ErrTextNoReplicas = "NOREPLICAS Not enough good replicas to write."

// applyDiskErrors decides whether writes are refused. There are no replicas: any number
// that is asked for is too many.
func (s *Server) applyDiskErrors() error {
	p := &s.persist
	p.diskError = p.appendError
	if p.diskError == "" && s.Config.Int("min-replicas-to-write") > 0 && s.Config.Int("min-replicas-max-lag") > 0 {
		p.diskError = ErrTextNoReplicas
	}
	if s.save.failed && len(s.Config.Values.SavePoints) > 0 && s.Config.Bool("stop-writes-on-bgsave-error") {
		p.diskError = ErrTextMisconf
	}
	return nil
}

package server

import (
	"errors"
	"fmt"
	"os"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// publish makes the base file last, and puts it into the manifest. The snapshot's
// goroutine.
func (w *baseWriting) publish() error {
	s := w.s
	info, err := w.file.file.Stat()
	if err == nil {
		w.size = info.Size()
		err = w.file.close()
	}
	if err != nil {
		s.Log(LogWarning, "Write error writing append only file on disk: %s", config.SysText(err))
		return fmt.Errorf("server: rewriting: %w", err)
	}
	names := [][2]string{{w.file.temp, joinDir(w.dir, w.name)}}
	if w.temp != "" {
		names = append(names, [2]string{joinDir(w.dir, w.temp), joinDir(w.dir, w.next.NewIncr(w.prefix))})
	}
	for _, n := range names {
		if err := os.Rename(n[0], n[1]); err != nil {
			s.Log(LogWarning, "Error trying to rename the temporary AOF file %s into %s: %s", n[0], n[1], config.SysText(err))
			removeAll(names)
			return fmt.Errorf("server: rewriting: %w", err)
		}
		s.Log(LogNotice, "Successfully renamed the temporary AOF file %s into %s", n[0], n[1])
	}
	err = writeManifest(s, w.dir, w.prefix, w.next)
	if err != nil && !errors.Is(err, aof.ErrNotLasting) {
		removeAll(names)
		return err
	}
	w.published.Store(true)
	if err == nil && !w.keep {
		w.next = dropHistory(s, w.dir, w.prefix, w.next)
	}
	return nil
}

// removeAll removes files that were to get new names.
func removeAll(names [][2]string) {
	for _, n := range names {
		_ = os.Remove(n[0]) // one of the two is not there
		_ = os.Remove(n[1])
	}
}

// done is called on the loop at the end of the snapshot.
func (w *baseWriting) done(err error) {
	r := &w.s.aof.rewrite
	r.extra = w.snapshot.extra
	if w.published.Load() {
		w.s.Log(LogNotice, "Background AOF rewrite terminated with success")
		w.succeeded()
		return
	}
	w.ended(err)
}

// ended takes note of a rewrite that came to nothing.
func (w *baseWriting) ended(err error) {
	s := w.s
	r := &s.aof.rewrite
	r.running, r.took, w.over = nil, s.Unixtime()-w.began, true
	if w.file != nil {
		w.file.discard()
	}
	w.dropLog()
	if errors.Is(err, ErrSnapshotAborted) {
		s.Log(LogWarning, "Background AOF rewrite was given up")
	} else {
		s.Log(LogWarning, "Background AOF rewrite terminated with error: %s", config.SysText(err))
		r.failed = true
		r.failures++
	}
	if s.aof.mode == aofWaiting {
		r.scheduled = true
	}
	if w.told {
		s.tellPersistence(PersistFailed)
	}
}

// succeeded takes the new files into use.
func (w *baseWriting) succeeded() {
	s := w.s
	a := &s.aof
	r := &a.rewrite
	a.manifest = w.next
	r.running, r.took, r.failed, r.failures = nil, s.Unixtime()-w.began, false, 0
	if a.mode != aofOff && a.log == w.log && w.log != nil {
		a.size = w.size + a.log.Size()
		a.baseSize = a.size
		a.mode = aofOn
		s.synced(w.upTo)
		s.serveSynced()
	}
	s.Log(LogNotice, "Background AOF rewrite finished successfully")
	s.tellPersistence(PersistEnded)
}

// dropLog removes a file that does not count without the rewrite.
func (w *baseWriting) dropLog() {
	if w.temp == "" {
		return
	}
	a := &w.s.aof
	if a.log != nil && a.log == w.log {
		_ = a.log.Close()
		a.log, a.buf = nil, nil
	}
	w.s.Log(LogNotice, "Removing the temp incr aof file %s", w.temp)
	_ = os.Remove(joinDir(w.dir, w.temp)) // one that stays is overwritten
}

// abandonRewrite gives a rewrite up.
func (s *Server) abandonRewrite() {
	w := s.aof.rewrite.running
	if w == nil {
		return
	}
	s.Log(LogNotice, "Killing running AOF rewrite child: %d", os.Getpid())
	w.aborted = true
	if w.snapshot != nil {
		w.snapshot.Abort()
		w.file.giveUp()
	}
}

package server

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// aofRewrite is what there is to know about rewrites of the append-only file.
type aofRewrite struct {
	// running is the one that is under way, nil for none.
	running *baseWriting
	// scheduled has one begin as soon as it can.
	scheduled bool
	// failed says that the last one did; failures counts those in a row.
	failed   bool
	failures int64
	// count is how many were begun.
	count int64
	// took is how long the last one took, in seconds, below zero for none.
	took int64
	// extra is the most memory that the last one took at once, in bytes.
	extra int64
	// After several failures the next one waits until a moment, in seconds since
	// 1970, for so many minutes.
	until   int64
	minutes int64
}

// baseWriting is a rewrite that is under way.
type baseWriting struct {
	s        *Server
	snapshot *Snapshot
	began    int64 // seconds since 1970
	file     *snapshotFile
	dir      string
	prefix   string
	// log is the file that follows the base file, nil when nothing is appended; it
	// has the name temp until the base file is there, if that is not empty.
	log  *aof.Log
	temp string
	// next is the manifest with the new base file, and name what that is called.
	next *aof.Manifest
	name string
	keep bool // what is history stays
	// published is set when the disk has the next manifest. size is the base file's.
	published atomic.Bool
	size      int64
}

// startRewrite begins a new base file of what there is now. What changes from now on
// goes to a new file behind it. The error is ErrSnapshotRunning, or in the log.
func (s *Server) startRewrite() error {
	if s.persist.running != nil {
		return ErrSnapshotRunning
	}
	a := &s.aof
	// Modules may change something when they hear of it: that is part of the
	// snapshot, and so belongs into the file before it.
	s.tellPersistence(PersistAOF)
	s.propagatePending()
	if a.log != nil {
		s.flushAOF(true)
	}
	w, err := s.beginRewrite()
	if err != nil {
		a.rewrite.failed = true
		s.tellPersistence(PersistFailed)
		return err
	}
	a.rewrite.running, a.rewrite.scheduled = w, false
	s.Log(LogNotice, "Background append only file rewriting started by pid %d", os.Getpid())
	return nil
}

// beginRewrite does startRewrite's work.
func (s *Server) beginRewrite() (*baseWriting, error) {
	if err := s.makeAOFDir(); err != nil {
		return nil, err
	}
	a := &s.aof
	w := &baseWriting{s: s, began: s.Unixtime(), dir: s.Config.String("appenddirname"), prefix: s.aofPrefix()}
	if err := s.openNextLog(w); err != nil {
		return nil, err
	}
	a.rewrite.count++
	preamble := s.Config.Bool("aof-use-rdb-preamble")
	w.next, w.log, w.keep = a.manifest.Clone(), a.log, s.Config.Bool("aof-disable-auto-gc")
	w.name = w.next.NewBase(w.prefix, preamble)
	var err error
	if w.file, err = s.createBase(fmt.Sprintf("temp-rewriteaof-bg-%d.aof", os.Getpid())); err == nil {
		w.snapshot, err = s.StartSnapshot(SnapshotOptions{
			To: w.file, Preamble: true, Commands: !preamble, Finish: w.publish, Done: w.done,
		})
		if err != nil {
			w.file.discard()
		}
	}
	if err != nil {
		s.Log(LogWarning, "Can't rewrite append only file in background: %s", config.SysText(err))
		w.dropLog()
		return nil, err
	}
	w.next.Retire(w.log != nil && w.temp == "")
	return w, nil
}

// openNextLog has what is propagated go to a new file from now on: to one that is in
// the manifest, or to one that will be when the rewrite w is over. The error is in
// the log.
func (s *Server) openNextLog(w *baseWriting) error {
	a := &s.aof
	var m *aof.Manifest
	var name string
	switch a.mode {
	case aofOff:
		return nil
	case aofWaiting:
		w.temp = aof.TempIncr(w.prefix)
		name = w.temp
	default:
		m = a.manifest.Clone()
		name = m.NewIncr(w.prefix)
	}
	log, err := aof.CreateLog(s.aofPath(name))
	if err != nil {
		s.Log(LogWarning, "Can't open the append-only file %s: %s", name, config.SysText(err))
		return err
	}
	if m != nil {
		if err := writeManifest(s, w.dir, w.prefix, m); err != nil {
			// The file stays, for the manifest may have it already.
			_ = log.Close()
			return err
		}
		a.manifest = m
	}
	s.Log(LogNotice, "Creating AOF incr file %s on background rewrite", name)
	if a.log != nil {
		s.closeLog(a.log)
		a.sync.at = s.Unixtime()
	}
	a.log, a.db, a.sync.asked = log, -1, 0
	return nil
}

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

// done is called on the loop at the end.
func (w *baseWriting) done(err error) {
	s := w.s
	a := &s.aof
	r := &a.rewrite
	r.running = nil
	r.took = s.Unixtime() - w.began
	r.extra = w.snapshot.extra
	if w.published.Load() {
		s.Log(LogNotice, "Background AOF rewrite terminated with success")
		w.succeeded()
		return
	}
	w.file.discard()
	w.dropLog()
	if errors.Is(err, ErrSnapshotAborted) {
		s.Log(LogWarning, "Background AOF rewrite was given up")
	} else {
		s.Log(LogWarning, "Background AOF rewrite terminated with error: %s", config.SysText(err))
		r.failed = true
		r.failures++
	}
	if a.mode == aofWaiting {
		r.scheduled = true
	}
	s.tellPersistence(PersistFailed)
}

// succeeded takes the new files into use.
func (w *baseWriting) succeeded() {
	s := w.s
	a := &s.aof
	a.manifest = w.next
	a.rewrite.failed, a.rewrite.failures = false, 0
	if a.mode != aofOff && a.log == w.log && w.log != nil {
		a.size = w.size + a.log.Size()
		a.baseSize = a.size
		a.mode = aofOn
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
	if w := s.aof.rewrite.running; w != nil {
		s.Log(LogNotice, "Killing running AOF rewrite child: %d", os.Getpid())
		w.snapshot.Abort()
	}
}

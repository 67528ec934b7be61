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
	snapshot *Snapshot // nil before it is begun
	aborted  bool
	told     bool  // modules know of it
	over     bool  // it came to nothing, and that is noted
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
	// upTo is how much of what was propagated the base file has.
	upTo int64
	// published is set when the disk has the next manifest. size is the base file's.
	published atomic.Bool
	size      int64
}

// startRewrite begins a new base file of what there is now, or in a moment: the file
// that what changes from then on goes to must be in the manifest before, and the
// loop does not wait for the disk. The error is ErrSnapshotRunning, or in the log.
func (s *Server) startRewrite() error {
	a := &s.aof
	if s.persist.running != nil || a.rewrite.running != nil {
		return ErrSnapshotRunning
	}
	w := &baseWriting{s: s, began: s.Unixtime(), dir: s.Config.String("appenddirname"), prefix: s.aofPrefix()}
	if err := w.prepare(); err != nil {
		if !w.over {
			a.rewrite.failed = true
			a.rewrite.failures++
		}
		return err
	}
	a.rewrite.scheduled = false
	a.rewrite.count++
	s.Log(LogNotice, "Background append only file rewriting started by pid %d", os.Getpid())
	return nil
}

// prepare opens the file that follows the base file, and has the rest done when the
// manifest has it, or at once if it is to be there only with the base file.
func (w *baseWriting) prepare() error {
	s := w.s
	a := &s.aof
	if err := s.makeAOFDir(); err != nil {
		return err
	}
	var m *aof.Manifest
	name := ""
	switch a.mode {
	case aofOff:
		a.rewrite.running = w
		return w.begin()
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
	w.log = log
	s.Log(LogNotice, "Creating AOF incr file %s on background rewrite", name)
	if m == nil {
		a.rewrite.running = w
		return w.begin()
	}
	staged, err := m.Stage(w.dir, w.prefix)
	if err != nil {
		s.Log(LogWarning, "%v", err)
		_ = log.Close() // it is empty
		return err
	}
	a.rewrite.running = w
	go func() {
		err := staged.Commit()
		s.Loop.Post(func() { s.AfterUnit(func() { w.prepared(m, err) }) })
	}()
	return nil
}

// prepared begins with the base file when the manifest has the file behind it.
func (w *baseWriting) prepared(m *aof.Manifest, err error) {
	s := w.s
	a := &s.aof
	if err == nil || errors.Is(err, aof.ErrNotLasting) {
		a.manifest = m
	}
	switch {
	case err != nil:
		s.Log(LogWarning, "%v", err)
	case w.aborted || a.mode != aofOn:
		err = ErrSnapshotAborted
	case s.persist.running != nil:
		// Something else was quicker: this one has its turn afterwards.
		a.rewrite.scheduled = true
		err = ErrSnapshotAborted
	default:
		_ = w.begin() // the reason is in the log
		return
	}
	_ = w.log.Close() // it is empty, and the manifest may have it
	w.ended(err)
}

// begin begins to write the base file; what is propagated goes to the file behind it
// from now on. An error is in the log, and ends the rewrite.
func (w *baseWriting) begin() error {
	s := w.s
	a := &s.aof
	// Modules may change something when they hear of it: that is part of the
	// snapshot, and so belongs into the file before it.
	w.told = true
	s.tellPersistence(PersistAOF)
	s.propagatePending()
	if err := w.switchLog(); err != nil {
		_ = w.log.Close() // it is empty
		w.ended(err)
		return err
	}
	preamble := s.basePreamble()
	w.next, w.keep = a.manifest.Clone(), s.Config.Bool("aof-disable-auto-gc")
	w.name = w.next.NewBase(w.prefix, preamble)
	w.next.Retire(w.log != nil && w.temp == "")
	var err error
	if w.file, err = s.createBase(fmt.Sprintf("temp-rewriteaof-bg-%d.aof", os.Getpid())); err == nil {
		w.snapshot, err = s.StartSnapshot(SnapshotOptions{
			To: w.file, Preamble: true, Commands: !preamble, Finish: w.publish, Done: w.done,
		})
	}
	if err != nil {
		w.ended(err)
	}
	return err
}

// errUnwritten is why a rewrite is not begun: what the base file will have would come
// once more behind it.
var errUnwritten = errors.New("server: the append-only file cannot be written")

// switchLog writes what was propagated until now, and has the rest go to the next
// file.
func (w *baseWriting) switchLog() error {
	s := w.s
	a := &s.aof
	if a.log != nil {
		s.flushAOF(true)
		if len(a.buf) != 0 {
			return errUnwritten
		}
		s.closeLog(a.log)
		a.sync.at = s.Unixtime()
	}
	w.upTo = a.fed
	if w.log != nil {
		a.log, a.db, a.sync.asked = w.log, -1, 0
	}
	return nil
}

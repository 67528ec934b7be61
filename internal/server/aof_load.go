package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// Errors of loading an append-only file, beside those of package aof.
var (
	// ErrAOFMissing is returned when there is no append-only file.
	ErrAOFMissing = errors.New("server: there is no append-only file")
	// ErrAOFReplay is returned for what no append-only file has.
	ErrAOFReplay = errors.New("server: no command of an append-only file")
)

// aofLoad loads the files of an append-only file.
type aofLoad struct {
	s *Server
	// before are the bytes of the files that are loaded.
	before int64
	// truncated is set when the end of the last file was cut off, and how much.
	truncated bool
	cut       int64
}

// loadAOFAtStart loads the append-only file, and opens it. The error is in the log.
func (s *Server) loadAOFAtStart() error {
	start := time.Now()
	_, err := s.loadAOF()
	if err == nil {
		s.Log(LogNotice, "DB loaded from append only file: %.3f seconds", time.Since(start).Seconds())
	} else if !errors.Is(err, ErrAOFMissing) {
		return err
	}
	return s.openAOF()
}

// loadAOF adds what the files of the manifest hold to the databases. truncated says
// that the end of the last one made no sense and was cut off. The error is
// ErrAOFMissing, or in the log.
func (s *Server) loadAOF() (truncated bool, err error) {
	if err := s.upgradeAOF(); err != nil {
		return false, err
	}
	m := s.aof.manifest
	if m.Empty() {
		return false, ErrAOFMissing
	}
	files := m.Incr
	if m.Base != nil {
		files = append([]aof.File{*m.Base}, files...)
	}
	total, base := int64(0), int64(0)
	for _, f := range files {
		info, err := os.Stat(s.aofPath(f.Name))
		if err != nil {
			s.Log(LogWarning, "Unable to obtain the AOF file %s length. stat: %s", f.Name, config.SysText(err))
			return false, fmt.Errorf("server: loading: %w", err)
		}
		total += info.Size()
		if f.Kind == aof.Base {
			base = info.Size()
		}
	}
	if total == 0 {
		return false, nil
	}
	l := &aofLoad{s: s}
	s.BeginLoading(LoadingAOF, total)
	err = l.files(files)
	s.EndLoading(err == nil)
	if err != nil {
		return false, err
	}
	s.aof.size, s.aof.baseSize = total-l.cut, base
	return l.truncated, nil
}

// files loads the files in their order.
func (l *aofLoad) files(files []aof.File) error {
	s := l.s
	// Nothing is propagated that comes from there.
	p := &s.propagate
	sinks, listening := p.sinks, p.listening
	p.sinks, p.listening = nil, 0
	p.update()
	defer func() {
		p.sinks, p.listening = sinks, listening
		p.update()
	}()
	for i, f := range files {
		start := time.Now()
		size, err := l.file(f.Name, files[i+1:])
		if err != nil {
			return err
		}
		kind := "incr"
		if f.Kind == aof.Base {
			kind = "base"
		}
		s.Log(LogNotice, "DB loaded from %s file %s: %.3f seconds", kind, f.Name, time.Since(start).Seconds())
		l.before += size
	}
	return nil
}

// empty reports whether there is nothing in the files behind one whose end is missing:
// then it was the one that was written last.
func (l *aofLoad) empty(files []aof.File) bool {
	for _, f := range files {
		if info, err := os.Stat(l.s.aofPath(f.Name)); err != nil || info.Size() != 0 {
			return false
		}
	}
	return true
}

// file loads one file, which others follow, and says how long it is. An error is in the
// log.
func (l *aofLoad) file(name string, behind []aof.File) (size int64, err error) {
	s := l.s
	f, err := os.Open(s.aofPath(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.Log(LogWarning, "The append log file %s doesn't exist: %s", name, config.SysText(err))
		return 0, fmt.Errorf("server: loading: %w", err)
	case err != nil:
		s.Log(LogWarning, "Fatal error: can't open the append log file %s for reading: %s", name, config.SysText(err))
		return 0, fmt.Errorf("server: loading: %w", err)
	}
	defer f.Close()
	p := s.newReplay(name, l.before)
	defer p.end()
	var src io.Reader = f
	at := int64(0)
	var head [len("REDIS")]byte
	if n, _ := f.ReadAt(head[:], 0); string(head[:n]) == "REDIS" {
		if at, src, err = l.preamble(f, name); err != nil {
			return 0, err
		}
	}
	if err = p.run(aof.NewReader(src, at)); err == nil {
		return p.good, nil
	}
	switch {
	case errors.Is(err, aof.ErrTruncated):
		if !l.empty(behind) {
			s.Log(LogWarning, "Fatal error: the truncated file %s is not the last file, offset %d", name, p.good)
			return 0, err
		}
		return p.good, l.repair(name, p.good, err)
	case errors.Is(err, ErrAOFReplay):
		s.Log(LogWarning, "Fatal error reading the append only file %s: %v", name, err)
	case errors.Is(err, aof.ErrFormat):
		s.Log(LogWarning, "Bad file format reading the append only file %s: make a backup of your AOF file, "+
			"then use ./redis-check-aof --fix <filename.manifest>: %v", name, err)
	default:
		s.Log(LogWarning, "Unrecoverable error reading the append only file %s: %v", name, err)
	}
	return 0, err
}

// preamble loads the snapshot that a file begins with, and returns what follows it
// and where that is.
func (l *aofLoad) preamble(f *os.File, name string) (at int64, rest io.Reader, err error) {
	s := l.s
	old, what := name == s.aofPrefix(), "RDB base file"
	if old {
		what = "RDB preamble of the AOF file"
		s.Log(LogNotice, "Reading RDB preamble from AOF file...")
	} else {
		s.Log(LogNotice, "Reading RDB base file on AOF loading...")
	}
	s.loading.snapshot = true
	at, rest, err = s.LoadSnapshot(f, LoadOptions{Preamble: true, Offset: l.before})
	s.loading.snapshot = false
	if err != nil {
		s.Log(LogWarning, "Error reading the %s %s, AOF loading aborted: %v", what, name, err)
		return 0, nil, err
	}
	if old {
		s.Log(LogNotice, "Reading the remaining AOF tail...")
	}
	return at, rest, nil
}

// repair cuts off the end of a file, which was not written as a whole, if the
// configuration allows that.
func (l *aofLoad) repair(name string, good int64, err error) error {
	s := l.s
	path := s.aofPath(name)
	if !s.Config.Bool("aof-load-truncated") {
		s.Log(LogWarning, "Unexpected end of file reading the append only file %s at offset %d. You can: "+
			"1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. "+
			"2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server.", name, good)
		return err
	}
	s.Log(LogWarning, "!!! Warning: short read while loading the AOF file %s!!!", name)
	s.Log(LogWarning, "!!! Truncating the AOF %s at offset %d !!!", name, good)
	info, e := os.Stat(path)
	if e == nil {
		e = os.Truncate(path, good)
	}
	if e != nil {
		s.Log(LogWarning, "Error truncating the AOF file %s: %s", name, config.SysText(e))
		return fmt.Errorf("server: loading: %w", e)
	}
	l.truncated, l.cut = true, info.Size()-good
	if log := s.aof.log; log != nil {
		if e := log.Measure(); e != nil {
			s.Log(LogWarning, "Can't seek the end of the AOF file %s: %s", name, config.SysText(e))
			return e
		}
		s.aof.sync.asked = log.Size()
	}
	s.Log(LogWarning, "AOF %s loaded anyway because aof-load-truncated is enabled", name)
	return nil
}

// upgradeAOF makes an append-only file of one part, as older versions have it, the base
// file of one of several parts. Where it fails or is interrupted it begins again at
// the next start. The error is in the log.
func (s *Server) upgradeAOF() error {
	a, prefix := &s.aof, s.aofPrefix()
	if info, err := os.Stat(prefix); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	if m := a.manifest; !m.Empty() {
		// It may have been interrupted before the file was moved.
		_, err := os.Stat(s.aofPath(prefix))
		if m.Base == nil || len(m.Incr) > 0 || m.Base.Name != prefix || err == nil {
			return nil
		}
	}
	if err := s.makeAOFDir(); err != nil {
		return err
	}
	m := a.manifest.Clone()
	m.Base, m.BaseSeq = &aof.File{Name: prefix, Seq: 1, Kind: aof.Base}, 1
	dir := s.Config.String("appenddirname")
	if err := writeManifest(s, dir, prefix, m); err != nil {
		return err
	}
	a.manifest = m
	if err := os.Rename(prefix, s.aofPath(prefix)); err != nil {
		s.Log(LogWarning, "Error trying to move the old AOF file %s into dir %s: %s", prefix, dir, config.SysText(err))
		return fmt.Errorf("server: loading: %w", err)
	}
	s.Log(LogNotice, "Successfully migrated an old-style AOF file (%s) into the AOF directory (%s).", prefix, dir)
	return nil
}

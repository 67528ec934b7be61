package server

import (
	"errors"
	"os"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// errAOFStart is what CONFIG SET replies when the file cannot be switched on.
var errAOFStart = errors.New("Unable to turn on AOF. Check server logs.")

// applyAppendOnly is how appendonly takes effect.
func (s *Server) applyAppendOnly() error {
	if !s.life.started {
		return nil // openAOF will see to it
	}
	switch on := s.Config.Values.AppendOnly; {
	case on && s.aof.mode == aofOff:
		if s.StartAppendOnly() != nil {
			return errAOFStart
		}
	case !on:
		s.StopAppendOnly()
	}
	return nil
}

// makeAOFDir makes the directory if need be. The error is in the log.
func (s *Server) makeAOFDir() error {
	dir := s.Config.String("appenddirname")
	err := os.Mkdir(dir, 0o755)
	if info, e := os.Stat(dir); e == nil && info.IsDir() {
		return nil
	}
	s.Log(LogWarning, "Can't open or create append-only dir %s: %s", dir, config.SysText(err))
	return err
}

// StartAppendOnly switches the append-only file on: a base file of what there is now
// is begun, or scheduled when something else is being written. A file that is on
// stays as it is. The error is in the log.
func (s *Server) StartAppendOnly() error {
	a := &s.aof
	if a.mode != aofOff {
		return nil
	}
	a.mode = aofWaiting
	a.sync.at = s.Unixtime()
	if a.sync.failed != "" || a.failed != "" {
		s.Log(LogWarning, "AOF reopen, just ignore the last error.")
		a.sync.failed, a.failed = "", ""
	}
	switch {
	case s.persist.running != nil || a.rewrite.running != nil:
		s.Log(LogNotice, "AOF was enabled but there is already another background operation. An AOF background was scheduled to start when possible.")
		a.rewrite.scheduled = true
	case s.exec.depth > 1:
		// What the unit has changed until now is in its memory, not in a file.
		s.Log(LogNotice, "AOF was enabled during a transaction. An AOF background was scheduled to start when possible.")
		a.rewrite.scheduled = true
	default:
		if err := s.startRewrite(); err != nil {
			a.mode, a.rewrite.scheduled = aofOff, false
			s.Log(LogWarning, "Redis needs to enable the AOF but can't trigger a background AOF rewrite operation. "+
				"Check the above logs for more info about the error.")
			return err
		}
	}
	s.hearAOF()
	return nil
}

// hearAOF has what is propagated given to the append-only file if that is on.
func (s *Server) hearAOF() {
	if s.exec.depth <= 1 && s.aof.mode != aofOff {
		// Nothing is half told: what switches it on is not propagated itself.
		s.setSink(ToAOF, s.feedAOF)
		return
	}
	s.AfterUnit(func() {
		s.propagatePending()
		if s.aof.mode == aofOff {
			s.setSink(ToAOF, nil)
		} else {
			s.setSink(ToAOF, s.feedAOF)
		}
	})
}

// StopAppendOnly switches the append-only file off. What was propagated is written
// before; a rewrite is given up.
func (s *Server) StopAppendOnly() {
	a := &s.aof
	if a.mode == aofOff {
		return
	}
	if a.log != nil {
		s.finishAOF()
		_ = a.log.Close() // it is synced, or an error was logged
	}
	a.mode, a.log, a.buf, a.db = aofOff, nil, nil, -1
	a.rewrite.scheduled = false
	a.sync.asked = 0
	s.abandonRewrite()
	// What the unit has changed until now is for no file any more.
	for i := range s.propagate.cmds {
		s.propagate.cmds[i].to &^= ToAOF
	}
	s.hearAOF()
	s.serveSynced()
	s.showAOFError()
}

// finishAOF writes what was propagated and waits for the disk. An error is in the log.
func (s *Server) finishAOF() {
	a := &s.aof
	s.flushAOF(true)
	if a.log == nil {
		return
	}
	if err := a.log.Sync(); err != nil {
		s.Log(LogWarning, "Fail to fsync the AOF file: %s", config.SysText(err))
		return
	}
	a.sync.asked, a.sync.at = a.log.Size(), s.Unixtime()
}

// readManifest finds out which files there are. The error is in the log.
func (s *Server) readManifest() error {
	name := s.aofPrefix() + aof.ManifestSuffix
	path := s.aofPath(name)
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		s.Log(LogDebug, "The AOF manifest file %s doesn't exist", name)
		s.aof.manifest = &aof.Manifest{}
		return nil
	case err != nil:
		s.Log(LogWarning, "Fatal error: can't open the AOF manifest file %s for reading: %s", path, config.SysText(err))
		return err
	}
	m, err := aof.ParseManifest(data)
	if err != nil {
		s.Log(LogWarning, "\n*** FATAL AOF MANIFEST FILE ERROR ***\n")
		var bad *aof.ManifestError
		if errors.As(err, &bad) {
			if bad.Line != 0 {
				s.Log(LogWarning, "Reading the manifest file, at line %d\n", bad.Line)
				s.Log(LogWarning, ">>> '%s'\n", bad.Text)
			}
			s.Log(LogWarning, "%s\n", bad.Reason)
		}
		return err
	}
	s.aof.manifest = m
	return nil
}

// writeManifest puts a manifest in place of the one that there is. The error is in the
// log. Any goroutine, one at a time.
func writeManifest(s *Server, dir, prefix string, m *aof.Manifest) error {
	err := aof.WriteManifest(dir, prefix, m)
	if err != nil {
		s.Log(LogWarning, "%v", err)
	}
	return err
}

// openAOF makes the append-only file ready to be written after the data were loaded. The
// error is in the log.
func (s *Server) openAOF() error {
	a := &s.aof
	if err := s.makeAOFDir(); err != nil {
		return err
	}
	m, prefix := a.manifest.Clone(), s.aofPrefix()
	// What such a file has was not loaded: nothing is appended to it, nor is it lost.
	m.Skip(prefix, func(name string) bool {
		info, err := os.Stat(s.aofPath(name))
		return err == nil && info.Size() != 0
	})
	if m.Empty() {
		name := m.NewBase(prefix, s.basePreamble())
		if err := s.writeBase(s.aofPath(name)); err != nil {
			return err
		}
		s.Log(LogNotice, "Creating AOF base file %s on server start", name)
	}
	what, name := "Opening", m.Last()
	if name == "" {
		what, name = "Creating", m.NewIncr(prefix)
	}
	log, err := aof.OpenLog(s.aofPath(name))
	if err != nil {
		s.Log(LogWarning, "Can't open the append-only file %s: %s", name, config.SysText(err))
		return err
	}
	if what == "Creating" {
		err = writeManifest(s, s.Config.String("appenddirname"), prefix, m)
	}
	if err != nil {
		_ = log.Close() // it is empty
		return err
	}
	s.Log(LogNotice, "%s AOF incr file %s on server start", what, name)
	a.manifest, a.log, a.mode, a.db = m, log, aofOn, -1
	a.sync.asked, a.sync.at = log.Size(), s.Unixtime()
	s.hearAOF()
	return nil
}

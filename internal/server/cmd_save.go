package server

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"berth/internal/config"
)

func init() {
	handle(map[string]Handler{"save": cmdSave, "bgsave": cmdBgsave})
}

// The words for a command that has to wait for a snapshot.
const (
	errTextSaving     = "ERR Background save already in progress"
	errTextOtherChild = "ERR Another child process is active (AOF?): can't BGSAVE right now. " +
		"Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."
)

// cmdSave is SAVE.
func cmdSave(c *Client, _ [][]byte) {
	if c.srv.save.background != nil {
		c.WriteError(errTextSaving)
		return
	}
	c.srv.save.saves++
	if c.srv.SaveNow() != nil {
		c.WriteError("ERR")
		return
	}
	c.WriteOK()
}

// cmdBgsave is BGSAVE [SCHEDULE].
func cmdBgsave(c *Client, argv [][]byte) {
	s := c.srv
	schedule := len(argv) == 2 && equalFold(argv[1], "schedule")
	if len(argv) > 1 && !schedule {
		c.WriteError(ErrTextSyntax)
		return
	}
	switch {
	case s.save.background != nil:
		c.WriteError(errTextSaving)
	case s.exec.depth > 1, s.persist.running != nil && schedule:
		// In the middle of a transaction, or of a module's command, the data are not to be
		// saved.
		s.save.scheduled = true
		c.WriteStatus("Background saving scheduled")
	case s.persist.running != nil:
		c.WriteError(errTextOtherChild)
	case s.SaveInBackground() != nil:
		c.WriteError("ERR")
	default:
		c.WriteStatus("Background saving started")
	}
}

// EnablePersistence has the data loaded at the start, saved when a save point is
// reached, and saved at the end; and the append-only file opened if the configuration
// asks for one.
func (s *Server) EnablePersistence() {
	s.OnLoadData(s.loadData)
	s.SetSave(s.SaveNow)
	s.startSaveCron()
}

// loadData loads what the configuration names: the append-only file, or the snapshot.
func (s *Server) loadData() error {
	if err := s.readManifest(); err != nil {
		return err
	}
	if s.Config.Values.AppendOnly {
		if err := s.loadAOFAtStart(); err != nil {
			return err
		}
	} else if err := s.loadDB(); err != nil {
		return err
	}
	s.collectHistory()
	return nil
}

// loadDB loads the snapshot that the configuration names, if there is one.
func (s *Server) loadDB() error {
	start := time.Now()
	err := s.LoadFile(s.dbFile(), LoadingRDB, LoadOptions{})
	switch {
	case err == nil:
		s.Log(LogNotice, "DB loaded from disk: %.3f seconds", time.Since(start).Seconds())
	case errors.Is(err, fs.ErrNotExist):
	default:
		return err
	}
	return nil
}

// LoadFile adds what a file holds to the databases. A file that is not there is no
// other error in the log.
func (s *Server) LoadFile(path string, kind LoadingKind, o LoadOptions) error {
	f, err := os.Open(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.Log(LogWarning, "Fatal error: can't open the RDB file %s for reading: %s", path, config.SysText(err))
		}
		return err
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	s.BeginLoading(kind, size)
	_, _, err = s.LoadSnapshot(f, o)
	s.EndLoading(err == nil)
	if err != nil {
		s.Log(LogWarning, "%s: %v", path, err)
	}
	return err
}

// ReplaceData empties all databases and loads a file. A file that is not there is
// found out behind that, as in Redis. Whoever is being served meanwhile waits.
func (s *Server) ReplaceData(path string) error {
	if s.AppendOnly() {
		s.StopAppendOnly()
		// Redis leaves it off; then what follows would be lost by a restart.
		defer func() { _ = s.StartAppendOnly() }() // an error is in the log
	}
	s.abandonSave()
	s.FlushDB(-1, false)
	s.flushLibraries()
	err := s.LoadFile(path, LoadingRDB, LoadOptions{})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.FlushDB(-1, false) // a part of a file is no data set; Redis would end
		s.flushLibraries()
	}
	return err
}

// debugReload is DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE].
func (c *Client) debugReload(args [][]byte) {
	s := c.srv
	save, flush, o := true, true, LoadOptions{}
	for _, a := range args {
		switch {
		case equalFold(a, "merge"):
			o.Overwrite = true
		case equalFold(a, "noflush"):
			flush = false
		case equalFold(a, "nosave"):
			save = false
		default:
			c.WriteError("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
			return
		}
	}
	if s.loading.on {
		c.WriteError(ErrTextLoading)
		return
	}
	if save && s.SaveNow() != nil {
		c.WriteError("ERR")
		return
	}
	if flush {
		s.FlushDB(-1, false)
		s.flushLibraries()
	}
	if err := s.LoadFile(s.dbFile(), LoadingRDB, o); err != nil {
		c.WriteError("ERR Error trying to load the RDB dump, check server logs.")
		return
	}
	s.Log(LogWarning, "DB reloaded by DEBUG RELOAD")
	c.WriteOK()
}

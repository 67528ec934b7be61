package server

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"berth/internal/config"
	"berth/internal/persist/aof"
)

// cmdConfigGet is CONFIG GET pattern [pattern ...].
func cmdConfigGet(c *Client, argv [][]byte) {
	patterns := make([]string, len(argv)-2)
	for i, arg := range argv[2:] {
		patterns[i] = string(arg)
	}
	found := c.srv.Config.table.Get(patterns, func(pattern, name string) bool {
		return Match([]byte(pattern), []byte(name), true)
	})
	c.WriteMap(len(found))
	for _, pair := range found {
		c.WriteBulkString(pair.Name)
		c.WriteBulkString(pair.Value)
	}
}

// cmdConfigSet is CONFIG SET name value [name value ...].
func cmdConfigSet(c *Client, argv [][]byte) {
	if len(argv)%2 != 0 {
		c.WriteError(ErrTextSyntax)
		return
	}
	s := c.srv
	var pairs []config.Pair
	for i := 2; i < len(argv); i += 2 {
		pairs = append(pairs, config.Pair{Name: string(argv[i]), Value: string(argv[i+1])})
		if p := s.Config.Param(string(argv[i])); p != nil && p.Flags&config.Sensitive != 0 {
			c.Redact(i + 1)
		}
	}
	p := s.Settings.EnableProtectedConfigs
	err := s.Config.Set(pairs, config.SetOptions{
		Loading:        s.loading.on,
		AllowProtected: p == ProtectionYes || p == ProtectionLocal && c.isLocal(),
	})
	var failed *config.SetError
	switch {
	case err == nil:
		c.WriteOK()
	case errors.As(err, &failed) && failed.Loading:
		c.WriteError(ErrTextLoading)
	default:
		c.WriteError("ERR " + err.Error())
	}
}

// cmdConfigResetStat is CONFIG RESETSTAT.
func cmdConfigResetStat(c *Client, _ [][]byte) {
	c.srv.ResetStats()
	c.srv.info.rates.reset()
	c.srv.evict.since = 0
	c.WriteOK()
}

// cmdConfigRewrite is CONFIG REWRITE.
func cmdConfigRewrite(c *Client, _ [][]byte) {
	s := c.srv
	if s.Config.File == "" {
		c.WriteError("ERR The server is running without a config file")
		return
	}
	if err := s.Config.Rewrite(); err != nil {
		s.Log(LogWarning, "CONFIG REWRITE failed: %s", config.SysText(err))
		c.WriteError("ERR Rewriting config file: " + config.SysText(err))
		return
	}
	s.Log(LogNotice, "CONFIG REWRITE executed with success.")
	c.WriteOK()
}

// Rewrite changes the configuration file so that it gives the present values.
// The file is replaced in one step: it is never seen half written.
func (c *Config) Rewrite() error { return c.rewrite(false) }

// rewrite is Rewrite; with all set, parameters that have their default are
// written too.
func (c *Config) rewrite(all bool) error {
	old, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	modules := c.LoadModules
	if c.LoadedModules != nil {
		modules = c.LoadedModules()
	}
	load := config.Extra{Name: "loadmodule"}
	for _, m := range modules {
		words := []string{m.Path}
		for _, arg := range m.Args {
			words = append(words, quoteIfNeeded(arg))
		}
		load.Lines = append(load.Lines, strings.Join(words, " "))
	}
	users := config.Extra{Name: "user"}
	for _, user := range c.Users {
		users.Lines = append(users.Lines, strings.Join(user, " "))
	}
	return replaceFile(c.File, c.table.Rewrite(string(old), []config.Extra{users, load}, all))
}

// quoteIfNeeded quotes an argument that would not come back the same without.
func quoteIfNeeded(arg string) string {
	if words, err := config.Split(arg); err == nil && len(words) == 1 && words[0] == arg {
		return arg
	}
	return config.Quote(arg)
}

// configMode is the mode of a rewritten configuration file, less the process's
// umask.
const configMode = 0o644

// replaceFile writes text to a new file, makes sure that it is on the disk and
// gives it the name of the old one. The directory is written too: without that
// the old file may be back after a power cut.
func replaceFile(path, text string) error {
	f, err := os.OpenFile(path+"."+rand.Text(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, configMode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // best effort: the write has failed already
		return err
	}
	return aof.SyncDir(filepath.Dir(path))
}

// configHelp is CONFIG HELP.
var configHelp = []string{
	"GET <pattern>",
	"    Reply the parameters whose names match the glob-like <pattern>.",
	"SET <directive> <value>",
	"    Change the parameter <directive> to <value>.",
	"RESETSTAT",
	"    Set the counters that INFO shows to zero.",
	"REWRITE",
	"    Write the present values to the configuration file.",
}

package server

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"berth/internal/config"
)

// defaultPidFile is written by a daemon whose configuration names none.
const defaultPidFile = "/var/run/berth.pid"

// ErrStart is returned by Start when the reason is in the log.
var ErrStart = errors.New("server: cannot start")

// Start brings the server up: pid file, modules, sockets, data. It logs each
// step in the words that scripts wait for. After an error, which is in the log
// already, the process should end with code 1.
func (s *Server) Start() error {
	c := s.Config
	s.Log(LogNotice, "berth is starting")
	s.Log(LogNotice, "berth version=%s, Redis version=%s, bits=%d, pid=%d, just started",
		Version, RedisVersion, strconv.IntSize, os.Getpid())
	if len(os.Args) <= 2 {
		s.Log(LogWarning, "Warning: no config file specified, using the default config. "+
			"In order to specify a config file use berth serve /path/to/redis.conf")
	} else {
		s.Log(LogNotice, "Configuration loaded")
	}
	if err := s.adjustFileLimit(); err != nil {
		return err
	}
	if c.Values.Daemonize && c.Values.PidFile == "" {
		c.Values.PidFile = defaultPidFile
	}
	s.writePidFile(c.Values.PidFile)
	s.showLogo()
	s.checkBacklog()
	if inert := c.Inert(); len(inert) > 0 {
		s.Log(LogWarning, "These settings are kept but have no effect in this version: %s", strings.Join(inert, ", "))
	}
	if c.Values.TLSPort != 0 {
		s.Log(LogWarning, "berth has no TLS: tls-port must stay 0.")
		return ErrStart
	}
	if err := s.loadConfiguredModules(); err != nil {
		return err
	}
	if err := s.Listen(); err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	s.Log(LogNotice, "Server initialized")
	for _, load := range s.life.loadData {
		if err := load(); err != nil {
			s.Log(LogWarning, "Fatal error loading the DB, check server logs. Exiting: %v", err)
			return fmt.Errorf("%w: %w", ErrStart, err)
		}
	}
	s.life.started = true
	if s.Port() != 0 {
		s.Log(LogNotice, "Ready to accept connections tcp")
	}
	if s.Settings.UnixSocket != "" {
		s.Log(LogNotice, "Ready to accept connections unix")
	}
	if m := c.Values.MaxMemory; m > 0 && m < 1<<20 {
		s.Log(LogWarning, "WARNING: You specified a maxmemory value that is less than 1MB (current value is %d bytes). "+
			"Are you sure this is what you really want?", m)
	}
	return nil
}

// loadConfiguredModules loads what loadmodule lines name. Values for modules
// that nobody claimed are an error: a misspelt name must not go unseen.
func (s *Server) loadConfiguredModules() error {
	if load := s.life.loadModules; load != nil {
		if err := load(s); err != nil {
			return fmt.Errorf("%w: %w", ErrStart, err)
		}
	} else if len(s.Config.LoadModules) > 0 {
		s.Log(LogWarning, "Can't load module from %s: server aborting", s.Config.LoadModules[0].Path)
		return ErrStart
	}
	if len(s.Config.Pending) > 0 {
		s.Log(LogWarning, "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting")
		return ErrStart
	}
	return nil
}

// writePidFile writes the process id, best effort.
func (s *Server) writePidFile(path string) {
	if path == "" {
		return
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
		s.Log(LogWarning, "Failed to write PID file: %s", config.SysText(err))
		return
	}
	s.life.pidFile = path
}

// showLogo tells people who watch the start what runs where. Test harnesses
// look for a blank, "PID: " and the number.
func (s *Server) showLogo() {
	mode := "standalone"
	port := s.Settings.Port
	if !s.Config.Bool("always-show-logo") && (s.log.file != "" || !isTerminal(os.Stdout)) {
		s.Log(LogNotice, "Running mode=%s, port=%d. PID: %d", mode, port, os.Getpid())
		return
	}
	s.LogRaw(LogNotice, fmt.Sprintf("\n berth %s, as Redis %s, %d bit\n Running in %s mode\n Port: %d\n PID: %d\n\n",
		Version, RedisVersion, strconv.IntSize, mode, port, os.Getpid()))
}

// isTerminal reports whether f is a character device that is not the null
// device, which is near enough for a logo.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// checkBacklog warns when the kernel allows a shorter queue than asked for.
func (s *Server) checkBacklog() {
	data, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return // not Linux
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err == nil && n > 0 && n < s.Settings.Backlog {
		s.Log(LogWarning, "WARNING: The TCP backlog setting of %d cannot be enforced because "+
			"/proc/sys/net/core/somaxconn is set to the lower value of %d.", s.Settings.Backlog, n)
	}
}

// warnMaxMemory is how a new maxmemory takes effect: keys are evicted if need be,
// and the user is warned if it is too low.
func (s *Server) warnMaxMemory() error {
	limit := s.Config.Values.MaxMemory
	if used := s.UsedMemory(); limit != 0 && limit < used {
		s.Log(LogWarning, "WARNING: the new maxmemory value set via CONFIG SET (%d) is smaller than the current memory usage (%d). "+
			"This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.",
			limit, used)
	}
	if limit != 0 && s.life.started {
		s.evictLater()
	}
	return nil
}

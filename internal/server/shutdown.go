package server

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// ShutdownFlags are the options of a shutdown.
type ShutdownFlags int

// The options of SHUTDOWN and of shutdown-on-sigint and shutdown-on-sigterm.
const (
	// ShutdownSave writes a snapshot even without save points.
	ShutdownSave ShutdownFlags = 1 << iota
	// ShutdownNoSave writes none even with save points.
	ShutdownNoSave
	// ShutdownNow does not wait for replicas.
	ShutdownNow
	// ShutdownForce goes on when the snapshot fails.
	ShutdownForce
)

// lifeState is how the server begins and ends.
type lifeState struct {
	loadModules func(*Server) error
	loadData    []func() error
	save        func() error
	atExit      []func()
	onExit      func(code int)
	pidFile     string
	started     bool
	exiting     bool
	code        int
}

var (
	// errNoSnapshot is why a shutdown that must save cannot be done.
	errNoSnapshot = errors.New("server: nothing here writes snapshots")
	// errNoBase is why a shutdown waits for the append-only file.
	errNoBase = errors.New("server: the append-only file has no base file yet")
	// errExiting is returned by a second shutdown.
	errExiting = errors.New("server: already shutting down")
)

// SetSave tells how a snapshot is written before the process ends.
func (s *Server) SetSave(fn func() error) { s.life.save = fn }

// OnLoadData adds a function that loads data between the log lines "Server
// initialized" and "Ready to accept connections". An error ends the process.
func (s *Server) OnLoadData(fn func() error) { s.life.loadData = append(s.life.loadData, fn) }

// AtExit adds a function that runs on a shutdown that can no longer fail.
func (s *Server) AtExit(fn func()) { s.life.atExit = append(s.life.atExit, fn) }

// OnExit tells what ends the process, such as os.Exit. Without it a shutdown
// closes all connections and stops the loop.
func (s *Server) OnExit(fn func(code int)) { s.life.onExit = fn }

// started reports whether the server has begun to accept connections.
func (c *Config) started() bool { return c.s.life.started }

// Shutdown ends the server: it saves what it must, removes its files and leaves.
// It returns only if that failed, or if OnExit is not set.
func (s *Server) Shutdown(flags ShutdownFlags) error {
	if s.life.exiting {
		return errExiting
	}
	s.Log(LogNotice, "User requested shutdown...")
	if err := s.endAOF(flags); err != nil {
		return err
	}
	if err := s.saveAtExit(flags); err != nil {
		return err
	}
	s.life.exiting = true
	if fn := s.Hooks.Shutdown; fn != nil {
		fn()
	}
	for _, fn := range s.life.atExit {
		fn()
	}
	if s.life.pidFile != "" {
		s.Log(LogNotice, "Removing the pid file.")
		_ = os.Remove(s.life.pidFile) // best effort
	}
	if s.Settings.UnixSocket != "" {
		s.Log(LogNotice, "Removing the unix socket file.")
	}
	s.closeListeners()
	s.Log(LogWarning, "berth is now ready to exit, bye bye...")
	s.exit(0)
	return nil
}

// endAOF has the disk keep what the append-only file has.
func (s *Server) endAOF(flags ShutdownFlags) error {
	if s.aof.rewrite.running != nil {
		if s.aof.mode == aofWaiting {
			if flags&ShutdownForce == 0 {
				s.Log(LogWarning, "Writing initial AOF, can't exit.")
				return errNoBase
			}
			s.Log(LogWarning, "Writing initial AOF. Exit anyway.")
		}
		s.Log(LogWarning, "There is a child rewriting the AOF. Killing it!")
		s.abandonRewrite()
	}
	if s.aof.mode != aofOff {
		s.Log(LogNotice, "Calling fsync() on the AOF file.")
		s.finishAOF()
	}
	return nil
}

// saveAtExit writes the last snapshot if there is reason to.
func (s *Server) saveAtExit(flags ShutdownFlags) error {
	if s.loading.on {
		flags = flags&^ShutdownSave | ShutdownNoSave // what is there is a part
	}
	s.abandonSave() // it must not take the place of what is saved now
	wanted := len(s.Config.Values.SavePoints) > 0 && flags&ShutdownNoSave == 0
	if flags&ShutdownSave == 0 && (!wanted || s.life.save == nil) {
		return nil
	}
	s.Log(LogNotice, "Saving the final RDB snapshot before exiting.")
	err := errNoSnapshot
	if s.life.save != nil {
		err = s.life.save()
	}
	if err == nil {
		return nil
	}
	s.Log(LogWarning, "%v", err)
	if flags&ShutdownForce != 0 {
		s.Log(LogWarning, "Error trying to save the DB. Exit anyway.")
		return nil
	}
	s.Log(LogWarning, "Error trying to save the DB, can't exit.")
	return err
}

// exit leaves the process, or stops the loop of an embedded server.
func (s *Server) exit(code int) {
	s.life.exiting = true
	s.life.code = code
	if s.life.onExit != nil {
		s.life.onExit(code)
		return
	}
	s.EachClient(func(c *Client) bool {
		c.Flags |= FlagCloseASAP
		return true
	})
	s.Loop.Stop()
}

// Exiting reports whether a shutdown is under way that can no longer fail.
func (s *Server) Exiting() bool { return s.life.exiting }

// parseShutdown reads the options of SHUTDOWN.
func parseShutdown(args [][]byte) (flags ShutdownFlags, abort, ok bool) {
	for _, arg := range args {
		switch strings.ToLower(string(arg)) {
		case "save":
			flags |= ShutdownSave
		case "nosave":
			flags |= ShutdownNoSave
		case "now":
			flags |= ShutdownNow
		case "force":
			flags |= ShutdownForce
		case "abort":
			abort = true
		default:
			return 0, false, false
		}
	}
	if abort && flags != 0 || flags&ShutdownSave != 0 && flags&ShutdownNoSave != 0 {
		return 0, false, false
	}
	return flags, abort, true
}

// cmdShutdown is SHUTDOWN [NOSAVE|SAVE] [NOW] [FORCE] [ABORT].
func cmdShutdown(c *Client, argv [][]byte) {
	flags, abort, ok := parseShutdown(argv[1:])
	s := c.srv
	switch {
	case !ok:
		c.WriteError(ErrTextSyntax)
	case abort:
		// A shutdown is over at once: there are no replicas to wait for.
		c.WriteError("ERR No shutdown in progress.")
	case flags&ShutdownNow == 0 && c.Flags&FlagDenyBlocking != 0:
		c.WriteError("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client")
	case flags&ShutdownNoSave == 0 && s.exec.yielding != 0:
		c.WriteError(s.busyText())
	default:
		if err := s.Shutdown(flags); err != nil && !errors.Is(err, errExiting) {
			c.WriteError("ERR Errors trying to SHUTDOWN. Check logs.")
		}
	}
}

// Abort ends the process the way a failed assertion in C does, for a core file
// to be written. The reason should be in the log already. Any thread.
func (s *Server) Abort() {
	signal.Reset(syscall.SIGABRT)
	_ = syscall.Kill(os.Getpid(), syscall.SIGABRT) // what follows ends it anyway
	time.Sleep(time.Second)
	os.Exit(2)
}

// Started reports whether the server has begun to accept connections.
func (s *Server) Started() bool { return s.life.started }

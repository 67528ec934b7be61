package server

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// HandleSignals makes SIGTERM and SIGINT shut the server down with the options
// that the configuration has for them, and ignores SIGHUP and SIGPIPE. A second
// SIGINT leaves at once, also when the loop is stuck. For a process that is
// the server; an embedding program has signals of its own.
func (s *Server) HandleSignals() {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	ch := make(chan os.Signal, 4)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT)
	var pending atomic.Bool
	go func() {
		for sig := range ch {
			name := "SIGTERM"
			if sig == syscall.SIGINT {
				name = "SIGINT"
				if pending.Load() {
					s.Log(LogWarning, "You insist... exiting now.")
					os.Exit(1)
				}
			}
			s.Log(LogWarning, "Received %s scheduling shutdown...", name)
			pending.Store(true)
			s.Loop.Post(func() { s.shutdownOnSignal(name, &pending) })
		}
	}()
}

// shutdownOnSignal is what the loop does about a signal.
func (s *Server) shutdownOnSignal(name string, pending *atomic.Bool) {
	if s.exec.yielding != 0 && s.exec.depth != 0 && !s.loading.on {
		// What a command has done by half is nothing to be saved.
		s.AfterUnit(func() { s.Loop.Post(func() { s.shutdownOnSignal(name, pending) }) })
		return
	}
	flags := s.Config.Values.ShutdownOnSigterm
	if name == "SIGINT" {
		flags = s.Config.Values.ShutdownOnSigint
	}
	if err := s.Shutdown(flags); err != nil {
		s.Log(LogWarning, "Received %s but errors trying to shut down the server, check the logs for more information", name)
		pending.Store(false)
	}
}

// ExitCode is the code that the process should end with after the loop
// stopped.
func (s *Server) ExitCode() int { return s.life.code }

package main

import (
	"runtime"
	"runtime/debug"

	"berth/abi"
	"berth/internal/server"
	"berth/loader"
)

// The loop keeps the process's first thread: modules expect to be called on
// one and the same, and some C libraries care that it is the main one.
func init() {
	runtime.LockOSThread()
	loadModules = startModules
}

// startModules makes the module host and loads what the configuration names.
func startModules(s *server.Server) error {
	// A bad pointer of a module's that Go code runs into becomes an error
	// that the boundary reports.
	debug.SetPanicOnFault(true)
	host, err := abi.New(s)
	if err != nil {
		return err
	}
	l, err := loader.New(host)
	if err != nil {
		return err
	}
	s.Config.LoadedModules = func() (lines []server.LoadModule) {
		for _, m := range host.Modules() {
			lines = append(lines, server.LoadModule{Path: m.Path(), Args: m.Args()})
		}
		return lines
	}
	for _, m := range s.Config.LoadModules {
		if _, err := l.Load(m.Path, m.Args); err != nil {
			s.Log(server.LogWarning, "Can't load module from %s: server aborting", m.Path)
			return err
		}
	}
	return nil
}

package abi

import (
	"fmt"
	"sync/atomic"

	"berth/internal/dl"
	"berth/internal/server"
)

// Host is the one host of modules in the process: the stubs that modules call
// lead to it. It belongs to the loop; the list of modules may be read from any
// thread.
type Host struct {
	srv     *server.Server
	modules atomic.Pointer[[]*Module]
	running *Module // whose code runs, under the host lock
	shared  map[string]sharedAPI
	presets []string // names of values given by MODULE LOADEX
	// listeners are the subscriptions to server events by event.
	listeners [eventCount][]listener
	hooked    [eventCount]bool // by hookForGood
	thread    threadState
	stopCron  func() // ends the timer of the cron event
	forked    forked
}

var host *Host

// getAPIAddr is what the first word of every context holds.
var getAPIAddr uintptr

// leaves are the functions that do not enter Go, by index.
var leaves map[int]func() uintptr

// apiAddr is what GetApi answers, by index; 0 for absent functions.
var apiAddr [numAPI]uintptr

// apiIndex finds a function by its name without a prefix.
var apiIndex = map[string]int{}

// New makes the host of s. It must be called once, on the goroutine and the
// thread that will run the loop.
func New(s *server.Server) (*Host, error) {
	if host != nil {
		return nil, ErrSecondHost
	}
	if err := resolveLibc(); err != nil {
		return nil, err
	}
	if err := reserveArena(); err != nil {
		return nil, err
	}
	bindThreads()
	base := stubBase()
	for i, name := range apiNames {
		apiIndex[name] = i
		switch {
		case apiLibc[i] != "":
			apiAddr[i] = libcFunc(apiLibc[i])
		case leaves[i] != nil:
			apiAddr[i] = leaves[i]()
		case handlers[i] != nil:
			apiAddr[i] = base + uintptr(i)*16
		}
	}
	getAPIAddr = apiAddr[fnGetApi]
	h := &Host{srv: s, shared: map[string]sharedAPI{}}
	h.modules.Store(new([]*Module))
	host = h
	h.BindThread()
	h.countMemory()
	s.SetModuleFiles(h)
	s.Hooks.Rung = reapContexts
	s.AtExit(func() {
		if h.forked.pid != 0 {
			s.Log(server.LogWarning, "There is a module fork child. Killing it!")
			h.killFork(h.forked.pid)
		}
	})
	return h, nil
}

// ErrSecondHost is returned by New when the process has a host already.
var ErrSecondHost = fmt.Errorf("abi: the process has a module host already")

// BindThread says that the calling thread is the one that runs the loop from
// now on. Module calls into the host from it count as the loop's.
func (h *Host) BindThread() {
	loopThread = threadPointer()
	if !raceDetector {
		quickThread = loopThread
	}
	if p, ok := callFree(errnoLocation); ok {
		loopErrno = uintptr(p)
	}
	dl.Guard(&guardFrame, loopThread, &quickHolder, landingPC)
}

// Server is the server whose modules these are.
func (h *Host) Server() *server.Server { return h.srv }

// Modules lists the loaded modules in order of loading. Any thread; the list
// must not be changed.
func (h *Host) Modules() []*Module { return *h.modules.Load() }

// Module finds a loaded module by name.
func (h *Host) Module(name string) *Module {
	for _, m := range h.Modules() {
		if m.name == name {
			return m
		}
	}
	return nil
}

// moduleByPC finds the module in whose code an address lies. Any thread.
func (h *Host) moduleByPC(pc uintptr) *Module {
	for _, m := range h.Modules() {
		for _, r := range m.text {
			if pc >= r.Low && pc < r.High {
				return m
			}
		}
	}
	return nil
}

// Has says whether the function of that name, without a prefix, can be called.
func Has(name string) bool {
	for i, n := range apiNames {
		if n == name {
			return handlers[i] != nil || apiLibc[i] != ""
		}
	}
	return false
}

// Names lists all functions of the interface, without a prefix, present or
// not.
func Names() []string { return apiNames[:] }

package abi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"berth/internal/server"
	"berth/loop"
)

// Errors of Start and Stop. Their texts are what MODULE UNLOAD replies.
var (
	// ErrOnLoad is returned when the module's OnLoad refused.
	ErrOnLoad = errors.New("the module's OnLoad failed")
	// ErrNoName is returned when OnLoad succeeded without RedisModule_Init.
	ErrNoName = errors.New("the module's OnLoad did not call RedisModule_Init")
	// ErrTypes is returned for a module with data types: values may have them.
	ErrTypes = errors.New("the module exports one or more module-side data types, can't unload")
	// ErrUsed is returned when other modules use functions it shares.
	ErrUsed = errors.New("the module exports APIs used by other modules. Please unload them first and try again")
	// ErrBlocked is returned while clients wait for the module.
	ErrBlocked = errors.New("the module has blocked clients. Please wait for them to be unblocked and try again")
	// ErrTimers is returned while a timer of CreateTimer is pending.
	ErrTimers = errors.New("the module holds timer that is not fired. Please stop the timer or wait until it fires.")
	// ErrOnUnload is returned when the module's OnUnload refused.
	ErrOnUnload = errors.New("operation not possible.")
	// ErrBusy is returned while the module's own code is running.
	ErrBusy = errors.New("the module is running a command. Please try again")
)

// Start runs a module's OnLoad, whose address is onload, and enters the module
// in the list. text are the addresses of its code. When it fails nothing of
// the module's is left behind. Loop.
func (h *Host) Start(path string, args []string, onload uintptr, text []Range) (*Module, error) {
	m := newModule(h, path, args)
	m.text = text
	m.onLoad = true
	m.takeHeap()
	// The module counts as loaded while OnLoad runs, for calls without a
	// context are attributed by the list; without a name nobody can find it.
	h.setModules(append(slices.Clone(h.Modules()), m))
	argv := make([][]byte, len(args))
	for i, a := range args {
		argv[i] = []byte(a)
	}
	ctx := newContext(m, nil, true)
	ctx.flags |= ctxOnLoad
	ctx.setArgs(argv)
	status := int32(m.call(server.ByLoad, onload, uint64(ctx.addr()), ctx.argAddr(), uint64(len(argv)), 0, 0, 0))
	ctx.release(true)
	m.onLoad = false
	switch {
	case m.fault != nil:
		h.drop(m)
		return nil, fmt.Errorf("%w: it crashed: %s", ErrOnLoad, m.fault)
	case status == statusErr:
		h.drop(m)
		return nil, ErrOnLoad
	case m.name == "":
		h.drop(m)
		return nil, ErrNoName
	}
	h.fireModuleChange(m, subLoaded)
	return m, nil
}

// Stop checks that a module may go, runs its OnUnload (0 for none) and takes
// back all that it holds. When it returns an error the module stays. Loop.
func (h *Host) Stop(m *Module, onunload uintptr) error {
	switch {
	case len(m.types) != 0:
		return ErrTypes
	case len(m.UsedBy()) != 0:
		return ErrUsed
	case h.srv.BlockedCount(m) != 0:
		return ErrBlocked
	case m.timers != 0 && m.fault == nil:
		return ErrTimers
	case h.running != nil || h.thread.holder() == m:
		return ErrBusy
	}
	if onunload != 0 && m.fault == nil {
		refused := false
		m.withContext(func(ctx *Context) {
			refused = int32(m.call(server.ByLoad, onunload, uint64(ctx.addr()), 0, 0, 0, 0, 0)) == statusErr
		})
		if refused {
			h.srv.Log(server.LogWarning, "Module %s OnUnload failed.  Unload canceled.", m.name)
			return ErrOnUnload
		}
	}
	h.drop(m)
	h.fireModuleChange(m, subUnloaded)
	return nil
}

func (h *Host) setModules(list []*Module) { h.modules.Store(&list) }

// drop takes back all that a module holds. Its own destructors come first,
// while what they may want to close themselves is still there.
func (h *Host) drop(m *Module) {
	m.dropTypes()
	m.removeCommands()
	for key := range m.attached {
		m.detach(key)
	}
	for id := range m.times {
		h.srv.Loop.RemoveTimer(id)
	}
	h.srv.Loop.RemoveTimers(func(o loop.TimerOwner) bool {
		t, ok := o.(*moduleTimer)
		return ok && t.m == m
	})
	m.timers = 0
	for fd := range m.files {
		m.unwatch(fd, loop.Readable|loop.Writable)
	}
	for fd, c := range m.clients {
		delete(m.clients, fd)
		h.srv.FreeClient(c) // our end; the module's is one of its sockets
	}
	m.closeSockets()
	for fl := range m.filters {
		fl.remove()
	}
	for _, name := range m.apis {
		delete(h.shared, name)
	}
	if h.forked.m == m {
		h.killFork(h.forked.pid)
	}
	m.removeExtras()
	m.leaveHeap()
	h.setModules(slices.DeleteFunc(slices.Clone(h.Modules()), func(o *Module) bool { return o == m }))
}

// inode tells a descriptor from a later one of the same number.
type inode struct{ dev, ino uint64 }

func inodeOf(fd int) (inode, bool) {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return inode{}, false
	}
	return inode{uint64(st.Dev), st.Ino}, true
}

// keepSocket remembers a socket that the host opened for the module.
func (m *Module) keepSocket(fd int) {
	if i, ok := inodeOf(fd); ok {
		m.sockets[fd] = i
	}
	if len(m.sockets) > 2*m.socketsChecked+64 {
		m.forgetClosed()
	}
}

// forgetClosed drops the sockets that the module has closed by itself.
func (m *Module) forgetClosed() {
	for fd, was := range m.sockets {
		if i, ok := inodeOf(fd); !ok || i != was {
			delete(m.sockets, fd)
		}
	}
	m.socketsChecked = len(m.sockets)
}

// closeSockets closes the sockets that the module leaves open.
func (m *Module) closeSockets() {
	m.forgetClosed()
	for fd := range m.sockets {
		_ = unix.Close(fd)
	}
	clear(m.sockets)
}

// Holdings counts what a module holds of the host's.
type Holdings struct {
	Commands, Filters, Timers, TimeEvents, Files, Sockets, Clients, Attachments, Blocked int
	// ThreadsIn are its threads that have the host lock, ThreadsWaiting those that
	// wait for it.
	ThreadsIn, ThreadsWaiting int
	// Memory is how many bytes it has allocated and not freed, below zero if that is
	// not known.
	Memory int64
}

// Holdings counts what the module holds.
func (m *Module) Holdings() Holdings {
	m.forgetClosed()
	in := 0
	if m.host.thread.holder() == m {
		in = 1
	}
	return Holdings{
		Commands: len(m.commands), Filters: len(m.filters), Timers: m.timers, TimeEvents: len(m.times),
		Files: len(m.files), Sockets: len(m.sockets), Clients: len(m.clients), Attachments: len(m.attached),
		Blocked: m.host.srv.BlockedCount(m), ThreadsIn: in, ThreadsWaiting: int(m.waiting.Load()), Memory: m.heapBytes(),
	}
}

// InfoLine is the module's line in INFO, with Redis's fields.
func (m *Module) InfoLine() string {
	options := ""
	for _, o := range []struct {
		bit  int
		name string
	}{{1, "handle-io-errors"}, {4, "handle-repl-async-load"}, {2, "no-implicit-signal-modified"}} {
		if m.options&o.bit != 0 {
			if options != "" {
				options += "|"
			}
			options += o.name
		}
	}
	if m.fault != nil {
		options = strings.Trim(options+"|crashed", "|")
	}
	return fmt.Sprintf("module:name=%s,ver=%d,api=%d,filters=%d,usedby=%s,using=%s,options=[%s]",
		m.name, m.version, m.apiver, len(m.filters), bar(m.UsedBy()), bar(m.Uses()), options)
}

func bar(names []string) string {
	s := "["
	for i, n := range names {
		if i != 0 {
			s += "|"
		}
		s += n
	}
	return s + "]"
}

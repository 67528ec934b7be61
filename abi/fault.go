package abi

import (
	"fmt"
	"os"
	"syscall"

	"berth/internal/dl"
	"berth/internal/server"
)

// fault is what ended a call into a module: a memory fault, an illegal
// instruction or a call of abort, in its code or in what that called.
type fault struct {
	signal           syscall.Signal
	pc, addr, caller uintptr
}

func newFault(c *callFrame) *fault {
	g := &c.guard
	return &fault{signal: syscall.Signal(g.Signal), pc: g.PC, addr: g.Addr, caller: g.Caller}
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGSEGV: "SIGSEGV", syscall.SIGBUS: "SIGBUS", syscall.SIGFPE: "SIGFPE",
	syscall.SIGILL: "SIGILL", syscall.SIGTRAP: "SIGTRAP", syscall.SIGABRT: "SIGABRT",
}

// String tells what happened and where, as far as symbols say.
func (f *fault) String() string {
	name := signalNames[f.signal]
	switch {
	case f.caller != 0:
		return fmt.Sprintf("%s: a function at address %#x was called from %s; one that this server lacks is NULL", name, f.pc, dl.Where(f.caller))
	case f.signal == syscall.SIGSEGV || f.signal == syscall.SIGBUS:
		return fmt.Sprintf("%s accessing address %#x in %s", name, f.addr, dl.Where(f.pc))
	}
	return fmt.Sprintf("%s in %s", name, dl.Where(f.pc))
}

// crashed fences the module off after a fault: none of its code runs any more,
// and whoever waits for it is told.
func (m *Module) crashed(f *fault) {
	text := f.String()
	m.fault = f
	for _, t := range m.types {
		t.gone.Store(true)
	}
	if f.inAllocator() {
		// Whoever allocates next would wait for the lock that the fault left taken.
		host.srv.Log(server.LogWarning, "Module %s crashed inside the C library's allocator (%s): the process's heap is damaged, going on is not possible", m.name, text)
		os.Exit(1)
	}
	host.srv.Log(server.LogWarning, "Module %s crashed: %s", m.name, text)
	way := "MODULE UNLOAD " + m.name + " removes it"
	if len(m.types) != 0 {
		way = "its data types keep it loaded"
	}
	host.srv.Log(server.LogWarning, "Module %s is fenced off: its commands fail and its callbacks are not called; %s", m.name, way)
	host.srv.UnblockOwned(m)
}

// inAllocator tells whether the fault happened between malloc and its siblings.
func (f *fault) inAllocator() bool {
	low, high := ^uintptr(0), uintptr(0)
	for _, name := range []string{"malloc", "free", "calloc", "realloc", "memalign", "malloc_usable_size"} {
		if a := libcFunc(name); a != 0 {
			low, high = min(low, a), max(high, a)
		}
	}
	// The internal functions lie before and between the public ones.
	const before, behind = 16 << 10, 2 << 10
	if f.signal == syscall.SIGABRT || !dl.SameFile(f.pc, low) {
		return false
	}
	// Another allocator has a file to itself.
	return !dl.SameFile(low, errnoLocation) || f.pc >= low-before && f.pc < high+behind
}

// fencedText is what a client gets of a module that crashed.
func (m *Module) fencedText() string {
	return "ERR the module '" + m.name + "' crashed (" + signalNames[m.fault.signal] + "), see the log; MODULE UNLOAD removes it"
}

// Crashed tells whether a fault in its code has put the module out of service.
func (m *Module) Crashed() bool { return m.fault != nil }

// serve has the module's function fn serve a blocked client. It reports whether fn
// says that it has served the client, or what it left undone was done.
func (m *Module) serve(kind server.CallbackKind, ctx *Context, fn uintptr) bool {
	c := ctx.client
	mark := c.Mark()
	begin := host.srv.MeterStart()
	status := m.enter(fn, uint64(ctx.addr()), ctx.argAddr(), uint64(len(ctx.argv)), 0, 0, 0)
	host.srv.MeterStop(&m.meter, kind, c.Command(), begin)
	if m.fault == nil {
		return int32(status) == statusOK
	}
	ctx.replyFenced(c, mark)
	return true
}

// replyFenced answers the client whom the module crashed on, or before: it gets an
// error in place of what was replied since the mark, or is closed when part of that is
// on its way already.
func (ctx *Context) replyFenced(c *server.Client, mark server.Mark) {
	m := ctx.module
	ctx.cell.wpos = ctx.cell.wbase
	ctx.depth, ctx.laters.n = ctx.depth[:0], 0
	if !c.Rollback(mark) {
		host.srv.Log(server.LogWarning, "A client had part of a reply from module %s when it crashed and is closed", m.name)
		c.Flags |= server.FlagCloseAfterCommand
		return
	}
	c.WriteError(m.fencedText())
}

package abi

import (
	"fmt"
	"runtime"

	"berth/internal/server"
)

// misusePointer reports an argument that is not a live object of kind want.
func (f *frame) misusePointer(p uintptr, want uint64) {
	name := headNames[want]
	switch have := headOf(p); {
	case p == 0:
		f.misuse("a " + name + " is NULL")
	case have == headFree:
		f.misuse(fmt.Sprintf("the %s at %#x was freed before", name, p))
	case headNames[have] != "":
		f.misuse(fmt.Sprintf("%#x is a %s, not a %s", p, headNames[have], name))
	default:
		f.misuse(fmt.Sprintf("%#x is not a %s of this server", p, name))
	}
}

// misuse reports what a module did wrong in one log line that names module and
// function, and gives the frame the function's failure result. A C server
// would go on into undefined behaviour.
func (f *frame) misuse(what string) {
	f.ret, f.fret = apiFailure[f.index], 0
	host.srv.Log(server.LogWarning, "<%s> RedisModule_%s was used wrongly: %s; the call failed",
		f.callerName(), apiNames[f.index], what)
}

// caller names the module that called: by the address it will return to.
func (f *frame) callerName() string {
	if m := host.moduleByPC(f.caller); m != nil {
		return m.name
	}
	if f.locked() && host.running != nil {
		return host.running.name
	}
	return "module"
}

// rescue turns the panic r into a failed call if it is a fault that a bad
// pointer of the module's caused inside a handler. Anything else that panics
// is a bug of ours and goes on.
func (f *frame) rescue(r any, top int, running *Module) {
	err, ok := r.(runtime.Error)
	if !ok {
		panic(r)
	}
	if _, fault := r.(interface{ Addr() uintptr }); !fault && err.Error() != nilDereference && err.Error() != sliceTooLong {
		panic(r)
	}
	if f.locked() {
		callTop, host.running = top, running
	}
	f.misuse("a pointer among its arguments is bad (" + err.Error() + ")")
}

// sliceTooLong is the runtime's text for bytes that would not fit into memory, as
// many as a size_t below zero.
const sliceTooLong = "runtime error: unsafe.Slice: len out of range"

// nilDereference is the runtime's text for a fault at an address near zero,
// the only memory fault that carries no address.
const nilDereference = "runtime error: invalid memory address or nil pointer dereference"

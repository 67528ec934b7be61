package abi

import (
	"errors"

	"golang.org/x/sys/unix"

	"berth/internal/server"
	"berth/loop"
)

// fileEvent is what a module watches on one descriptor: by the calls of
// redis#4158, whose callbacks get a context, or by EventLoopAdd, whose
// callbacks do not. The two directions may differ in everything.
type fileEvent struct {
	m           *Module
	read, write fileProc
	hear        loop.FileFunc // fire, made once
	// gen is the loop's generation of the descriptor: with another one the module has
	// closed it, and somebody else has the number.
	gen uint32
}

// fileProc is one direction of a watched descriptor.
type fileProc struct {
	fn, data uintptr
	context  bool
}

func (e *fileEvent) proc(dir loop.Mask) *fileProc {
	if dir == loop.Readable {
		return &e.read
	}
	return &e.write
}

// The masks of both families of calls are the loop's own.
const (
	maskRead  = int32(loop.Readable)
	maskWrite = int32(loop.Writable)
	maskAll   = maskRead | maskWrite
)

// watch registers proc for the directions of mask.
func (m *Module) watch(fd int, mask loop.Mask, proc fileProc) error {
	e := m.files[fd]
	if e == nil {
		e = &fileEvent{m: m}
		e.hear = e.fire
	}
	if err := m.host.srv.Loop.Add(fd, mask, e.hear); err != nil {
		if errors.Is(err, unix.EBADF) {
			return errNotOurs
		}
		return err
	}
	e.gen = m.host.srv.Loop.Generation(fd)
	m.files[fd] = e
	for _, dir := range []loop.Mask{loop.Readable, loop.Writable} {
		if mask&dir != 0 {
			*e.proc(dir) = proc
		}
	}
	return nil
}

// fire calls the module for a ready descriptor.
func (e *fileEvent) fire(fd int, fired loop.Mask) {
	m, p := e.m, *e.proc(fired)
	if !p.context {
		m.call(server.ByFile, p.fn, uint64(fd), uint64(p.data), uint64(fired), 0, 0, 0)
		return
	}
	m.withContext(func(ctx *Context) {
		m.call(server.ByFile, p.fn, uint64(ctx.addr()), uint64(fd), uint64(p.data), uint64(fired), 0, 0)
	})
}

// unwatch ends the watch in the directions of mask.
func (m *Module) unwatch(fd int, mask loop.Mask) {
	e := m.files[fd]
	if e == nil {
		return
	}
	l := m.host.srv.Loop
	ours := l.Generation(fd) == e.gen
	if ours {
		l.Remove(fd, mask)
	}
	if !ours || l.Mask(fd) == 0 {
		delete(m.files, fd)
	}
}

// usable says whether fd, if it is open, is no descriptor that another part of the
// server watches.
func (m *Module) usable(fd int) bool {
	l := m.host.srv.Loop
	if e := m.files[fd]; e != nil && l.Generation(fd) == e.gen {
		return true
	}
	delete(m.files, fd)
	return l.Mask(fd) == 0
}

// eventModule is the module that called a function without a context.
func (f *frame) eventModule() *Module {
	if m := host.moduleByPC(f.caller); m != nil {
		return m
	}
	return host.running
}

func apiEventLoopAdd(f *frame) {
	fd, mask, fn := int(f.i32(0)), f.i32(1), f.uptr(2)
	m := f.eventModule()
	if !possibleFD(fd) {
		f.setOK(false)
		f.errno = errnoRange
		return
	}
	if mask&^maskAll != 0 || mask == 0 || fn == 0 || m == nil || !m.usable(fd) {
		f.setOK(false)
		f.errno = errnoInvalid
		return
	}
	f.errno = errnoZero
	err := m.watch(fd, loop.Mask(mask), fileProc{fn: fn, data: f.uptr(3)})
	switch {
	case errors.Is(err, errNotOurs):
		f.errno = errnoInvalid
	case err != nil:
		f.errno = errnoOf(err)
	}
	f.setOK(err == nil)
}

func apiEventLoopDel(f *frame) {
	fd, mask := int(f.i32(0)), f.i32(1)
	m := f.eventModule()
	if !possibleFD(fd) {
		f.setOK(false)
		f.errno = errnoRange
		return
	}
	if mask&^maskAll != 0 || m == nil {
		f.setOK(false)
		f.errno = errnoInvalid
		return
	}
	m.unwatch(fd, loop.Mask(mask))
	f.errno = errnoZero
	f.setOK(true)
}

// highestFD is the highest number that a descriptor could have when it was looked at
// last. Host lock.
var highestFD = -1

// possibleFD says whether a descriptor can have the number.
func possibleFD(fd int) bool {
	if fd > highestFD {
		highestFD = 1 << 20
		var l unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err == nil {
			highestFD = int(min(l.Cur, 1<<30))
		}
	}
	return fd >= 0 && fd <= highestFD
}

func apiEventLoopAddOneShot(f *frame) {
	fn, data, m := f.uptr(0), f.uptr(1), host.moduleByPC(f.caller)
	if fn == 0 {
		f.setOK(false)
		f.errno = errnoInvalid
		return
	}
	host.srv.Loop.Post(func() {
		if m == nil {
			if _, fault := call(fn, uint64(data), 0, 0, 0, 0, 0); fault != nil {
				host.srv.Log(server.LogWarning, "A function that an unknown module passed to EventLoopAddOneShot crashed: %s", fault)
			}
			return
		}
		m.call(server.ByOneShot, fn, uint64(data), 0, 0, 0, 0, 0)
	})
	f.errno = errnoZero
	f.setOK(true)
}

package abi

import (
	"unsafe"

	"berth/internal/server"
)

// threadState is which thread of a module has the host lock. It belongs to that
// thread.
type threadState struct {
	// module is a *Module, 0 for none, and for one of an unknown module. It is stored
	// where a pointer cannot be; the list of modules keeps it.
	module uintptr
	began  server.MeterMark
}

// holder is the module whose thread has the lock, nil if that is not known.
func (s *threadState) holder() *Module { return (*Module)(at(s.module)) }

// orphan takes a thread-safe context off its wait, which is over: replies to
// it reach nobody any more.
func (ctx *Context) orphan() {
	ctx.endReplies()
	ctx.blocked = nil
}

// threadContext makes a context that a thread may keep.
func threadContext(m *Module, locked bool) *Context {
	ctx := newContext(m, nil, locked)
	ctx.flags |= ctxThreadSafe
	return ctx
}

func apiGetThreadSafeContext(f *frame) {
	if f.int(0) == 0 {
		m := host.moduleByPC(f.caller)
		f.setPtr(threadContext(m, f.locked()).addr())
		return
	}
	bc := object[blockedClient](f, 0, headBlocked)
	if bc == nil {
		return
	}
	bc.m.preparing.Store(preparedWaits)
	if p := bc.cell().ready.Swap(0); p != 0 {
		f.setPtr(p)
		return
	}
	f.setPtr(bc.context(f.locked()).addr())
}

func apiGetDetachedThreadSafeContext(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	f.setPtr(threadContext(ctx.module, f.locked()).addr())
}

func apiFreeThreadSafeContext(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if ctx.flags&ctxThreadSafe == 0 {
		f.misuse("the context was not made by GetThreadSafeContext")
		return
	}
	ctx.leaveWait()
	locked := f.locked()
	for _, item := range ctx.auto {
		if item.head == headKey && !locked { // closing a key is the loop's
			ctx.endReplies() // the wait may be over when the loop comes to it
			host.srv.Loop.Post(func() { ctx.release(true) })
			return
		}
	}
	ctx.release(locked)
}

// The lock functions name their holder by its thread pointer. A thread that
// takes the lock twice would wait for itself for ever: that is refused.

// locking is the module whose thread asks for the lock. The context says so, but
// Redis does not look at it, so a module may pass anything; nil if nobody knows.
func (f *frame) locking() *Module {
	if p := f.uptr(0); headOf(p) == headCtx {
		return (*Context)(*objectSlot(p)).module
	}
	return host.moduleByPC(f.caller)
}

// threadIn is the beginning of what a thread does under the lock. Clients wait
// meanwhile, so it is measured as a callback is.
func (h *Host) threadIn(m *Module, thread uintptr) {
	if !raceDetector {
		quickHolder = thread
	}
	h.thread = threadState{uintptr(unsafe.Pointer(m)), h.srv.EnterThread()}
}

func (h *Host) threadOut() {
	h.srv.LeaveUnit()
	if m := h.thread.holder(); m != nil {
		h.srv.MeterStop(&m.meter, server.ByThread, nil, h.thread.began)
	}
	h.thread = threadState{}
	quickHolder = 0
}

func apiThreadSafeContextLock(f *frame) {
	if f.locked() {
		f.misuse("this thread holds the host lock already")
		return
	}
	m := f.locking()
	if m != nil {
		m.waiting.Add(1)
	}
	host.srv.HostLock.Lock(int64(f.thread))
	if m != nil {
		m.waiting.Add(-1)
	}
	host.threadIn(m, uintptr(f.thread))
}

func apiThreadSafeContextTryLock(f *frame) {
	if f.locked() {
		f.misuse("this thread holds the host lock already")
		return
	}
	if host.srv.HostLock.TryLock(int64(f.thread)) {
		host.threadIn(f.locking(), uintptr(f.thread))
		f.setOK(true)
		return
	}
	f.setOK(false)
	f.errno = errnoBusy
}

func apiThreadSafeContextUnlock(f *frame) {
	if !f.locked() || f.thread == loopThread {
		f.misuse("this thread did not take the host lock")
		return
	}
	host.threadOut()
	host.srv.ThreadLeaves()
	host.srv.HostLock.Unlock()
}

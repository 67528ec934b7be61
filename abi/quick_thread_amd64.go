package abi

import "berth/internal/server"

// threadArgs are the arguments of functions that threads of modules call, also those
// without the host lock. Such a function may touch nothing but atomic words and what
// the thread itself owns, by the handle that it passes: no list of free cells, no pool,
// nothing of the loop's until it has the lock. It runs without a guard.
type threadArgs = quickArgs

// lockingThread is the calling thread, 0 for the loop's and where threads must enter Go.
func lockingThread() uintptr {
	if who := threadPointer(); server.RawLock && who != loopThread {
		return who
	}
	return 0
}

// lockingModule is the module that a context says it is of, nil if it does not.
func (a *threadArgs) lockingModule() *Module {
	if ctx := a.ctx(0); ctx != nil {
		return ctx.module
	}
	return nil
}

func quickThreadSafeContextLock(a *threadArgs) bool {
	who, m := lockingThread(), a.lockingModule()
	lock := &host.srv.HostLock
	if who == 0 || m == nil || lock.Holder() == int64(who) {
		return false
	}
	if !lock.TryLock(int64(who)) {
		m.waiting.Add(1)
		lock.LockRaw(int64(who))
		m.waiting.Add(-1)
	}
	host.threadIn(m, who)
	return true
}

func quickThreadSafeContextTryLock(a *threadArgs) bool {
	who, m := lockingThread(), a.lockingModule()
	lock := &host.srv.HostLock
	// One that fails sets errno.
	if who == 0 || m == nil || !lock.TryLock(int64(who)) {
		return false
	}
	host.threadIn(m, who)
	a.setOK(true)
	return true
}

func quickThreadSafeContextUnlock(*threadArgs) bool {
	who := lockingThread()
	lock := &host.srv.HostLock
	if who == 0 || lock.Holder() != int64(who) {
		return false
	}
	m := host.thread.holder()
	if m == nil || !host.srv.LeaveThread(&m.meter, host.thread.began) {
		return false
	}
	host.thread = threadState{}
	quickHolder = 0
	lock.Unlock()
	return true
}

// ending is what threads share of the wait that an argument is, nil if it is none that
// they may end by themselves.
func (a *threadArgs) ending(i int) *server.Ending {
	p := a.uptr(i)
	if headOf(p) != headBlocked {
		return nil
	}
	return (*server.Ending)(at((*blockedCell)(at(p)).ending))
}

func quickUnblockClient(a *threadArgs) bool {
	p := a.uptr(0)
	if headOf(p) != headBlocked || !(*blockedCell)(at(p)).plain {
		return false
	}
	if !host.srv.EndWait(a.ending(0), a.uptr(1)) {
		return false
	}
	a.setOK(true)
	return true
}

func quickBlockedClientMeasureTimeStart(a *threadArgs) bool {
	e := a.ending(0)
	if e == nil {
		return false
	}
	e.Start()
	a.setOK(true)
	return true
}

func quickBlockedClientMeasureTimeEnd(a *threadArgs) bool {
	e := a.ending(0)
	if e == nil {
		return false
	}
	a.setOK(e.Stop())
	return true
}

func quickGetThreadSafeContext(a *threadArgs) bool {
	p := a.uptr(0)
	if headOf(p) != headBlocked {
		return false
	}
	a.ret = uint64((*blockedCell)(at(p)).ready.Swap(0))
	return a.ret != 0
}

func quickFreeThreadSafeContext(a *threadArgs) bool {
	ctx := a.ctx(0)
	return ctx != nil && ctx.done()
}

func quickAutoMemory(a *threadArgs) bool {
	ctx := a.ctx(0)
	if ctx != nil {
		ctx.flags |= ctxAutoMemory
		ctx.cell.auto = 1
	}
	return ctx != nil
}

// quickReplyWithArray begins an array of unknown length: others are the leaf's.
func quickReplyWithArray(a *threadArgs) bool {
	ctx := a.ctx(0)
	if ctx == nil || int64(a.ints[1]) != -1 || !ctx.openLater() {
		return false
	}
	a.ret = statusOK
	return true
}

func quickReplySetArrayLength(a *threadArgs) bool {
	ctx := a.ctx(0)
	return ctx != nil && ctx.closeLater(int64(a.ints[1]))
}

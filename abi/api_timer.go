package abi

import (
	"time"

	"berth/internal/server"
	"berth/loop"
)

// moduleTimer is a timer of CreateTimer: it fires once.
type moduleTimer struct {
	m    *Module // nil once it has fired
	fn   uintptr
	data uintptr
	db   int32
}

// Due implements loop.TimerOwner.
func (t *moduleTimer) Due(loop.TimerID) time.Duration {
	m := t.m
	m.timers--
	t.m = nil
	m.withContext(func(ctx *Context) {
		ctx.cell.db = t.db
		m.call(server.ByTimer, t.fn, uint64(ctx.addr()), uint64(t.data), 0, 0, 0, 0)
	})
	return loop.NoMore
}

func apiCreateTimer(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	t := &moduleTimer{m, f.uptr(2), f.uptr(3), ctx.cell.db}
	id := host.srv.Loop.AddTimerOf(time.Duration(f.i64(1))*time.Millisecond, t, nil)
	m.timers++
	f.setInt(int64(id))
}

// timer finds the timer in argument 1 if it is the calling module's.
func (f *frame) timer() (id loop.TimerID, t *moduleTimer) {
	ctx := f.ctx(0)
	if ctx == nil {
		return 0, nil
	}
	id = loop.TimerID(f.i64(1))
	if t, ok := host.srv.Loop.TimerOwner(id).(*moduleTimer); ok && t.m == ctx.module {
		return id, t
	}
	return 0, nil
}

func apiStopTimer(f *frame) {
	id, t := f.timer()
	if t == nil {
		f.setOK(false)
		return
	}
	put(f.uptr(2), t.data)
	t.m.timers--
	host.srv.Loop.RemoveTimer(id)
	f.setOK(true)
}

func apiGetTimerInfo(f *frame) {
	id, t := f.timer()
	if t == nil {
		f.setOK(false)
		return
	}
	left, _ := host.srv.Loop.TimerLeft(id)
	put(f.uptr(2), uint64(left.Milliseconds()))
	put(f.uptr(3), t.data)
	f.setOK(true)
}

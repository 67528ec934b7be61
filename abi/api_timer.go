package abi

import (
	"time"

	"berth/internal/server"
	"berth/loop"
)

// moduleTimer is a timer of CreateTimer: it fires once.
type moduleTimer struct {
	data uintptr
}

func apiCreateTimer(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m, fn := ctx.module, f.uptr(2)
	t := &moduleTimer{data: f.uptr(3)}
	db := ctx.cell.db
	id := host.srv.Loop.AddTimer(time.Duration(f.i64(1))*time.Millisecond, func(id loop.TimerID) time.Duration {
		delete(m.timers, id)
		m.withContext(func(ctx *Context) {
			ctx.cell.db = db
			m.call(server.ByTimer, fn, uint64(ctx.addr()), uint64(t.data), 0, 0, 0, 0)
		})
		return loop.NoMore
	}, nil)
	m.timers[id] = t
	f.setInt(int64(id))
}

// timer finds the timer in argument 1 if it is the calling module's.
func (f *frame) timer() (m *Module, id loop.TimerID, t *moduleTimer) {
	ctx := f.ctx(0)
	if ctx == nil {
		return nil, 0, nil
	}
	id = loop.TimerID(f.i64(1))
	return ctx.module, id, ctx.module.timers[id]
}

func apiStopTimer(f *frame) {
	m, id, t := f.timer()
	if t == nil {
		f.setOK(false)
		return
	}
	put(f.uptr(2), t.data)
	delete(m.timers, id)
	host.srv.Loop.RemoveTimer(id)
	f.setOK(true)
}

func apiGetTimerInfo(f *frame) {
	_, id, t := f.timer()
	if t == nil {
		f.setOK(false)
		return
	}
	left, _ := host.srv.Loop.TimerLeft(id)
	put(f.uptr(2), uint64(left.Milliseconds()))
	put(f.uptr(3), t.data)
	f.setOK(true)
}

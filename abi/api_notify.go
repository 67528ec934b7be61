package abi

import (
	"runtime"
	"slices"
	"unsafe"

	"berth/internal/server"
)

// keyspaceListener is one subscription of SubscribeToKeyspaceEvents.
type keyspaceListener struct {
	m      *Module
	fn     uintptr
	l      *server.KeyspaceListener
	active bool
}

// optNestedEvents is the module option to hear of events that the module's own
// callbacks cause.
const optNestedEvents = 8

func apiSubscribeToKeyspaceEvents(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	kl := &keyspaceListener{m: ctx.module, fn: f.uptr(2)}
	kl.l = &server.KeyspaceListener{Mask: int(f.i32(1)), Func: kl.hear}
	kl.m.heard = append(kl.m.heard, kl)
	host.srv.AddKeyspaceListener(kl.l)
	f.setOK(true)
}

// unhear ends all of the module's subscriptions.
func (m *Module) unhear() {
	for _, kl := range m.heard {
		host.srv.RemoveKeyspaceListener(kl.l)
	}
	m.heard = nil
}

// hear tells the module of an event, unless its own callback caused it.
func (kl *keyspaceListener) hear(class int, event string, key []byte, db int) {
	if kl.active && kl.m.options&optNestedEvents == 0 || callTop >= callDepth-8 {
		return
	}
	m := kl.m
	ctx := newContext(m, nil, true)
	ctx.flags |= ctxTemporary
	ctx.cell.db = int32(db)
	name := eventName(event)
	s := newString(key, true)
	kl.active = true
	m.call(server.ByKeyEvent, kl.fn, uint64(ctx.addr()), uint64(class), uint64(uintptr(unsafe.Pointer(&name[0]))), uint64(s.addr()), 0, 0)
	kl.active = false
	runtime.KeepAlive(name)
	s.release(true)
	ctx.release(true)
}

// eventNames keeps the C strings of the events seen first. Modules make up
// events, so there is a limit.
var eventNames = map[string][]byte{}

const maxEventNames = 512

// eventName is the C string of an event's name.
func eventName(event string) []byte {
	if b, ok := eventNames[event]; ok {
		return b
	}
	b := append([]byte(event), 0)
	onHeap = unsafe.Pointer(&b[0])
	if len(eventNames) < maxEventNames {
		eventNames[event] = b
	}
	return b
}

func apiNotifyKeyspaceEvent(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	key := f.string(3)
	if key == nil {
		return
	}
	event := cview(f.uptr(2))
	if host.srv.Hears(int(f.i32(1))) {
		host.srv.Notify(int(f.i32(1)), string(event), slices.Clone(key.bytes()), int(ctx.cell.db))
	}
	f.setOK(true)
}

func apiGetNotifyKeyspaceEvents(f *frame) { f.setInt(int64(host.srv.Config.Values.NotifyFlags)) }

// job is one function of AddPostNotificationJob that waits for the end of its
// unit.
type job struct {
	m              *Module // nil once it is done or the module is gone
	fn, data, free uintptr
	db             int32
}

func apiAddPostNotificationJob(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	j := &job{m: ctx.module, fn: f.uptr(1), data: f.uptr(2), free: f.uptr(3), db: ctx.cell.db}
	j.m.jobs = append(j.m.jobs, j)
	host.srv.AfterUnit(j.run)
	f.setOK(true)
}

func (j *job) run() {
	m := j.m
	if m == nil {
		return
	}
	m.jobs = slices.DeleteFunc(m.jobs, func(o *job) bool { return o == j })
	j.m = nil
	m.withContext(func(ctx *Context) {
		ctx.cell.db = j.db
		m.call(server.ByJob, j.fn, uint64(ctx.addr()), uint64(j.data), 0, 0, 0, 0)
		if j.free != 0 {
			m.call(server.ByFree, j.free, uint64(j.data), 0, 0, 0, 0, 0)
		}
	})
}

// dropJobs frees what the module's pending jobs hold; they will not run.
func (m *Module) dropJobs() {
	for len(m.jobs) != 0 {
		j := m.jobs[0]
		m.jobs = m.jobs[1:]
		j.m = nil
		if j.free != 0 {
			m.call(server.ByFree, j.free, uint64(j.data), 0, 0, 0, 0, 0)
		}
	}
}

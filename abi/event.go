package abi

import (
	"runtime"
	"unsafe"

	"berth/internal/server"
)

// hook has the server tell of an event from the first subscription to the last.
func (h *Host) hook(id uint64, on bool) {
	s := h.srv
	switch id {
	case eventPersistence:
		s.Hooks.Persistence = when(on, func(k server.PersistenceKind) { h.fire(eventPersistence, uint64(k), 0) })
	case eventLoading:
		s.Hooks.Loading = when(on, func(k server.LoadingKind) { h.fire(eventLoading, uint64(k), 0) })
	case eventProgress:
		s.Hooks.LoadingProgress = when(on, h.fireProgress)
	case eventFlush:
		s.Hooks.Flush = when(on, h.fireFlush)
	case eventClientChange:
		s.Hooks.Client = when(on, h.fireClient)
	case eventShutdown:
		s.Hooks.Shutdown = when(on, func() { h.fire(eventShutdown, 0, 0) })
	case eventSwap:
		s.Hooks.Swap = when(on, h.fireSwap)
	case eventKey:
		s.OnLeave(when(on, h.fireKey))
	case eventCron:
		if h.stopCron != nil && !on {
			h.stopCron()
			h.stopCron = nil
		}
		if h.stopCron == nil && on {
			h.stopCron = s.OnCron(h.fireCron)
		}
	case eventLoop, eventConfig:
		// Their hooks cannot be taken off again; without subscribers they cost
		// a look at an empty list.
		if on && !h.hooked[id] {
			h.hooked[id] = true
			h.hookForGood(id)
		}
	}
}

func (h *Host) hookForGood(id uint64) {
	if id == eventConfig {
		h.srv.Config.OnChange(h.fireConfig)
		return
	}
	h.srv.BeforeSleep(func() { h.fire(eventLoop, subBeforeSleep, 0) })
	h.srv.Loop.AfterSleep(func() { h.fire(eventLoop, subAfterSleep, 0) })
}

// when is fn, or nil if it is not wanted.
func when[F any](on bool, fn F) (none F) {
	if on {
		return fn
	}
	return none
}

// onHeap makes escape analysis put what is stored here on the heap, where it
// stays in its place while a module looks at it. The host lock protects it.
var onHeap unsafe.Pointer

// fireWith is fire with a structure that the module may read during the call.
func fireWith[T any](h *Host, id, sub uint64, data *T) {
	onHeap = unsafe.Pointer(data)
	h.fire(id, sub, uintptr(unsafe.Pointer(data)))
	runtime.KeepAlive(data)
}

// flushInfo is RedisModuleFlushInfo.
type flushInfo struct {
	version uint64
	sync    int32
	db      int32
}

func (h *Host) fireFlush(db int, sync, end bool) {
	data := &flushInfo{version: eventVersion, db: int32(db)}
	if sync {
		data.sync = 1
	}
	sub := uint64(subFlushStart)
	if end {
		sub = subFlushEnd
	}
	onHeap = unsafe.Pointer(data)
	for _, l := range h.listeners[eventFlush] {
		l.m.withContext(func(ctx *Context) {
			ctx.cell.db = int32(max(db, 0))
			l.call(ctx, eventFlush, sub, uintptr(unsafe.Pointer(data)))
		})
	}
	runtime.KeepAlive(data)
}

// fireClient tells of a client that came or goes. The context is the client's,
// as far as there is any left.
func (h *Host) fireClient(c *server.Client, gone bool) {
	data := new(clientInfo)
	onHeap = unsafe.Pointer(data)
	data.fill(c)
	sub := uint64(subConnected)
	if gone {
		sub = subDisconnected
	}
	for _, l := range h.listeners[eventClientChange] {
		l.m.withContext(func(ctx *Context) {
			ctx.cell.id, ctx.cell.db = c.ID, int32(c.DB)
			if !gone {
				ctx.client = c
			}
			l.call(ctx, eventClientChange, sub, uintptr(unsafe.Pointer(data)))
		})
	}
	runtime.KeepAlive(data)
}

// cronInfo is RedisModuleCronLoop.
type cronInfo struct {
	version uint64
	hz      int32
}

func (h *Host) fireCron(hz int) {
	fireWith(h, eventCron, 0, &cronInfo{eventVersion, int32(hz)})
}

// progressInfo is RedisModuleLoadingProgressInfo.
type progressInfo struct {
	version      uint64
	hz, progress int32
}

func (h *Host) fireProgress(aof bool, hz, progress int) {
	sub := uint64(subProgressRDB)
	if aof {
		sub = subProgressAOF
	}
	fireWith(h, eventProgress, sub, &progressInfo{eventVersion, int32(hz), int32(progress)})
}

// swapInfo is RedisModuleSwapDbInfo.
type swapInfo struct {
	version       uint64
	first, second int32
}

func (h *Host) fireSwap(a, b int) {
	fireWith(h, eventSwap, 0, &swapInfo{eventVersion, int32(a), int32(b)})
}

// configInfo is RedisModuleConfigChange.
type configInfo struct {
	version uint64
	count   uint32
	names   uintptr
}

func (h *Host) fireConfig(names []string) {
	if len(h.listeners[eventConfig]) == 0 || len(names) == 0 {
		return
	}
	texts := make([][]byte, len(names))
	addrs := make([]uintptr, len(names))
	for i, name := range names {
		texts[i] = append([]byte(name), 0)
		addrs[i] = uintptr(unsafe.Pointer(&texts[i][0]))
	}
	onHeap = unsafe.Pointer(&addrs[0])
	fireWith(h, eventConfig, 0, &configInfo{eventVersion, uint32(len(names)), uintptr(unsafe.Pointer(&addrs[0]))})
	runtime.KeepAlive(texts)
	runtime.KeepAlive(addrs)
}

// moduleChange is RedisModuleModuleChange.
type moduleChange struct {
	version       uint64
	name          uintptr
	moduleVersion int32
}

// fireModuleChange tells the other modules that one was loaded or unloaded.
func (h *Host) fireModuleChange(m *Module, sub uint64) {
	name := append([]byte(m.name), 0)
	onHeap = unsafe.Pointer(&name[0])
	data := &moduleChange{version: eventVersion, name: uintptr(unsafe.Pointer(&name[0])), moduleVersion: int32(m.version)}
	onHeap = unsafe.Pointer(data)
	for _, l := range h.listeners[eventModuleChange] {
		if l.m != m {
			l.m.withContext(func(ctx *Context) {
				l.call(ctx, eventModuleChange, sub, uintptr(unsafe.Pointer(data)))
			})
		}
	}
	runtime.KeepAlive(name)
	runtime.KeepAlive(data)
}

// keyInfo is RedisModuleKeyInfo.
type keyInfo struct {
	version uint64
	key     uintptr
}

// fireKey tells of a key that is about to go, with the key open for reading.
func (h *Host) fireKey(db int, name []byte, why server.LeaveReason) {
	for _, l := range h.listeners[eventKey] {
		l.m.withContext(func(ctx *Context) {
			ctx.cell.db = int32(db)
			k := newKey(ctx, name, modeRead)
			k.seen = true
			p := k.open()
			ctx.untrack(p)
			data := &keyInfo{eventVersion, p}
			onHeap = unsafe.Pointer(data)
			l.call(ctx, eventKey, uint64(why), uintptr(unsafe.Pointer(data)))
			runtime.KeepAlive(data)
			if headOf(p) == headKey && *objectSlot(p) == unsafe.Pointer(k) { // else the module closed it, though it is not its own
				k.close()
			}
		})
	}
}

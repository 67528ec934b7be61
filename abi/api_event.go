package abi

import "berth/internal/server"

// The server events by the interface's numbers.
const (
	eventPersistence  = 1
	eventFlush        = 2
	eventLoading      = 3
	eventClientChange = 4
	eventShutdown     = 5
	eventCron         = 8
	eventModuleChange = 9
	eventProgress     = 10
	eventSwap         = 11
	eventForkChild    = 13
	eventLoop         = 15
	eventConfig       = 16
	eventKey          = 17
	eventCount        = 18
)

// subevents is how many subevents each event has. Those of what never happens
// here, such as a change of the replication role, are known all the same: a
// module may wait for them as on a server where it does not come to that.
var subevents = [eventCount]uint64{2, 6, 2, 5, 2, 0, 2, 2, 0, 2, 2, 0, 0, 2, 3, 2, 1, 4}

// withData says which events bring a structure along. Its version is 1; a module
// that was made for a later one is refused.
var withData = [eventCount]bool{
	0: true, eventFlush: true, eventClientChange: true, eventCron: true, eventModuleChange: true,
	eventProgress: true, eventSwap: true, eventKey: true,
}

// The subevents.
const (
	subLoaded = iota
	subUnloaded
)

const (
	subBeforeSleep = iota
	subAfterSleep
)

const (
	subProgressRDB = iota
	subProgressAOF
)

const (
	subForkBorn = iota
	subForkDied
)

const (
	subFlushStart = iota
	subFlushEnd
)

const (
	subConnected = iota
	subDisconnected
)

// eventVersion is the version of the data that comes with an event.
const eventVersion = 1

// listener is one module's subscription to one event. version is what its
// header calls the newest structure.
type listener struct {
	m       *Module
	fn      uintptr
	version uint64
}

func apiSubscribeToServerEvent(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	// The event is a structure in two registers.
	id, version, fn := f.int(1), f.int(2), f.uptr(3)
	if id >= eventCount || withData[id] && version > eventVersion {
		f.setOK(false)
		return
	}
	host.subscribe(ctx.module, id, version, fn)
	f.setOK(true)
}

func apiIsSubEventSupported(f *frame) {
	id := f.int(0)
	f.setBool(id < eventCount && f.int(2) < subevents[id])
}

// subscribe has fn told of an event, in place of the function that the module
// gave before, or nobody if fn is 0.
func (h *Host) subscribe(m *Module, id, version uint64, fn uintptr) {
	old := h.listeners[id]
	list := make([]listener, 0, len(old)+1)
	found := false
	for _, l := range old {
		if l.m == m {
			found = true
			if fn == 0 {
				continue
			}
			l.fn = fn
		}
		list = append(list, l)
	}
	if !found && fn != 0 {
		list = append(list, listener{m, fn, version})
	}
	h.listeners[id] = list
	h.hook(id, len(list) != 0)
}

// unsubscribe ends all subscriptions of a module.
func (h *Host) unsubscribe(m *Module) {
	for id := range h.listeners {
		h.subscribe(m, uint64(id), 0, 0)
	}
}

// fire calls all who subscribed to an event. data is its structure.
func (h *Host) fire(id, sub uint64, data uintptr) {
	for _, l := range h.listeners[id] {
		l.m.withContext(func(ctx *Context) { l.call(ctx, id, sub, data) })
	}
}

func (l listener) call(ctx *Context, id, sub uint64, data uintptr) {
	if callTop >= callDepth-8 {
		return // the callback causes the very event that it hears of
	}
	l.m.call(server.ByServerEvent, l.fn, uint64(ctx.addr()), id, l.version, sub, uint64(data), 0)
}

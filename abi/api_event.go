package abi

// The server events that happen here, by the interface's numbers. Others are
// refused at the subscription, as by a server that does not know them.
const (
	eventModuleChange = 9
	eventLoop         = 15
)

// eventKinds says how many subevents each event has.
var eventKinds = map[uint64]uint64{eventModuleChange: 2, eventLoop: 2}

// The subevents.
const (
	subLoaded = iota
	subUnloaded
)

const (
	subBeforeSleep = iota
	subAfterSleep
)

// eventVersion is the version of the data that comes with an event.
const eventVersion = 1

func apiSubscribeToServerEvent(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	id, fn := f.int(1), f.uptr(3) // the event is a structure in two registers
	if eventKinds[id] == 0 {
		f.setOK(false)
		return
	}
	m := ctx.module
	if fn == 0 {
		delete(m.events, id)
		f.setOK(true)
		return
	}
	m.events[id] = fn
	if id == eventLoop {
		host.hookLoop()
	}
	f.setOK(true)
}

func apiIsSubEventSupported(f *frame) {
	// The event's structure takes two registers.
	f.setBool(f.int(2) < eventKinds[f.int(0)])
}

// hookLoop has the loop's sleeps told to modules, from the first subscription
// on.
func (h *Host) hookLoop() {
	if h.hooked {
		return
	}
	h.hooked = true
	h.srv.BeforeSleep(func() { h.fireEvent(eventLoop, subBeforeSleep, 0) })
	h.srv.Loop.AfterSleep(func() { h.fireEvent(eventLoop, subAfterSleep, 0) })
}

// fireEvent calls all who subscribed to an event. data is its structure.
func (h *Host) fireEvent(id, sub uint64, data uintptr) {
	for _, m := range h.Modules() {
		if fn := m.events[id]; fn != 0 {
			m.withContext(func(ctx *Context) {
				m.call(fn, uint64(ctx.addr()), id, eventVersion, sub, uint64(data), 0)
			})
		}
	}
}

// moduleChange is RedisModuleModuleChange.
type moduleChange struct {
	version       uint64
	name          uintptr
	moduleVersion int32
}

// fireModuleChange tells that a module was loaded or unloaded.
func (h *Host) fireModuleChange(m *Module, sub uint64) {
	name := append([]byte(m.name), 0)
	data := &moduleChange{version: eventVersion, name: addrOf(&name[0]), moduleVersion: int32(m.version)}
	h.fireEvent(eventModuleChange, sub, addrOf(data))
}

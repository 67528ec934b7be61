package abi

import (
	"sync/atomic"
	"unsafe"

	"berth/internal/server"
	"berth/loop"
)

// Range is a range of addresses.
type Range struct{ Low, High uintptr }

// Module is a loaded module and all that it holds of the host's. It belongs to
// the loop.
type Module struct {
	host    *Host
	name    string
	version int
	apiver  int
	path    string
	args    []string
	text    []Range
	options int
	meter   server.Meter
	heap    int // its place in moduleHeaps
	// waiting is how many of its threads wait for the host lock.
	waiting atomic.Int32
	// preparing is above zero while its threads want contexts for waits.
	preparing atomic.Int32
	fault     *fault // what ended its service; see crashed

	commands []*server.Command
	handles  map[*server.Command]uintptr
	filters  map[*filter]bool
	timers   int // of CreateTimer
	times    map[loop.TimerID]*timeEvent
	files    map[int]*fileEvent
	clients  map[int]*server.Client
	sockets  map[int]inode // opened by the host for the module
	attached map[string]attachment
	infoFunc uintptr
	heard    []*keyspaceListener
	jobs     []*job
	configs  []*moduleConfig
	types    []*dataType
	promises map[*promise]bool // those whose command waits
	defrag   uintptr           // callback for what belongs to no key
	uses     []*Module         // whose shared functions it asked for
	apis     []string          // names of the functions it shares
	// socketsChecked is how many of sockets were open when last looked at.
	socketsChecked int
	onLoad         bool // OnLoad is running
	// freeTakesContext says which form the functions have that free private
	// data of blocked clients: since Redis 5 a context comes first, before
	// that, and so in modules of redis#4158's time, the data is all. The
	// function BlockedClientDisconnected came with the change, so a header
	// that asks for it has the new form.
	freeTakesContext bool
	loaded           bool // configurations were loaded by LoadConfigs
}

func newModule(h *Host, path string, args []string) *Module {
	return &Module{
		host: h, path: path, args: args,
		handles:  map[*server.Command]uintptr{},
		filters:  map[*filter]bool{},
		times:    map[loop.TimerID]*timeEvent{},
		files:    map[int]*fileEvent{},
		clients:  map[int]*server.Client{},
		sockets:  map[int]inode{},
		attached: map[string]attachment{},
		promises: map[*promise]bool{},
	}
}

// Name is what the module called itself in RedisModule_Init.
func (m *Module) Name() string { return m.name }

// ModuleName is Name, for the server, which knows a module as the owner of commands.
func (m *Module) ModuleName() string { return m.name }

// Version is the module's own version number.
func (m *Module) Version() int { return m.version }

// Path is the file it was loaded from.
func (m *Module) Path() string { return m.path }

// Args are the arguments it was loaded with.
func (m *Module) Args() []string { return m.args }

// Options are the bits of SetModuleOptions.
func (m *Module) Options() int { return m.options }

// Commands lists the commands it registered.
func (m *Module) Commands() []*server.Command { return m.commands }

// Meter has measured what the module's callbacks took.
func (m *Module) Meter() *server.Meter { return &m.meter }

// UsedBy names the modules that use functions this one shares.
func (m *Module) UsedBy() []string {
	var names []string
	for _, o := range m.host.Modules() {
		for _, u := range o.uses {
			if u == m {
				names = append(names, o.name)
			}
		}
	}
	return names
}

// Uses names the modules whose shared functions this one uses.
func (m *Module) Uses() []string {
	var names []string
	for _, u := range m.uses {
		names = append(names, u.name)
	}
	return names
}

// call calls a function of the module's and measures it, unless it is a command:
// those the server measures in any case. After a crash nothing is called, and the
// answer is 0.
func (m *Module) call(kind server.CallbackKind, fn uintptr, a0, a1, a2, a3, a4, a5 uint64) uint64 {
	if kind == server.ByCommand {
		return m.enter(fn, a0, a1, a2, a3, a4, a5)
	}
	mark := m.host.srv.MeterStart()
	r := m.enter(fn, a0, a1, a2, a3, a4, a5)
	m.host.srv.MeterStop(&m.meter, kind, nil, mark)
	return r
}

// enter calls a function of the module's, which then is the running one.
func (m *Module) enter(fn uintptr, a0, a1, a2, a3, a4, a5 uint64) uint64 {
	c := m.begin(fn, a0, a1, a2, a3, a4, a5)
	if c == nil {
		return 0
	}
	cgocall(callCPC, unsafe.Pointer(c))
	return m.end(c)
}

// begin fills the frame of a call, which is nil if nothing may be called. cgocall and
// end must follow.
func (m *Module) begin(fn uintptr, a0, a1, a2, a3, a4, a5 uint64) *callFrame {
	if m.fault != nil {
		return nil
	}
	h := m.host
	if callTop >= callDepth-callReserve {
		h.srv.Log(server.LogWarning, "<%s> modules and the host call each other too deep: a callback was left out", m.name)
		return nil
	}
	c := pushCall(fn, a0, a1, a2, a3, a4, a5)
	c.outer, h.running = h.running, m
	return c
}

// end gives a call's frame back, and answers what was returned.
func (m *Module) end(c *callFrame) uint64 {
	m.host.running, c.outer = c.outer, nil
	if f := c.popCall(); f != nil {
		m.crashed(f)
		return 0
	}
	return c.ret
}

// handler makes the handler of a command whose C function is fn.
//
// It does what enter does instead of calling that. A module's command that calls a
// command is so deep that the processor no longer remembers all return addresses, and
// each that it forgot costs as much as forty instructions: frames are few on that way.
func (m *Module) handler(fn uintptr) server.Handler {
	return func(c *server.Client, argv [][]byte) {
		if callTop >= callDepth-2*callReserve {
			c.WriteError("ERR modules and commands call each other too deep")
			return
		}
		ctx := newContext(m, c, true)
		ctx.setArgs(argv)
		mark := c.Mark()
		if call := m.begin(fn, uint64(ctx.addr()), ctx.argAddr(), uint64(len(ctx.argv)), 0, 0, 0); call != nil {
			cgocall(callCPC, unsafe.Pointer(call))
			m.end(call)
		}
		if m.fault != nil {
			ctx.replyFenced(c, mark)
		}
		ctx.release(true)
	}
}

// withContext makes a context without a client for the time of a callback. What
// the callback does is one unit.
func (m *Module) withContext(fn func(ctx *Context)) {
	m.host.srv.EnterUnit()
	ctx := newContext(m, nil, true)
	ctx.flags |= ctxTemporary
	fn(ctx)
	ctx.release(true)
	m.host.srv.LeaveUnit()
}

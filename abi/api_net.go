package abi

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"berth/internal/server"
	"berth/loop"
)

// timeEvent is a timer of redis#4158's CreateTimeEvent.
type timeEvent struct {
	fn, data, final uintptr
}

// attachment is a pointer that a module keeps in the host under a key.
type attachment struct {
	value, free uintptr
}

// errnoOf is the system's number for a failed call.
func errnoOf(err error) int32 {
	var no unix.Errno
	if errors.As(err, &no) {
		return int32(no)
	}
	return errnoInvalid
}

// result answers OK, or logs why the call failed and answers ERR with errno.
func (f *frame) result(ctx *Context, err error) bool {
	f.setOK(err == nil)
	if err != nil {
		f.errno = errnoOf(err)
		host.srv.Log(server.LogWarning, "<%s> RedisModule_%s failed: %v", ctx.module.name, apiNames[f.index], err)
	}
	return err == nil
}

// errMask is the reason of a mask that names no direction.
var errMask = errors.New("the mask must have REDISMODULE_FILE_READABLE, REDISMODULE_FILE_WRITABLE or both")

// errNotOurs is the reason for a descriptor that other parts of the server use.
var errNotOurs = errors.New("the descriptor is not open, or not the module's")

func apiCreateFileEvent(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	fd, mask, fn := int(f.i32(1)), f.i32(2), f.uptr(3)
	var err error
	switch {
	case mask&maskAll == 0 || fn == 0:
		err = errMask
	case !ctx.module.usable(fd):
		err = errNotOurs
	default:
		err = ctx.module.watch(fd, loop.Mask(mask&maskAll), fileProc{fn: fn, data: f.uptr(4), context: true})
	}
	f.result(ctx, err)
}

func apiDeleteFileEvent(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		ctx.module.unwatch(int(f.i32(1)), loop.Mask(f.i32(2)&maskAll))
	}
}

func apiCreateTimeEvent(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	e := &timeEvent{fn: f.uptr(2), data: f.uptr(3), final: f.uptr(4)}
	if e.fn == 0 {
		f.result(ctx, errors.New("the callback is NULL"))
		return
	}
	id := host.srv.Loop.AddTimer(time.Duration(f.i64(1))*time.Millisecond,
		func(id loop.TimerID) time.Duration {
			again := loop.NoMore
			m.withContext(func(ctx *Context) {
				ms := int32(m.call(server.ByTimer, e.fn, uint64(ctx.addr()), uint64(id), uint64(e.data), 0, 0, 0))
				if ms >= 0 {
					again = time.Duration(ms) * time.Millisecond
				}
			})
			return again
		},
		func(id loop.TimerID) {
			delete(m.times, id)
			if e.final != 0 {
				m.withContext(func(ctx *Context) {
					m.call(server.ByFree, e.final, uint64(ctx.addr()), uint64(e.data), 0, 0, 0, 0)
				})
			}
		})
	m.times[id] = e
	put(f.uptr(5), int64(id))
	f.setOK(true)
}

func apiDeleteTimeEvent(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		if id := loop.TimerID(f.i64(1)); ctx.module.times[id] != nil {
			host.srv.Loop.RemoveTimer(id)
		}
	}
}

// opened answers a new descriptor through the pointer in argument out.
func (f *frame) opened(ctx *Context, out, fd int, err error) {
	if f.result(ctx, err) {
		ctx.module.keepSocket(fd)
		put(f.uptr(out), int32(fd))
	}
}

func apiTcpNonBlockConnect(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.TCPConnect(cstring(f.uptr(1)), int(f.i32(2)))
		f.opened(ctx, 3, fd, err)
	}
}

func apiUnixNonBlockConnect(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.UnixConnect(cstring(f.uptr(1)))
		f.opened(ctx, 2, fd, err)
	}
}

func apiTcpServer(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.TCP4Listen(cstring(f.uptr(2)), int(f.i32(1)), int(f.i32(3)))
		f.opened(ctx, 4, fd, err)
	}
}

func apiTcp6Server(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.TCP6Listen(cstring(f.uptr(2)), int(f.i32(1)), int(f.i32(3)))
		f.opened(ctx, 4, fd, err)
	}
}

func apiUnixServer(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.UnixListen(cstring(f.uptr(1)), uint32(f.int(2)), int(f.i32(3)))
		f.opened(ctx, 4, fd, err)
	}
}

// putAddress stores an address as a C string of at most the given size, and
// its port.
func (f *frame) putAddress(buf, size, port int, ip string, number int) {
	if n := int(f.int(size)); f.uptr(buf) != 0 && n > 0 {
		b := cbytes(f.uptr(buf), n)
		b[copy(b[:n-1], ip)] = 0
	}
	put(f.uptr(port), int32(number))
}

func apiTcpAccept(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, ip, port, err := loop.AcceptTCP(int(f.i32(1)))
		f.opened(ctx, 5, fd, err)
		if err == nil {
			f.putAddress(2, 3, 4, ip, port)
		}
	}
}

func apiUnixAccept(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		fd, err := loop.AcceptUnix(int(f.i32(1)))
		f.opened(ctx, 2, fd, err)
	}
}

// option runs a function on the descriptor in argument 1.
func (f *frame) option(set func(fd int) error) {
	if ctx := f.ctx(0); ctx != nil {
		f.result(ctx, set(int(f.i32(1))))
	}
}

func apiEnableNonBlock(f *frame) {
	f.option(func(fd int) error { return loop.SetNonBlock(fd, true) })
}

func apiDisableNonBlock(f *frame) {
	f.option(func(fd int) error { return loop.SetNonBlock(fd, false) })
}

func apiEnableTcpNoDelay(f *frame) {
	f.option(func(fd int) error { return loop.SetNoDelay(fd, true) })
}

func apiDisableTcpNoDelay(f *frame) {
	f.option(func(fd int) error { return loop.SetNoDelay(fd, false) })
}

func apiTcpKeepAlive(f *frame) {
	f.option(func(fd int) error { return loop.SetKeepAlive(fd, int(f.i32(2))) })
}

// name answers one end of the connection in argument 1; "?" and port 0 when
// there is none, as Redis's own function does.
func (f *frame) name(of func(fd int) (string, int, error)) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	ip, port, err := of(int(f.i32(1)))
	if !f.result(ctx, err) {
		ip = "?"
	}
	f.putAddress(2, 3, 4, ip, port)
}

func apiPeerName(f *frame) { f.name(loop.PeerName) }
func apiSockName(f *frame) { f.name(loop.SockName) }

func apiCreateClient(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	ours, theirs, err := loop.SocketPair()
	if err == nil {
		var c *server.Client
		c, err = host.srv.AdoptFD(ours, server.AdoptOptions{
			Owner: m, OwnerName: m.name,
			// The module's end stays open until it closes it: it reads an
			// end of file there.
			OnFree: func(c *server.Client) {
				if m.clients[theirs] == c { // else the module closed its end, and got another
					delete(m.clients, theirs)
				}
			},
		})
		if err != nil {
			_ = unix.Close(ours)
			_ = unix.Close(theirs)
		} else {
			m.clients[theirs] = c
		}
	}
	f.opened(ctx, 1, theirs, err)
}

// errNoClient is the reason for a descriptor that CreateClient did not make.
var errNoClient = errors.New("the descriptor is not one of CreateClient's")

// apiFreeClient closes the client and the module's end of its connection.
func apiFreeClient(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	fd := int(f.i32(1))
	c := ctx.module.clients[fd]
	if c == nil {
		f.result(ctx, errNoClient)
		return
	}
	ctx.module.unwatch(fd, loop.Readable|loop.Writable)
	_ = unix.Close(fd)
	delete(ctx.module.clients, fd)
	host.srv.FreeClient(c)
	f.setOK(true)
}

// attachKey is the key in arguments 1 and 2; NULL is the default attachment,
// which no key of bytes equals.
func (f *frame) attachKey() string {
	if f.int(1) == 0 {
		return ""
	}
	return "=" + string(cbytes(f.uptr(1), int(f.int(2))))
}

// detach takes an attachment off and, unless the module takes it over,
// destroys it.
func (m *Module) detach(key string) bool {
	a, ok := m.attached[key]
	if !ok {
		return false
	}
	delete(m.attached, key)
	if a.free != 0 {
		m.withContext(func(ctx *Context) {
			m.call(server.ByFree, a.free, uint64(ctx.addr()), uint64(a.value), 0, 0, 0, 0)
		})
	}
	return true
}

func apiAttach(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	key := f.attachKey()
	if old, ok := ctx.module.attached[key]; ok && old.value != f.uptr(3) {
		ctx.module.detach(key)
	}
	ctx.module.attached[key] = attachment{value: f.uptr(3), free: f.uptr(4)}
}

func apiGetAttachment(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setPtr(ctx.module.attached[f.attachKey()].value)
	}
}

func apiDetach(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setOK(ctx.module.detach(f.attachKey()))
	}
}

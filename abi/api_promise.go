package abi

import "berth/internal/server"

// promise is what a Call that may wait gives when its command does: the reply is
// for a callback of the module's, once there is one. It belongs to the holder of
// the host lock.
type promise struct {
	m *Module
	// client is who waits, nil once it does not any more.
	client   *server.Client
	fn, data uintptr
}

// keep has the promise wait for c.
func (p *promise) keep(c *server.Client) {
	p.client = c
	p.m.promises[p] = true
}

// end forgets who waits.
func (p *promise) end() {
	p.client = nil
	delete(p.m.promises, p)
}

// done gives the module the reply. Without a callback nobody wants it.
func (p *promise) done(c *server.Client) {
	p.end()
	if p.fn == 0 || p.m.fault != nil {
		return
	}
	p.m.withContext(func(ctx *Context) {
		ctx.cell.db = int32(c.DB)
		// The callback may hand the reply to a thread, so no context owns it.
		r := newReply(nil)
		r.buf, r.errors = c.TakeOutput(), c.TakeErrors()
		r.parse(false)
		p.m.call(server.ByPromise, p.fn, uint64(ctx.addr()), uint64(r.cell.addr()), uint64(p.data), 0, 0, 0)
	})
}

// dropPromises leaves the commands that the module's promises are for to
// themselves.
func (m *Module) dropPromises() {
	for p := range m.promises {
		p.fn = 0
	}
}

// promise returns the promise in argument 0, or nil after reporting that it is
// none.
func (f *frame) promise() *promise {
	c := f.liveReply(0)
	if c == nil {
		return nil
	}
	p := c.whole().promise
	if p == nil {
		f.misuse("the reply is not a promise")
	}
	return p
}

func apiCallReplyPromiseSetUnblockHandler(f *frame) {
	if p := f.promise(); p != nil {
		p.fn, p.data = f.uptr(1), f.uptr(2)
	}
}

func apiCallReplyPromiseAbort(f *frame) {
	p := f.promise()
	if p == nil || p.client == nil || !p.client.Waits() {
		f.setOK(false)
		return
	}
	put(f.uptr(1), p.data)
	c := p.client
	p.fn, p.data = 0, 0
	p.end()
	host.srv.Abandon(c)
	f.setOK(true)
}

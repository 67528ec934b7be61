package abi

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"berth/internal/server"
)

// blockedClient is RedisModuleBlockedClient: one wait of one client, seen from
// the module that made it wait.
type blockedClient struct {
	m          *Module
	b          *server.Blocked
	wait       server.Blocked // where b is, but for a wait for keys
	options    server.BlockOptions
	p          uintptr // the handle, which dies when the private data is freed
	id         uint64  // the client's, for threads that must not look at it
	replyFn    uintptr
	timeoutFn  uintptr
	freeFn     uintptr
	disconnect uintptr

	// mu guards contexts: threads make and free them without the host lock.
	mu       sync.Mutex
	contexts []*Context
}

// blockedCell is what threads need of a wait, without what lies on the Go heap.
type blockedCell struct {
	cellHead
	ending uintptr        // its *server.Ending
	ready  atomic.Uintptr // the cell of a context that is prepared for a thread
	plain  bool           // a thread may end the wait by itself: it is not for keys
}

func (bc *blockedClient) cell() *blockedCell { return (*blockedCell)(at(bc.p)) }

// flushContexts hands what the wait's thread-safe contexts have gathered to
// its reply client. Host lock.
func (bc *blockedClient) flushContexts() {
	reapContexts()
	bc.mu.Lock()
	defer bc.mu.Unlock()
	for _, ctx := range bc.contexts {
		ctx.flush()
	}
}

// run calls a reply or timeout callback for client c. key is the one that is ready,
// nil for none. It reports whether the callback replied.
func (bc *blockedClient) run(kind server.CallbackKind, fn uintptr, c *server.Client, key []byte) bool {
	ctx := newContext(bc.m, c, true)
	ctx.flags |= ctxBlockedReply
	if kind == server.ByTimeout {
		ctx.flags = ctxBlockedTimeout
	}
	ctx.blocked = bc
	ctx.cell.data = bc.b.Data
	ctx.setArgs(bc.b.Argv())
	if key != nil {
		ctx.readyKey = newString(key, true).addr()
	}
	served := bc.m.serve(kind, ctx, fn)
	ctx.release(true)
	return served
}

func apiBlockClient(f *frame) { f.blockClient(server.BlockOptions{}) }

func apiBlockClientOnKeys(f *frame) { f.blockOnKeys(0) }

func apiBlockClientOnKeysWithFlags(f *frame) { f.blockOnKeys(f.int(8)) }

// blockUnblockDeleted is REDISMODULE_BLOCK_UNBLOCK_DELETED.
const blockUnblockDeleted = 1 << 0

// blockOnKeys reads what BlockClient does not have: arguments 5 to 7 and the flags.
func (f *frame) blockOnKeys(flags uint64) {
	o := server.BlockOptions{Data: f.uptr(7), Deleted: flags&blockUnblockDeleted != 0}
	if keys := f.uptr(5); keys != 0 {
		o.Keys = make([][]byte, int(max(f.i32(6), 0)))
	}
	for i := range o.Keys {
		p := *(*uintptr)(at(f.uptr(5) + uintptr(i)*8))
		if headOf(p) != headString {
			f.misusePointer(p, headString)
			return
		}
		o.Keys[i] = stringAt(p).bytes()
	}
	f.blockClient(o)
}

// blockClient makes the client wait: a context, three callbacks and a time are the
// first arguments of all who do.
func (f *frame) blockClient(o server.BlockOptions) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if ctx.client == nil || ctx.flags&(ctxThreadSafe|ctxTemporary) != 0 {
		f.misuse("there is no client to block here")
		return
	}
	ctx.flush()
	bc := newBlocked(o.Keys == nil)
	bc.m, bc.id, bc.replyFn, bc.timeoutFn, bc.freeFn = ctx.module, ctx.cell.id, f.uptr(1), f.uptr(2), f.uptr(3)
	o.Free, o.OnReply, o.Into, o.OnOver = bc.options.Free, bc.options.OnReply, bc.options.Into, bc.options.OnOver
	o.Timeout = f.i64(4)
	o.Owner = ctx.module
	if o.Keys != nil {
		o.OnReady = func(c *server.Client, _ *server.Blocked, key []byte) bool {
			return bc.replyFn != 0 && bc.run(server.ByReply, bc.replyFn, c, key)
		}
	}
	if bc.timeoutFn != 0 {
		o.OnTimeout = bc.options.OnTimeout
	}
	// A client that cannot wait got its error; the module still gets a handle
	// to pass on, as it does in Redis.
	b, _ := host.srv.Block(ctx.client, o)
	bc.b = b
	b.Handle = bc
	bc.p = newHandle(headBlocked, bc, true)
	cell := bc.cell()
	cell.ending = uintptr(unsafe.Pointer(b.Ending()))
	cell.plain = o.Keys == nil
	bc.prepare()
	f.setPtr(bc.p)
}

// overClients are those whose waits are over, to be used again. Host lock.
var overClients []*blockedClient

// newBlocked is one with its callbacks, which may be used again if the wait is not for
// keys: those have more that points to them.
func newBlocked(again bool) *blockedClient {
	if n := len(overClients); again && n != 0 {
		bc := overClients[n-1]
		overClients = overClients[:n-1]
		return bc
	}
	bc := &blockedClient{}
	o := &bc.options
	o.Free = func(*server.Blocked, uintptr) { bc.free() }
	o.OnReply = func(c *server.Client, b *server.Blocked) { bc.answer(c, b) }
	o.OnTimeout = func(c *server.Client, _ *server.Blocked) { bc.run(server.ByTimeout, bc.timeoutFn, c, nil) }
	if again {
		o.Into = &bc.wait
		o.OnOver = func(*server.Blocked) { bc.over() }
	}
	return bc
}

// over keeps what is left of a wait for another.
func (bc *blockedClient) over() {
	bc.m, bc.p, bc.disconnect = nil, 0, 0
	if len(overClients) < 256 {
		overClients = append(overClients, bc)
	}
}

// answer is the end of a wait that a thread has ended.
func (bc *blockedClient) answer(c *server.Client, b *server.Blocked) {
	switch {
	case bc.replyFn != 0:
		bc.run(server.ByReply, bc.replyFn, c, nil)
	case bc.m.fault != nil:
		bc.flushContexts()
		if !b.Replied() {
			c.WriteError(bc.m.fencedText())
		}
	}
}

// free runs the module's function for the private data and ends the handle.
func (bc *blockedClient) free() {
	if bc.freeFn != 0 && bc.b.Data != 0 {
		ctx := newContext(bc.m, bc.b.Client(), true)
		if ctx.client == nil {
			ctx.flags |= ctxDisconnected
		}
		ctx.cell.wpos = 0
		ctx.cell.data = bc.b.Data
		ctx.blocked = bc
		ctx.client = nil // its turn to reply is over
		if bc.m.freeTakesContext {
			bc.m.call(server.ByFree, bc.freeFn, uint64(ctx.addr()), uint64(bc.b.Data), 0, 0, 0, 0)
		} else {
			bc.m.call(server.ByFree, bc.freeFn, uint64(bc.b.Data), 0, 0, 0, 0, 0)
		}
		ctx.release(true)
	}
	bc.orphanContexts()
	freeHandle(bc.p, true)
}

func apiUnblockClient(f *frame) {
	bc := object[blockedClient](f, 0, headBlocked)
	if bc == nil {
		return
	}
	if bc.b.ForKeys() {
		f.setOK(bc.b.UnblockKeys(f.locked()) == nil)
		return
	}
	if err := bc.b.Unblock(f.uptr(1)); err != nil {
		f.misuse("the client was unblocked before")
		return
	}
	f.setOK(true)
}

func apiAbortBlock(f *frame) {
	bc := object[blockedClient](f, 0, headBlocked)
	if bc == nil {
		return
	}
	if bc.b.ForKeys() { // an ordinary end, as in Redis
		f.setOK(bc.b.UnblockKeys(f.locked()) == nil)
		return
	}
	if err := bc.b.Abort(); err != nil {
		f.misuse("the client was unblocked before")
		return
	}
	f.setOK(true)
}

func apiSetDisconnectCallback(f *frame) {
	bc := object[blockedClient](f, 0, headBlocked)
	if bc == nil {
		return
	}
	bc.disconnect = f.uptr(1)
	bc.b.SetDisconnect(func(*server.Blocked) {
		if bc.disconnect == 0 {
			return
		}
		ctx := newContext(bc.m, nil, true)
		ctx.flags |= ctxTemporary
		ctx.cell.data, ctx.cell.id = bc.b.Data, bc.id
		bc.m.call(server.ByDisconnect, bc.disconnect, uint64(ctx.addr()), uint64(bc.p), 0, 0, 0, 0)
		ctx.release(true)
	})
}

func apiBlockedClientDisconnected(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setBool(ctx.flags&ctxDisconnected != 0)
	}
}

func apiIsBlockedReplyRequest(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setBool(ctx.flags&ctxBlockedReply != 0)
	}
}

func apiIsBlockedTimeoutRequest(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setBool(ctx.flags&ctxBlockedTimeout != 0)
	}
}

func apiGetBlockedClientReadyKey(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setPtr(ctx.readyKey)
	}
}

// apiSignalKeyAsReady has the reply callbacks run of all who wait for a key.
func apiSignalKeyAsReady(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if key := f.string(1); key != nil {
		host.srv.SignalKey(int(ctx.cell.db), key.bytes(), false)
	}
}

// apiGetBlockedClientPrivateData is reached only for a pointer that is no
// context: the leaf answers the rest.
func apiGetBlockedClientPrivateData(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setPtr(ctx.cell.data)
	}
}

func apiGetBlockedClientHandle(f *frame) {
	if ctx := f.ctx(0); ctx != nil && ctx.blocked != nil {
		f.setPtr(ctx.blocked.p)
	}
}

func apiBlockClientGetPrivateData(f *frame) {
	if bc := object[blockedClient](f, 0, headBlocked); bc != nil {
		f.setPtr(bc.b.Data)
	}
}

func apiBlockClientSetPrivateData(f *frame) {
	if bc := object[blockedClient](f, 0, headBlocked); bc != nil {
		bc.b.Data = f.uptr(1)
	}
}

func apiBlockedClientMeasureTimeStart(f *frame) {
	if bc := object[blockedClient](f, 0, headBlocked); bc != nil {
		bc.b.MeasureStart()
		f.setOK(true)
	}
}

func apiBlockedClientMeasureTimeEnd(f *frame) {
	if bc := object[blockedClient](f, 0, headBlocked); bc != nil {
		f.setOK(bc.b.MeasureEnd())
	}
}

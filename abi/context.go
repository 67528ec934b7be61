package abi

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"berth/internal/server"
)

// ctxCell is the part of RedisModuleCtx that C and the leaf functions see. The
// first word is the address of GetApi: RedisModule_Init reads it there.
type ctxCell struct {
	getapi uintptr
	head   uint64
	wpos   uintptr // where the next reply bytes go; 0 keeps the leaves out
	wend   uintptr
	wbase  uintptr
	id     uint64 // the client's
	db     int32
	resp3  int32
	data   uintptr // private data of the blocked client
	auto   int32   // 1: automatic memory management is on
	life   uint64  // counts the contexts that there were in this cell
	object uintptr // the Context, which the cell's slot keeps, for quick functions
	_      [40]byte
}

var _ [2*cellSize - unsafe.Sizeof(ctxCell{})]struct{}

// ctxRef names a context that may be over by now. It is no pointer to Go memory.
type ctxRef struct {
	cell uintptr
	life uint64
}

// ref names the context, which may be nil.
func (ctx *Context) ref() ctxRef {
	if ctx == nil {
		return ctxRef{}
	}
	return ctxRef{ctx.addr(), ctx.cell.life}
}

// get is the context, nil for none and for one that is over.
func (r ctxRef) get() *Context {
	if r.cell == 0 || (*ctxCell)(at(r.cell)).life != r.life {
		return nil
	}
	return (*Context)(*objectSlot(r.cell))
}

// scratchSize is how many bytes of replies a context gathers before they go to
// the client.
const scratchSize = 4096

// ctxFlag says what a context is for.
type ctxFlag uint32

const (
	ctxAutoMemory ctxFlag = 1 << iota
	ctxThreadSafe
	ctxBlockedReply
	ctxBlockedTimeout
	ctxDisconnected
	ctxTemporary // of a callback without a client
	ctxOnLoad
	ctxKeysPosition // the command is asked where its keys are
	ctxChannelsPosition
	ctxOfWait // prepared for a thread that ends a client's wait
	ctxReaped // a thread is done with it, and its wait is not over
)

// Context is the Go side of a RedisModuleCtx: for whom a module works, until
// the callback it was made for returns. Contexts are pooled. Only the holder
// of the host lock uses one, except thread-safe contexts, whose owner is the
// thread they were made for.
type Context struct {
	cell      *ctxCell
	module    *Module
	client    *server.Client // replies go there; nil where there is nobody to reply to
	blocked   *blockedClient // of thread-safe contexts and of reply and timeout callbacks
	readyKey  uintptr        // the key that a reply callback runs for, 0 for none
	flags     ctxFlag
	cells     []uintptr // the argument strings, ours to release
	argv      []uintptr // what the module sees of them
	auto      []autoItem
	pool      []uintptr
	yield     int64           // when Yield serves the loop next, 0 at first
	positions []server.KeyRef // what the command named as keys
	channels  []server.ChannelRef
	depth     []server.Deferred // postponed lengths, outermost first
	laters    laters            // further ones within these, in what is gathered
	ending    *server.Ending    // of the wait, for ctxOfWait
	scratch   [scratchSize]byte
}

// autoItem is something that automatic memory management frees.
type autoItem struct {
	head uint64
	p    uintptr
}

// maxPooled is how many contexts a pool has at most: they are large.
const maxPooled = 64

// ctxPool has contexts for the next callbacks, under the host lock. Threads without it
// leave theirs in ctxReturned, which becomes the pool when that is empty.
var (
	ctxPool     []*Context
	ctxReturned struct {
		some atomic.Bool
		mu   sync.Mutex
		list []*Context
	}
)

// pooled takes a context from the pool, or makes one. Without the lock the pool must not
// even be looked at.
func pooled(locked bool) *Context {
	if !locked {
		return new(Context)
	}
	if len(ctxPool) == 0 && ctxReturned.some.Load() {
		r := &ctxReturned
		r.mu.Lock()
		ctxPool, r.list = r.list, ctxPool
		r.some.Store(false)
		r.mu.Unlock()
	}
	n := len(ctxPool)
	if n == 0 {
		return new(Context)
	}
	ctx := ctxPool[n-1]
	ctxPool = ctxPool[:n-1]
	return ctx
}

// putBack puts a context into the pool.
func putBack(ctx *Context, locked bool) {
	if locked {
		if len(ctxPool) < maxPooled {
			ctxPool = append(ctxPool, ctx)
		}
		return
	}
	r := &ctxReturned
	r.mu.Lock()
	if len(r.list) < maxPooled {
		r.list = append(r.list, ctx)
		r.some.Store(true)
	}
	r.mu.Unlock()
}

// newContext returns a context of m that replies to c, which may be nil. The
// host lock must be held, or m be entered from a thread by makeThreadSafe.
func newContext(m *Module, c *server.Client, locked bool) *Context {
	ctx := pooled(locked)
	p := ctxCells.alloc(locked)
	*objectSlot(p) = unsafe.Pointer(ctx)
	cell := (*ctxCell)(at(p))
	cell.object = uintptr(unsafe.Pointer(ctx))
	ctx.cell, ctx.module, ctx.client = cell, m, c
	cell.getapi = getAPIAddr
	cell.head = headCtx
	cell.data = 0
	cell.wbase = uintptr(unsafe.Pointer(&ctx.scratch))
	cell.wend = cell.wbase + scratchSize
	cell.wpos = 0
	cell.id, cell.db, cell.resp3, cell.auto = 0, 0, 0, 0
	if c != nil {
		cell.wpos = cell.wbase
		cell.id = c.ID
		cell.db = int32(c.DB)
		if c.RESP == 3 {
			cell.resp3 = 1
		}
	}
	return ctx
}

func (ctx *Context) addr() uintptr { return uintptr(unsafe.Pointer(ctx.cell)) }

// flush hands the gathered reply bytes to the client.
func (ctx *Context) flush() {
	cell := ctx.cell
	if n := cell.wpos - cell.wbase; cell.wpos != 0 && (n != 0 || ctx.laters.n != 0) {
		from := ctx.flushLaters()
		ctx.client.WriteRaw(ctx.scratch[from:n])
		cell.wpos = cell.wbase
	}
}

// reply returns the client to reply to, with all earlier replies in place, or
// nil after reporting a reply where nobody waits for one.
func (ctx *Context) reply(f *frame) *server.Client {
	if ctx.client == nil {
		f.misuse("there is no client to reply to here")
		return nil
	}
	ctx.flush()
	return ctx.client
}

// setArgs makes the argument strings of a call.
func (ctx *Context) setArgs(argv [][]byte) {
	for _, a := range argv {
		p := newString(a, true).addr()
		ctx.cells = append(ctx.cells, p)
		ctx.argv = append(ctx.argv, p)
	}
}

// argAddr is what C gets as argv.
func (ctx *Context) argAddr() uint64 {
	if len(ctx.argv) == 0 {
		return 0
	}
	return uint64(uintptr(unsafe.Pointer(&ctx.argv[0])))
}

// endReplies ends what a context replies: all that it gathered goes out.
func (ctx *Context) endReplies() {
	ctx.flush()
	for range ctx.depth {
		ctx.client.SetArray(ctx.depth[len(ctx.depth)-1], 0)
		ctx.depth = ctx.depth[:len(ctx.depth)-1]
	}
	ctx.cell.wpos = 0
	ctx.client = nil
}

// release ends a context: replies go out, and all that it still owns is freed.
func (ctx *Context) release(locked bool) {
	ctx.endReplies()
	ctx.freeAuto(locked)
	for _, p := range ctx.cells {
		stringAt(p).release(locked)
	}
	if ctx.readyKey != 0 {
		stringAt(ctx.readyKey).release(locked)
		ctx.readyKey = 0
	}
	for _, p := range ctx.pool {
		freeC(p)
	}
	p := ctx.addr()
	ctx.cell.life++
	*objectSlot(p) = nil
	ctxCells.free(p, locked)
	ctx.cell, ctx.module, ctx.blocked = nil, nil, nil
	ctx.flags = 0
	ctx.yield = 0
	ctx.positions, ctx.channels = ctx.positions[:0], ctx.channels[:0]
	ctx.cells, ctx.argv, ctx.pool = ctx.cells[:0], ctx.argv[:0], ctx.pool[:0]
	putBack(ctx, locked)
}

// track has automatic memory free the object at p, if it is on.
func (ctx *Context) track(head uint64, p uintptr) {
	if ctx != nil && ctx.flags&ctxAutoMemory != 0 {
		ctx.auto = append(ctx.auto, autoItem{head, p})
	}
}

// tracksMore says whether trackNow may be called: there is room for one more, or no
// automatic memory.
func (ctx *Context) tracksMore() bool {
	return ctx == nil || ctx.flags&ctxAutoMemory == 0 || len(ctx.auto) < cap(ctx.auto)
}

// trackNow is track without an allocation.
func (ctx *Context) trackNow(head uint64, p uintptr) {
	if ctx != nil && ctx.flags&ctxAutoMemory != 0 {
		n := len(ctx.auto)
		ctx.auto = ctx.auto[:n+1]
		ctx.auto[n] = autoItem{head, p}
	}
}

// untrack forgets an object that the module freed itself, or keeps. It tells whether
// that was tracked.
func (ctx *Context) untrack(p uintptr) bool {
	if ctx == nil {
		return false
	}
	for i := len(ctx.auto) - 1; i >= 0; i-- {
		if ctx.auto[i].p == p {
			copy(ctx.auto[i:], ctx.auto[i+1:])
			ctx.auto = ctx.auto[:len(ctx.auto)-1]
			return true
		}
	}
	return false
}

// freeAuto frees what automatic memory tracks, newest first.
func (ctx *Context) freeAuto(locked bool) {
	for len(ctx.auto) != 0 {
		it := ctx.auto[len(ctx.auto)-1]
		ctx.auto = ctx.auto[:len(ctx.auto)-1]
		if headOf(it.p) != it.head {
			continue // freed in a way that did not pass its context
		}
		switch it.head {
		case headString:
			stringAt(it.p).release(locked)
		case headKey:
			(*key)(*objectSlot(it.p)).close()
		case headReply:
			replyAt(it.p).whole().free(locked)
		case headDict:
			freeDict(it.p, locked)
		case headServerInfo:
			freeHandle(it.p, locked)
		}
	}
}

// retain adds a reference to a string, or has automatic memory leave the module its own.
func (ctx *Context) retain(s *stringCell) {
	if !ctx.untrack(s.addr()) {
		s.refs++
	}
}

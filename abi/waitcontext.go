package abi

import (
	"slices"
	"sync/atomic"
	"unsafe"
)

// A thread that ends a client's wait makes a context for that client first and frees it
// in the end. Modules that do so once do so always: the loop makes the context when the
// wait begins, and takes it back when the thread is done with it, since a thread that
// does not enter Go can do neither.

// doneContexts is the cell of the context that a thread was done with last, 0 for none.
// Each leads to the one before by its first word.
var doneContexts atomic.Uintptr

// preparedWaits is for how many waits contexts are made of which no thread wants one.
const preparedWaits = 16

// context makes a thread-safe context that replies to the client of the wait.
func (bc *blockedClient) context(locked bool) *Context {
	ctx := threadContext(bc.m, locked)
	ctx.flags |= ctxOfWait
	c := bc.b.ReplyClient()
	ctx.client, ctx.blocked = c, bc
	ctx.cell.wpos = ctx.cell.wbase
	ctx.cell.db = int32(bc.b.DB())
	if c.RESP == 3 {
		ctx.cell.resp3 = 1
	}
	ctx.cell.id = bc.id
	bc.mu.Lock()
	bc.contexts = append(bc.contexts, ctx)
	bc.mu.Unlock()
	return ctx
}

// prepare makes the context that the wait's thread is going to ask for. Host lock.
func (bc *blockedClient) prepare() {
	reapContexts()
	bc.cell().ready.Store(0)
	if bc.m.preparing.Load() > 0 {
		bc.cell().ready.Store(bc.context(true).addr())
	}
}

// unprepare frees the context that nobody has asked for. Host lock.
func (bc *blockedClient) unprepare() {
	if p := bc.cell().ready.Swap(0); p != 0 {
		bc.m.preparing.Add(-1)
		(*Context)(*objectSlot(p)).leaveWait().release(true)
	}
}

// leaveWait takes a context from the list of its wait.
func (ctx *Context) leaveWait() *Context {
	if bc := ctx.blocked; bc != nil {
		bc.mu.Lock()
		bc.contexts = slices.DeleteFunc(bc.contexts, func(c *Context) bool { return c == ctx })
		bc.mu.Unlock()
	}
	return ctx
}

// done ends the life of a context of a wait, for the thread whose it is. The loop does
// the rest. It reports false if it did nothing, since there is more to free.
func (ctx *Context) done() bool {
	if ctx.flags&ctxOfWait == 0 || len(ctx.auto)+len(ctx.pool)+len(ctx.depth) != 0 {
		return false
	}
	cell := ctx.cell
	if !atomic.CompareAndSwapUint64(&cell.head, headCtx, headFree) {
		return false
	}
	for {
		last := doneContexts.Load()
		cell.getapi = last
		if doneContexts.CompareAndSwap(last, uintptr(unsafe.Pointer(cell))) {
			return true
		}
	}
}

// reapContexts takes back what threads are done with, in that order: replies that they
// have gathered go out. Host lock.
func reapContexts() {
	if doneContexts.Load() == 0 {
		return
	}
	var first uintptr
	for p := doneContexts.Swap(0); p != 0; {
		cell := (*ctxCell)(at(p))
		p, cell.getapi, first = cell.getapi, first, p
	}
	for p := first; p != 0; {
		next := (*ctxCell)(at(p)).getapi
		(*Context)(*objectSlot(p)).leaveWait().release(true)
		p = next
	}
}

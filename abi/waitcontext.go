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
	c := bc.b.ReplyClient()
	ctx.client, ctx.blocked = c, bc
	ctx.cell.wpos = ctx.cell.wbase
	ctx.cell.db = int32(bc.b.DB())
	if c.RESP == 3 {
		ctx.cell.resp3 = 1
	}
	ctx.cell.id = bc.id
	bc.mu.Lock()
	for _, earlier := range bc.contexts {
		if earlier.cell.head == headFree { // its replies come first
			earlier.flush()
		}
	}
	bc.contexts = append(bc.contexts, ctx)
	bc.mu.Unlock()
	return ctx
}

// prepare makes the context that the wait's thread is going to ask for. Host lock.
func (bc *blockedClient) prepare() {
	reapContexts()
	bc.cell().ready.Store(0)
	if bc.m.preparing.Load() > 0 {
		ctx := bc.context(true)
		ctx.flags |= ctxOfWait
		ctx.ending = bc.b.Ending()
		bc.cell().ready.Store(ctx.addr())
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
// the rest: replies go out when the wait ends, since until then threads may write more.
// It reports false if it did nothing: replies have not ended, or there is something to
// be freed that might have to wait.
func (ctx *Context) done() bool {
	if ctx.flags&ctxOfWait == 0 || len(ctx.depth)+ctx.laters.n != 0 {
		return false
	}
	cell, soon := ctx.cell, len(ctx.auto)+len(ctx.pool) != 0
	if soon && !ctx.ending.Ended() {
		return false
	}
	if !atomic.CompareAndSwapUint64(&cell.head, headCtx, headFree) {
		return false
	}
	for {
		last := doneContexts.Load()
		cell.getapi = last
		if doneContexts.CompareAndSwap(last, uintptr(unsafe.Pointer(cell))) {
			if soon {
				host.srv.Loop.Ring()
			}
			return true
		}
	}
}

// reapContexts takes back what threads are done with, but for contexts of waits that are
// not over. Host lock.
func reapContexts() {
	if doneContexts.Load() == 0 {
		return
	}
	for p := doneContexts.Swap(0); p != 0; {
		cell := (*ctxCell)(at(p))
		p = cell.getapi
		ctx := (*Context)(at(cell.object))
		if ctx.blocked != nil {
			ctx.flags |= ctxReaped
			continue
		}
		ctx.release(true)
	}
}

// orphanContexts takes all contexts off the wait, which is over. Replies go out in the
// order in which they were made. Host lock.
func (bc *blockedClient) orphanContexts() {
	reapContexts()
	bc.unprepare()
	bc.mu.Lock()
	defer bc.mu.Unlock()
	for _, ctx := range bc.contexts {
		ctx.orphan()
		if ctx.flags&ctxReaped != 0 {
			ctx.release(true)
		}
	}
	clear(bc.contexts)
	bc.contexts = bc.contexts[:0]
}

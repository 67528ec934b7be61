package abi

import "unsafe"

// The kinds of cells that have no C layout of their own: opaque handles whose
// meaning is the Go object behind them.
const (
	headBlocked = headObject | iota
	headDict
	headDictIter
	headCommand
	headFilter
	headFilterCall
	headInfo
	headServerInfo
	headScan
)

// headNames say what a pointer should have been, for log lines.
var headNames = map[uint64]string{
	headString: "string", headCtx: "context", headKey: "key", headReply: "call reply",
	headBlocked: "blocked client", headDict: "dictionary", headDictIter: "dictionary iterator",
	headCommand: "command", headFilter: "command filter", headFilterCall: "filter context",
	headInfo: "info context", headServerInfo: "server info", headScan: "scan cursor",
}

// newHandle makes a cell of the given kind for the Go object at obj, which it
// keeps alive until freeHandle.
func newHandle[T any](head uint64, obj *T, locked bool) uintptr {
	p := objectCells.alloc(locked)
	(*cellHead)(at(p)).head = head
	*objectSlot(p) = unsafe.Pointer(obj)
	return p
}

// freeHandle ends the life of a handle.
func freeHandle(p uintptr, locked bool) {
	*objectSlot(p) = nil
	objectCells.free(p, locked)
}

// object returns the Go object behind argument i, which must be a live handle
// of kind head. If it is not, the misuse is reported, the frame gets the
// function's failure result, and object returns nil.
func object[T any](f *frame, i int, head uint64) *T {
	p := f.uptr(i)
	if headOf(p) == head {
		return (*T)(*objectSlot(p))
	}
	f.misusePointer(p, head)
	return nil
}

// string returns argument i, a live string, or nil after reporting misuse.
func (f *frame) string(i int) *stringCell {
	p := f.uptr(i)
	if headOf(p) == headString {
		return stringAt(p)
	}
	f.misusePointer(p, headString)
	return nil
}

// ctx returns argument i, a live context, or nil after reporting misuse.
func (f *frame) ctx(i int) *Context {
	return object[Context](f, i, headCtx)
}

// optCtx is ctx where the interface allows NULL: ok says whether to go on.
func (f *frame) optCtx(i int) (c *Context, ok bool) {
	if f.int(i) == 0 {
		return nil, true
	}
	c = f.ctx(i)
	return c, c != nil
}

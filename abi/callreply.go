package abi

import (
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kinds of call replies, by the interface's numbers.
const (
	replyUnknown   = -1
	replyString    = 0
	replyError     = 1
	replyInteger   = 2
	replyArray     = 3
	replyNull      = 4
	replyMap       = 5
	replySet       = 6
	replyBool      = 7
	replyDouble    = 8
	replyBigNumber = 9
	replyVerbatim  = 10
	replyAttribute = 11
	replyPromise   = 12
)

// replyCell is RedisModuleCallReply: one node of the tree that a captured reply is.
// Nodes point into the captured bytes, which nobody changes, and have no Go object; so
// quick functions can make them. The elements of a collection are cells in a row, made
// when the module asks for one of them: a module that passes a reply on, or only
// counts what is in it, needs none.
type replyCell struct {
	root uintptr // the node that the whole tree is freed with; in that node itself
	head uint64
	// n is an integer or a truth value. In a collection it is the address of the
	// elements, 0 as long as there are none, in a verbatim string its format and a NUL.
	n     int64
	str   uintptr // the text of a string, an error, a big number
	len   uint64  // what CallReplyLength answers
	kind  int32
	quick int16   // in a root, 1: freeing the reply has no consequences
	plain int16   // in a root, 1: nothing in it is for RESP3 only, nor an error to be counted
	proto uintptr // this node on the wire, its attributes excluded
	size  uint64
}

var _ [cellSize - unsafe.Sizeof(replyCell{})]struct{}

// callReply is what the root of a tree has besides. It stays behind its cell when it
// is freed, with its buffer, for the next reply.
type callReply struct {
	cell   *replyCell
	ctx    ctxRef   // of the Call
	buf    []byte   // what was captured
	errors []string // to be counted when the module replies them
	resp3  bool     // something in it exists only in RESP3
	// attrs are the attributes of nodes, by address.
	attrs map[uintptr]uintptr
	// promise is set in a reply that is yet to come.
	promise *promise
}

// keptReply is the size up to which a reply's buffer is kept, in bytes.
const keptReply = 16 << 10

func replyAt(p uintptr) *replyCell { return (*replyCell)(at(p)) }

// newReply makes the root of a reply that a module will have, made for a context
// or for none. The host lock must be held.
func newReply(ctx *Context) *callReply {
	p := replyCells.alloc(true)
	slot := objectSlot(p)
	r := (*callReply)(*slot)
	if r == nil {
		r = new(callReply)
		*slot = unsafe.Pointer(r)
	}
	// A composite value would be made on the stack and copied from there in other
	// portions than it was written, for which the processor has to wait.
	r.cell, r.ctx, r.buf, r.errors = replyAt(p), ctx.ref(), r.buf[:0], nil
	r.resp3, r.attrs, r.promise = false, nil, nil
	*r.cell = replyCell{root: p, head: headReply, kind: replyUnknown}
	return r
}

func (c *replyCell) addr() uintptr { return uintptr(unsafe.Pointer(c)) }

// whole is the tree that the node is part of.
func (c *replyCell) whole() *callReply { return (*callReply)(*objectSlot(c.root)) }

// wire is the node as it was captured.
func (c *replyCell) wire() []byte { return unsafe.Slice((*byte)(at(c.proto)), int(c.size)) }

// text are the bytes of a string, an error, a verbatim string or a big number.
func (c *replyCell) text() []byte { return unsafe.Slice((*byte)(at(c.str)), int(c.len)) }

// count is how many elements the node has. Keys and values alternate.
func (c *replyCell) count() int {
	switch c.kind {
	case replyArray, replySet:
		return int(c.len)
	case replyMap, replyAttribute:
		return 2 * int(c.len)
	}
	return 0
}

// Elements in a row are 1<<order cells: at most as many as the arena has.
const runOrders = 28

// keptRun is the size up to which the memory of elements is kept, in bytes.
const keptRun = 256 << 10

// runCells are the rows of elements, by order.
var runCells [runOrders]cellClass

func init() {
	for order := range runCells {
		runCells[order].size = cellSize << order
	}
}

// runClass is where n elements come from, nil if they are more than there can be.
func runClass(n int) *cellClass {
	if order := bits.Len(uint(n - 1)); order < runOrders {
		return &runCells[order]
	}
	return nil
}

// elements are the addresses of the first element, made at its first use: 0 if there
// is none, or no address space is left for so many.
func (c *replyCell) elements(locked bool) uintptr {
	count := c.count()
	if count == 0 {
		return 0
	}
	if c.n != 0 {
		return uintptr(c.n)
	}
	class := runClass(count)
	if class == nil {
		return 0
	}
	base := class.tryAlloc(locked)
	if base == 0 {
		return 0
	}
	b := belowReply(c.wire())
	for i := 0; ; {
		if i, b = c.fillBelow(base, i, b); i == count {
			break
		}
		b = c.whole().attach(base+uintptr(i)*cellSize, b, locked)
	}
	c.setElements(base)
	return base
}

func (c *replyCell) setElements(base uintptr) {
	c.n = int64(base)
	replyAt(c.root).quick = 0
}

// fillBelow makes elements from number i on, for which b is what was captured, up to
// one that has attributes. It returns the number of that, or of elements.
func (c *replyCell) fillBelow(base uintptr, i int, b []byte) (int, []byte) {
	count := c.count()
	for ; i < count && b[0] != '|'; i++ {
		b = replyAt(base+uintptr(i)*cellSize).fill(c.root, b)
	}
	return i, b
}

// attach makes the attributes at the beginning of b those of a node, and returns
// what follows.
func (r *callReply) attach(node uintptr, b []byte, locked bool) []byte {
	a := replyAt(runCells[0].alloc(locked))
	b = a.fill(r.cell.addr(), b)
	if r.attrs == nil {
		r.attrs = make(map[uintptr]uintptr)
	}
	r.attrs[node] = a.addr()
	return b
}

// free ends a root's life and that of all below it.
func (r *callReply) free(locked bool) {
	p := r.cell.addr()
	r.cell.freeBelow(locked)
	for _, a := range r.attrs {
		replyAt(a).freeBelow(locked)
		runCells[0].free(a, locked)
	}
	buf := r.buf
	if cap(buf) > keptReply {
		buf = nil
	}
	*r = callReply{cell: r.cell, buf: buf}
	replyCells.free(p, locked)
}

// freeBelow ends the life of the elements.
func (c *replyCell) freeBelow(locked bool) {
	count := c.count()
	if count == 0 || c.n == 0 {
		return
	}
	base := uintptr(c.n)
	for i := range uintptr(count) {
		e := replyAt(base + i*cellSize)
		e.freeBelow(locked)
		e.head = headFree
	}
	if size := count * cellSize; size > keptRun {
		// What is not given back now stays, since rows of this length are rare.
		_ = unix.Madvise(unsafe.Slice((*byte)(at(base)), size), unix.MADV_DONTNEED)
	}
	runClass(count).free(base, locked)
}

// context is that of the Call, nil once it is over and for a reply that came later.
func (r *callReply) context() *Context { return r.ctx.get() }

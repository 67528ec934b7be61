package abi

import (
	"bytes"
	"strconv"
	"unsafe"

	"berth/internal/ds"
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
)

// replyCell is the part of RedisModuleCallReply that leaf functions read.
type replyCell struct {
	word0 uintptr
	head  uint64
	n     int64
	str   uintptr
	len   uint64 // what CallReplyLength answers
	kind  int32
	quick int32 // 1: freeing the reply has no consequences
	_     [cellSize - 48]byte
}

// callReply is RedisModuleCallReply: one node of the tree that a captured
// reply is. Nodes share the captured bytes, which nobody changes.
//
// A root stays behind its cell when it is freed, with its buffer, for the next
// reply. The other nodes get a cell when the module asks for them.
type callReply struct {
	kind   int
	proto  []byte // this node on the wire, its attributes excluded
	str    []byte
	format [4]byte // of a verbatim string, NUL included
	n      int64
	f      float64
	elems  []*callReply // keys and values alternate in maps and attributes; see below
	count  int          // of elems, made or not
	closed bool         // elems are to be made of proto when somebody looks at them
	attr   *callReply
	resp3  bool // something in it exists only in RESP3
	p      uintptr
	root   *callReply // nil in the root itself
	// The rest is the root's alone.
	ctx    *Context
	life   uint64   // of ctx
	buf    []byte   // what was captured
	errors []string // to be counted when the module replies them
	// promise is set in a reply that is yet to come.
	promise *promise
}

// keptReply is the size up to which a reply's buffer is kept, in bytes.
const keptReply = 16 << 10

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
	*r = callReply{p: p, ctx: ctx, buf: r.buf[:0]}
	if ctx != nil {
		r.life = ctx.life
	}
	return r
}

func (r *callReply) cell() *replyCell { return (*replyCell)(at(r.p)) }

// parse reads what is in the root's buffer: one reply. The bytes are our own
// server's, so damage would be a bug of ours; it yields a reply of unknown kind
// nevertheless.
func (r *callReply) parse() {
	if !r.parseScalar() && !r.parseClosed() {
		r.parseTree()
	}
	r.show()
}

// parseScalar reads the commonest replies without making nodes.
func (r *callReply) parseScalar() bool {
	b := r.buf
	if len(b) < 4 || b[len(b)-2] != '\r' {
		return false
	}
	switch b[0] {
	case ':':
		n, ok := ds.ParseInt(b[1 : len(b)-2])
		if !ok {
			return false
		}
		r.kind, r.n, r.str = replyInteger, n, b[1:len(b)-2]
	case '+':
		r.kind, r.str = replyString, b[1:len(b)-2]
	case '$':
		i, n := 1, 0
		for ; b[i] >= '0' && b[i] <= '9'; i++ {
			n = n*10 + int(b[i]-'0')
		}
		if i == 1 || i+2+n+2 != len(b) {
			return false
		}
		r.kind, r.str = replyString, b[i+2:i+2+n]
	default:
		return false
	}
	r.proto = b
	return true
}

// parseClosed reads an array, a map or a set without making nodes of what is in
// it: a module that passes it on, or only counts it, needs none.
func (r *callReply) parseClosed() bool {
	each := 1
	switch b := r.buf; {
	case len(b) == 0:
		return false
	case b[0] == '*':
		r.kind = replyArray
	case b[0] == '%':
		r.kind, each = replyMap, 2
	case b[0] == '~':
		r.kind = replySet
	default:
		return false
	}
	n, _, ok := replyNumber(r.buf)
	if !ok {
		return false // a null, perhaps
	}
	rest, resp3, ok := skipReply(r.buf)
	if !ok {
		return false
	}
	r.proto, r.resp3 = r.buf[:len(r.buf)-len(rest)], resp3
	r.count, r.closed = n*each, true
	return true
}

// replyNumber is the number in a line like $5, which is no longer than digits
// need, and what follows the line.
func replyNumber(b []byte) (n int, rest []byte, ok bool) {
	i := 1
	for ; i < len(b) && i < 12 && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	if i == 1 || i+1 >= len(b) || b[i] != '\r' || b[i+1] != '\n' {
		return 0, nil, false
	}
	return n, b[i+2:], true
}

// skipReply finds the end of a reply, and whether something in it exists only in
// RESP3. ok is false for what it leaves to parseNode: attributes, and damage.
func skipReply(b []byte) (rest []byte, resp3, ok bool) {
	for left := 1; left > 0; left-- {
		if len(b) < 3 {
			return nil, false, false
		}
		kind := b[0]
		n, after, isNumber := replyNumber(b)
		switch {
		case isNumber && kind == '$', isNumber && kind == '=':
			if len(after) < n+2 {
				return nil, false, false
			}
			after = after[n+2:]
			resp3 = resp3 || kind == '='
		case isNumber && kind == '*':
			left += n
		case isNumber && kind == '~':
			left, resp3 = left+n, true
		case isNumber && kind == '%':
			left, resp3 = left+2*n, true
		case isNumber && kind == ':':
		case kind == '|', kind == '>':
			return nil, false, false
		default: // a line, or a null
			i := bytes.Index(b, []byte("\r\n"))
			if i < 0 {
				return nil, false, false
			}
			after = b[i+2:]
			resp3 = resp3 || kind == '_' || kind == '#' || kind == ',' || kind == '('
		}
		b = after
	}
	return b, resp3, true
}

// below are the elements of a node.
func (r *callReply) below() []*callReply {
	if r.closed {
		r.closed = false
		node, _ := parseNode(r.proto, nil)
		if node == nil {
			panic("BUG: a reply that can be skipped cannot be read")
		}
		r.elems = node.elems
		r.setRootBelow(r)
		r.cell().quick = 0
	}
	return r.elems
}

// parseTree reads any reply.
func (r *callReply) parseTree() {
	node, _ := parseNode(r.buf, nil)
	if node == nil {
		r.kind, r.proto = replyUnknown, r.buf
		return
	}
	node.p, node.ctx, node.life, node.buf, node.errors = r.p, r.ctx, r.life, r.buf, r.errors
	*r = *node
	r.setRootBelow(r)
}

// parseNode reads one node and returns what follows it, or nil.
func parseNode(b []byte, root *callReply) (*callReply, []byte) {
	line, rest, ok := bytes.Cut(b, []byte("\r\n"))
	if !ok || len(line) == 0 {
		return nil, nil
	}
	r := &callReply{root: root, kind: replyUnknown}
	if root == nil {
		root = r
	}
	n, _ := strconv.ParseInt(string(line[1:]), 10, 64)
	r.str = line[1:]
	each := 1
	switch line[0] {
	case '+':
		r.kind = replyString
	case '-':
		r.kind = replyError
	case ':':
		r.kind, r.n = replyInteger, n
	case '$', '=':
		if n < 0 {
			r.kind = replyNull
			break
		}
		if len(rest) < int(n)+2 {
			return nil, nil
		}
		r.kind, r.str, rest = replyString, rest[:n], rest[n+2:]
		if line[0] == '=' && n >= 4 {
			r.kind = replyVerbatim
			copy(r.format[:3], r.str)
			r.str = r.str[4:]
			root.resp3 = true
		}
	case '_':
		r.kind, root.resp3 = replyNull, true
	case '#':
		r.kind, root.resp3 = replyBool, true
		if len(r.str) == 1 && r.str[0] == 't' {
			r.n = 1
		}
	case ',':
		r.kind, root.resp3 = replyDouble, true
		r.f, _ = strconv.ParseFloat(string(r.str), 64)
	case '(':
		r.kind, root.resp3 = replyBigNumber, true
	case '*':
		r.kind = replyArray
		if n < 0 {
			r.kind, n = replyNull, 0
		}
	case '%', '|':
		r.kind, each, root.resp3 = replyMap, 2, true
		if line[0] == '|' {
			r.kind = replyAttribute
		}
	case '~', '>':
		r.kind, root.resp3 = replySet, true
	default:
		return nil, nil
	}
	if r.kind == replyArray || r.kind == replyMap || r.kind == replySet || r.kind == replyAttribute {
		r.elems = make([]*callReply, 0, min(int(n)*each, len(rest)))
		for range int(n) * each {
			var e *callReply
			if e, rest = parseNode(rest, root); e == nil {
				return nil, nil
			}
			r.elems = append(r.elems, e)
		}
		r.count = len(r.elems)
	}
	r.proto = b[:len(b)-len(rest)]
	if r.kind == replyAttribute {
		// An attribute precedes what it belongs to.
		inner, after := parseNode(rest, root)
		if inner == nil {
			return nil, nil
		}
		if root == r {
			r.root, inner.root, inner.resp3 = inner, nil, true
			for _, e := range r.elems {
				e.setRoot(inner)
			}
			inner.setRootBelow(inner)
		}
		inner.attr = r
		return inner, after
	}
	return r, rest
}

func (r *callReply) setRoot(root *callReply) {
	r.root = root
	r.setRootBelow(root)
}

func (r *callReply) setRootBelow(root *callReply) {
	for _, e := range r.elems {
		e.setRoot(root)
	}
	if r.attr != nil {
		r.attr.setRoot(root)
	}
}

// show fills the node's cell.
func (r *callReply) show() {
	c := r.cell()
	c.head, c.n, c.kind, c.quick = headReply, r.n, int32(r.kind), 0
	c.len = uint64(r.length())
	c.str = 0
	if cap(r.str) > 0 {
		c.str = addrOf(&r.str[:1][0])
	}
}

// handle returns the handle of a node, made at its first use.
func (r *callReply) handle(locked bool) uintptr {
	if r.p == 0 {
		r.p = newHandle(headReply, r, locked)
		r.show()
	}
	return r.p
}

// freeBelow ends the handles of the nodes below one.
func (r *callReply) freeBelow(locked bool) {
	for _, e := range r.elems {
		e.freeHandle(locked)
	}
	if r.attr != nil {
		r.attr.freeHandle(locked)
	}
}

func (r *callReply) freeHandle(locked bool) {
	r.freeBelow(locked)
	if r.p != 0 {
		freeHandle(r.p, locked)
		r.p = 0
	}
}

// free ends a root's life and that of all below it.
func (r *callReply) free(locked bool) {
	r.freeBelow(locked)
	buf := r.buf
	if cap(buf) > keptReply {
		buf = nil
	}
	p := r.p
	*r = callReply{buf: buf}
	replyCells.free(p, locked)
}

// context is that of the Call, nil once it is over and for a reply that came later.
func (r *callReply) context() *Context {
	root := r.rootOf()
	if root.ctx == nil || root.ctx.life != root.life {
		return nil
	}
	return root.ctx
}

// length is what CallReplyLength answers.
func (r *callReply) length() int {
	switch r.kind {
	case replyString, replyError, replyVerbatim, replyBigNumber:
		return len(r.str)
	case replyArray, replySet:
		return r.count
	case replyMap, replyAttribute:
		return r.count / 2
	}
	return 0
}

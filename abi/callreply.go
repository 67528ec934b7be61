package abi

import (
	"bytes"
	"strconv"
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
	kind  int32
	_     [cellSize - 28]byte
}

// callReply is RedisModuleCallReply: one node of the tree that a captured
// reply is. Nodes share the captured bytes, which nobody changes.
type callReply struct {
	kind   int
	proto  []byte // this node on the wire, its attributes excluded
	str    []byte
	format [4]byte // of a verbatim string, NUL included
	n      int64
	f      float64
	elems  []*callReply // keys and values alternate in maps and attributes
	attr   *callReply
	resp3  bool // something in it exists only in RESP3
	p      uintptr
	root   *callReply // nil in the root itself
	ctx    *Context   // of the root
}

// parseReply reads one reply. The bytes are our own server's, so damage would
// be a bug of ours; it yields a node of unknown kind nevertheless.
func parseReply(b []byte) *callReply {
	r, _ := parseNode(b, nil)
	if r == nil {
		r = &callReply{kind: replyUnknown, proto: b}
	}
	return r
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

// handle returns the handle of a node, made at its first use.
func (r *callReply) handle(locked bool) uintptr {
	if r.p == 0 {
		r.p = newHandle(headReply, r, locked)
		c := (*replyCell)(at(r.p))
		c.kind = int32(r.kind)
		c.n = r.n
	}
	return r.p
}

// freeHandles ends the handles of a tree.
func (r *callReply) freeHandles(locked bool) {
	for _, e := range r.elems {
		e.freeHandles(locked)
	}
	if r.attr != nil {
		r.attr.freeHandles(locked)
	}
	if r.p != 0 {
		freeHandle(r.p, locked)
		r.p = 0
	}
}

// freeReply frees the whole tree whose root's handle is p.
func freeReply(p uintptr) { (*callReply)(*objectSlot(p)).freeHandles(true) }

// length is what CallReplyLength answers.
func (r *callReply) length() int {
	switch r.kind {
	case replyString, replyError, replyVerbatim, replyBigNumber:
		return len(r.str)
	case replyArray, replySet:
		return len(r.elems)
	case replyMap, replyAttribute:
		return len(r.elems) / 2
	}
	return 0
}

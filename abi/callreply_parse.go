package abi

import (
	"unsafe"

	"berth/internal/ds"
)

// parse reads what is in the root's buffer: one reply. The bytes are our own
// server's, so damage would be a bug of ours; it yields a reply of unknown kind
// nevertheless.
func (r *callReply) parse() {
	c := r.cell
	if !c.fillString(r.buf) {
		_, resp3, ok := skipReplies(r.buf, 1)
		if !ok {
			c.proto, c.size = addrOf(unsafe.SliceData(r.buf)), uint64(len(r.buf))
			return
		}
		r.resp3 = resp3
		b := r.buf
		for b[0] == '|' {
			b = r.attach(c.addr(), b, true)
		}
		c.fill(c.addr(), b)
	}
	if !r.resp3 && len(r.errors) == 0 {
		c.plain = 1
	}
}

// fillString is parse for the commonest reply.
func (c *replyCell) fillString(b []byte) bool {
	if len(b) == 0 || b[0] != '$' {
		return false
	}
	n, rest, ok := replyNumber(b)
	if !ok || len(rest) != n+2 {
		return false
	}
	c.kind, c.str, c.len = replyString, addrOf(&rest[0]), uint64(n)
	c.proto, c.size = addrOf(&b[0]), uint64(len(b))
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

// replyLine is the text of a line behind its first byte, and what follows it.
func replyLine(b []byte) (text, rest []byte, ok bool) {
	for i := 1; i+1 < len(b); i++ {
		if b[i] == '\r' && b[i+1] == '\n' {
			return b[1:i], b[i+2:], true
		}
	}
	return nil, nil, false
}

// skipReplies finds the end of so many replies, and whether something in them exists
// only in RESP3. ok is false for damage.
func skipReplies(b []byte, left int) (rest []byte, resp3, ok bool) {
	for ; left > 0; left-- {
		if len(b) < 3 {
			return nil, false, false
		}
		kind := b[0]
		n, after, isNumber := replyNumber(b)
		switch {
		case isNumber && (kind == '$' || kind == '='):
			if len(after) < n+2 {
				return nil, false, false
			}
			after = after[n+2:]
			resp3 = resp3 || kind == '='
		case isNumber && kind == '*':
			left += n
		case isNumber && (kind == '~' || kind == '>'):
			left, resp3 = left+n, true
		case isNumber && kind == '%':
			left, resp3 = left+2*n, true
		case isNumber && kind == '|': // and what it belongs to
			left, resp3 = left+2*n+1, true
		case isNumber && kind == ':':
		case kind == '+', kind == '-', kind == ':', kind == '$', kind == '*', kind == '_', kind == '#', kind == ',', kind == '(':
			if _, after, ok = replyLine(b); !ok {
				return nil, false, false
			}
			resp3 = resp3 || kind == '_' || kind == '#' || kind == ',' || kind == '('
		default:
			return nil, false, false
		}
		b = after
	}
	return b, resp3, true
}

// belowReply is what follows a collection's first line.
func belowReply(b []byte) []byte {
	_, rest, _ := replyNumber(b)
	return rest
}

// fill makes a node of the reply at the beginning of b, which skipReplies has found
// sound, and returns what follows it. Attributes are a node of their own.
func (c *replyCell) fill(root uintptr, b []byte) (rest []byte) {
	*c = replyCell{root: root, head: headReply, kind: replyUnknown, proto: addrOf(&b[0])}
	n, rest, isNumber := replyNumber(b)
	each := 0 // of what is below
	switch kind := b[0]; {
	case isNumber && (kind == '$' || kind == '='):
		c.kind, c.str, c.len = replyString, addrOf(&rest[0]), uint64(n)
		if kind == '=' && n >= 4 {
			c.kind = replyVerbatim
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&c.n)), 3), rest)
			c.str, c.len = c.str+4, c.len-4
		}
		rest = rest[n+2:]
	case isNumber && kind == '*':
		c.kind, c.len, each = replyArray, uint64(n), 1
	case isNumber && (kind == '~' || kind == '>'):
		c.kind, c.len, each = replySet, uint64(n), 1
	case isNumber && kind == '%':
		c.kind, c.len, each = replyMap, uint64(n), 2
	case isNumber && kind == '|':
		c.kind, c.len, each = replyAttribute, uint64(n), 2
	default:
		var text []byte
		text, rest, _ = replyLine(b)
		c.fillLine(kind, text)
	}
	if each != 0 {
		rest, _, _ = skipReplies(rest, n*each)
	}
	c.size = uint64(len(b) - len(rest))
	return rest
}

// fillLine makes a node of a line.
func (c *replyCell) fillLine(kind byte, text []byte) {
	switch kind {
	case '+', '-', '(':
		c.kind, c.str, c.len = replyString, addrOf(unsafe.SliceData(text)), uint64(len(text))
		if kind == '-' {
			c.kind = replyError
		} else if kind == '(' {
			c.kind = replyBigNumber
		}
	case ':':
		c.kind = replyInteger
		c.n, _ = ds.ParseInt(text)
	case '_', '$', '*': // the latter of a negative length
		c.kind = replyNull
	case '#':
		c.kind = replyBool
		if len(text) == 1 && text[0] == 't' {
			c.n = 1
		}
	case ',':
		c.kind = replyDouble
	}
}

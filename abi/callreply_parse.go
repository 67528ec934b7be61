package abi

import (
	"unsafe"

	"berth/internal/ds"
)

// parse reads what is in the root's buffer: one reply. The bytes are our own
// server's, so damage would be a bug of ours, or a module's command that replied too
// little; it yields a reply of unknown kind nevertheless. A reply that is known to be
// sound, see server.Client.RepliedOnce, is not gone through.
func (r *callReply) parse(sound bool) {
	c, b := r.cell, r.buf
	rest := b[len(b):]
	if !sound {
		var ok bool
		if rest, r.resp3, ok = skipReplies(b, 1); !ok {
			c.proto, c.size = addrOf(unsafe.SliceData(b)), uint64(len(b))
			return
		}
		for b[0] == '|' {
			b = r.attach(c.addr(), b, true)
		}
	}
	c.fillHead(c.addr(), b)
	c.size = uint64(len(b) - len(rest))
	if !r.resp3 && len(r.errors) == 0 {
		c.plain = 1
	}
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
	rest, below := c.fillHead(root, b)
	if below != 0 {
		rest, _, _ = skipReplies(rest, below)
	}
	c.size = uint64(len(b) - len(rest))
	return rest
}

// fillHead is fill but for the size. Of a collection it returns what follows its first
// line, and how many replies of that are below.
func (c *replyCell) fillHead(root uintptr, b []byte) (rest []byte, below int) {
	*c = replyCell{root: root, head: headReply, kind: replyUnknown, proto: addrOf(&b[0])}
	n, rest, isNumber := replyNumber(b)
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
		c.kind, c.len, below = replyArray, uint64(n), n
	case isNumber && (kind == '~' || kind == '>'):
		c.kind, c.len, below = replySet, uint64(n), n
	case isNumber && kind == '%':
		c.kind, c.len, below = replyMap, uint64(n), 2*n
	case isNumber && kind == '|':
		c.kind, c.len, below = replyAttribute, uint64(n), 2*n
	default:
		var text []byte
		text, rest, _ = replyLine(b)
		c.fillLine(kind, text)
	}
	return rest, below
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

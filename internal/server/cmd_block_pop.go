package server

import "berth/internal/store"

// mpop is what LMPOP, ZMPOP and their blocking forms are asked for.
type mpop struct {
	// first and side are the arguments with the first key and, behind the last
	// one, with the side to pop from.
	first, side int
	count       int64
	blocking    bool
	limit       int64
}

// parseMpop finds the keys, replying the error itself.
func (c *Client) parseMpop(argv [][]byte) (m mpop, ok bool) {
	at := 1
	if c.cmd.Flags&Blocking != 0 {
		m.blocking, at = true, 2
	}
	n, ok := ParseInt(argv[at])
	if !ok || n <= 0 {
		c.WriteError("ERR numkeys should be greater than 0")
		return m, false
	}
	if n > int64(len(argv)-at-2) {
		c.WriteError(ErrTextSyntax)
		return m, false
	}
	m.first = at + 1
	m.side = m.first + int(n)
	return m, true
}

// options reads what follows the side, and the timeout.
func (m *mpop) options(c *Client, argv [][]byte) (ok bool) {
	for rest := argv[m.side+1:]; len(rest) > 0; rest = rest[2:] {
		if m.count != 0 || len(rest) < 2 || !equalFold(rest[0], "count") {
			c.WriteError(ErrTextSyntax)
			return false
		}
		if m.count, ok = ParseInt(rest[1]); !ok || m.count <= 0 {
			c.WriteError("ERR count should be greater than 0")
			return false
		}
	}
	m.count = max(m.count, 1)
	if m.blocking {
		m.limit, ok = c.waitSeconds(argv[1])
		return ok
	}
	return true
}

// nothing ends the command, or has it wait, when none of the keys is there.
func (m *mpop) nothing(c *Client, kind waitKind) {
	if m.blocking && c.mayWait() {
		c.wait(waiting{kind: kind, from: m.first, n: m.side - m.first, limit: m.limit})
		return
	}
	c.WriteNullArray()
}

// popWords are the commands that do the same without waiting.
var popWords = map[string]string{"blpop": "LPOP", "brpop": "RPOP", "bzpopmin": "ZPOPMIN", "bzpopmax": "ZPOPMAX"}

// cmdBpop is BLPOP, BRPOP, BZPOPMIN and BZPOPMAX key [key ...] timeout.
func cmdBpop(c *Client, argv [][]byte) {
	last := len(argv) - 1
	limit, ok := c.waitSeconds(argv[last])
	if !ok {
		return
	}
	name := c.cmd.Name
	kind, t := waitList, store.List
	if name[1] == 'z' {
		kind, t = waitZSet, store.ZSet
	}
	for _, key := range argv[1:last] {
		e, ok := c.writeTyped(key, t)
		if !ok {
			return
		}
		if e == nil {
			continue
		}
		if t == store.ZSet {
			c.WriteArray(3)
			c.WriteBulk(key)
			c.popScores(key, c.zsetOf(e), 1, name == "bzpopmax", false)
			c.insteadOf(2).Word(popWords[name]).Arg(key)
			return
		}
		l, left := c.listOf(e), name == "blpop"
		c.WriteArray(2)
		c.WriteBulk(key)
		c.pop(l, left, 1)
		c.popped(l, key, left, 1)
		c.insteadOf(2).Word(popWords[name]).Arg(key)
		return
	}
	if !c.mayWait() {
		c.WriteNullArray()
		return
	}
	c.wait(waiting{kind: kind, from: 1, n: last - 1, limit: limit})
}

package server

import (
	"berth/internal/ds"
	"berth/internal/store"
)

// cmdZpop is ZPOPMIN and ZPOPMAX key [count].
func cmdZpop(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError(ErrTextSyntax)
		return
	}
	count, counted := int64(1), len(argv) == 3
	if counted {
		n, ok := ParseInt(argv[2])
		if !ok || n < 0 {
			c.WriteError("ERR value is out of range, must be positive")
			return
		}
		count = n
	}
	e, ok := c.writeTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	if e == nil || count == 0 {
		c.WriteArray(0)
		return
	}
	z := c.zsetOf(e)
	n := int(min(count, int64(z.Len())))
	nested := c.RESP == 3 && counted
	if nested {
		c.WriteArray(n)
	} else {
		c.WriteArray(2 * n)
	}
	c.popScores(argv[1], z, n, c.cmd.Name == "zpopmax", nested)
}

// popScores replies the first or last n members and takes them out.
func (c *Client) popScores(key []byte, z store.ZSetValue, n int, last, nested bool) {
	rank := 0
	if last {
		rank = z.Len() - 1
	}
	it := z.Iter(rank, last)
	for range n {
		member, score, _ := it.Next()
		if nested {
			c.WriteArray(2)
		}
		c.writeElem(member)
		c.WriteDouble(score)
	}
	if last {
		rank -= n - 1
	}
	z.RemoveRange(rank, n)
	event := "zpopmin"
	if last {
		event = "zpopmax"
	}
	c.srv.changed(NotifyZSet, event, key, c.DB)
	c.dropEmptied(key)
	c.srv.Dirty += int64(n - 1)
}

// cmdZmpop is ZMPOP numkeys key [key ...] MIN|MAX [COUNT count], and BZMPOP
// timeout numkeys key [key ...] MIN|MAX [COUNT count].
func cmdZmpop(c *Client, argv [][]byte) {
	m, ok := c.parseMpop(argv)
	if !ok {
		return
	}
	last := equalFold(argv[m.side], "max")
	if !last && !equalFold(argv[m.side], "min") {
		c.WriteError(ErrTextSyntax)
		return
	}
	if !m.options(c, argv) {
		return
	}
	for _, key := range argv[m.first:m.side] {
		e, ok := c.writeTyped(key, store.ZSet)
		if !ok {
			return
		}
		if e == nil {
			continue
		}
		z := c.zsetOf(e)
		k := int(min(m.count, int64(z.Len())))
		c.WriteArray(2)
		c.WriteBulk(key)
		c.WriteArray(k)
		c.insteadPop(key, sideEvent(last, "ZPOPMAX", "ZPOPMIN"), k)
		c.popScores(key, z, k, last, true)
		return
	}
	m.nothing(c, waitZSet)
}

// cmdZrandmember is ZRANDMEMBER key [count [WITHSCORES]].
func cmdZrandmember(c *Client, argv [][]byte) {
	if len(argv) == 2 {
		e, ok := c.readTyped(argv[1], store.ZSet)
		switch {
		case !ok:
		case e == nil || c.zsetOf(e).Len() == 0:
			// A module can leave a sorted set that has no member.
			c.WriteNull()
		default:
			member, _ := c.zsetOf(e).Random()
			c.writeElem(member)
		}
		return
	}
	scores := len(argv) == 4
	n, distinct, ok := c.randomCount(argv[2:], "withscores")
	if !ok {
		return
	}
	e, ok := c.readTyped(argv[1], store.ZSet)
	switch {
	case !ok:
	case e == nil || n == 0 || c.zsetOf(e).Len() == 0:
		c.WriteArray(0)
	default:
		c.randomScores(c.zsetOf(e), n, distinct, scores)
	}
}

func (c *Client) randomScores(z store.ZSetValue, n int, distinct, scores bool) {
	size := z.Len()
	if distinct && n >= size {
		c.writeRange(z, 0, size, false, scores)
		return
	}
	if scores && c.RESP == 2 {
		c.WriteArray(2 * n)
	} else {
		c.WriteArray(n)
	}
	write := func(member ds.Elem, score float64) {
		if scores && c.RESP == 3 {
			c.WriteArray(2)
		}
		c.writeElem(member)
		if scores {
			c.WriteDouble(score)
		}
	}
	if distinct && n > 1 {
		z.Pick(n, write)
		return
	}
	for range n {
		if c.Flags&FlagCloseASAP != 0 {
			break // its output limit is reached: the rest would be for nobody
		}
		write(z.Random())
	}
}

package server

import (
	"math"

	"berth/internal/ds"
	"berth/internal/store"
)

// maxDraws is how many elements may be drawn with repetition. Redis has no such
// bound and works on until its memory is full.
const maxDraws = math.MaxInt32

// randomCount reads the count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER and the
// word that may follow it, replying the error itself. distinct is false for a
// count below zero, which asks for so many draws.
func (c *Client) randomCount(args [][]byte, word string) (n int, distinct, ok bool) {
	v, isInt := ParseInt(args[0])
	switch doubled := len(args) == 2; {
	case !isInt:
		c.WriteError(ErrTextNotInteger)
		return 0, false, false
	case v == math.MinInt64:
		c.WriteErrorf("ERR value is out of range, value must between %d and %d", -math.MaxInt64, math.MaxInt64)
		return 0, false, false
	case len(args) > 2 || doubled && !equalFold(args[1], word):
		c.WriteError(ErrTextSyntax)
		return 0, false, false
	case doubled && (v < -math.MaxInt64/2 || v > math.MaxInt64/2):
		c.WriteError("ERR value is out of range")
		return 0, false, false
	case v < -maxDraws:
		c.WriteError("ERR value is out of range")
		return 0, false, false
	case v < 0:
		return int(-v), false, true
	}
	return int(v), true, true
}

// cmdHrandfield is HRANDFIELD key [count [WITHVALUES]].
func cmdHrandfield(c *Client, argv [][]byte) {
	if len(argv) == 2 {
		e, ok := c.readTyped(argv[1], store.Hash)
		switch {
		case !ok:
		case e == nil:
			c.WriteNull()
		default:
			field, _ := c.hashOf(e).Random()
			c.writeElem(field)
		}
		return
	}
	vals := len(argv) == 4
	n, distinct, ok := c.randomCount(argv[2:], "withvalues")
	if !ok {
		return
	}
	e, ok := c.readTyped(argv[1], store.Hash)
	switch {
	case !ok:
	case e == nil || n == 0:
		c.WriteArray(0)
	default:
		c.randomFields(c.hashOf(e), n, distinct, vals)
	}
}

func (c *Client) randomFields(h store.HashValue, n int, distinct, vals bool) {
	size := h.Len()
	if distinct {
		n = min(n, size)
	}
	if vals && c.RESP == 2 {
		c.WriteArray(2 * n)
	} else {
		c.WriteArray(n)
	}
	write := func(field, val ds.Elem) bool {
		if vals && c.RESP == 3 {
			c.WriteArray(2)
		}
		c.writeElem(field)
		if vals {
			c.writeElem(val)
		}
		return true
	}
	switch {
	case !distinct || n == 1:
		for range n {
			if c.Flags&FlagCloseASAP != 0 {
				break // its output limit is reached: the rest would be for nobody
			}
			write(h.Random())
		}
	case n == size:
		h.Each(write)
	default:
		h.Pick(n, write)
	}
}

// cmdHscan is HSCAN key cursor [MATCH pattern] [COUNT count].
func cmdHscan(c *Client, argv [][]byte) {
	c.scanValue(argv, store.Hash, func(e *store.Entry, cursor uint64, add func(name, val ds.Elem)) uint64 {
		return c.hashOf(e).Scan(cursor, add)
	})
}

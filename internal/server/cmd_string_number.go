package server

import (
	"math"
	"math/big"

	"berth/internal/longdouble"
	"berth/internal/store"
)

// cmdIncr is INCR, DECR key, INCRBY and DECRBY key number.
func cmdIncr(c *Client, argv [][]byte) {
	by := int64(1)
	if len(argv) == 3 {
		n, ok := ParseInt(argv[2])
		if !ok {
			c.WriteError(ErrTextNotInteger)
			return
		}
		by = n
	}
	if c.cmd.Name[0] == 'd' {
		if by == math.MinInt64 {
			c.WriteError("ERR decrement would overflow")
			return
		}
		by = -by
	}
	e, ok := c.writeTyped(argv[1], store.String)
	if !ok {
		return
	}
	old := int64(0)
	if e != nil {
		var tmp [20]byte
		if old, ok = e.StringInt(); !ok {
			if old, ok = ParseInt(e.Bytes(tmp[:])); !ok {
				c.WriteError(ErrTextNotInteger)
				return
			}
		}
	}
	if by > 0 && old > math.MaxInt64-by || by < 0 && old < math.MinInt64-by {
		c.WriteError(ErrTextIncrOverrun)
		return
	}
	if e == nil {
		e = c.DBStore().PutInt(nil, argv[1], by, false)
		c.srv.placed(c.DB, e, argv[1], true)
	} else {
		c.DBStore().PutInt(e, argv[1], old+by, true)
	}
	c.srv.changed(NotifyString, "incrby", argv[1], c.DB)
	c.WriteInt(old + by)
}

// longDouble reads a string as a long double; none counts as zero.
func longDouble(e *store.Entry) (*big.Float, bool) {
	if e == nil {
		return longdouble.FromInt(0), true
	}
	if n, ok := e.StringInt(); ok {
		return longdouble.FromInt(n), true
	}
	return longdouble.Parse(e.Bytes(nil))
}

// cmdIncrbyfloat is INCRBYFLOAT key number.
func cmdIncrbyfloat(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.String)
	if !ok {
		return
	}
	old, ok1 := longDouble(e)
	by, ok2 := longdouble.Parse(argv[2])
	if !ok1 || !ok2 {
		c.WriteError(ErrTextNotFloat)
		return
	}
	sum, ok := longdouble.Add(old, by)
	if !ok {
		c.WriteError("ERR increment would produce NaN or Infinity")
		return
	}
	text := longdouble.Append(nil, sum)
	fresh := e == nil
	e = c.DBStore().PutPlain(e, argv[1], text, true)
	if fresh {
		c.srv.placed(c.DB, e, argv[1], true)
	}
	c.insteadOf(4).Word("SET").Arg(argv[1]).Arg(text).Word("KEEPTTL")
	c.srv.changed(NotifyString, "incrbyfloat", argv[1], c.DB)
	c.WriteBulk(text)
}

// indexOf reads an index or count argument, replying the error itself.
func (c *Client) indexOf(arg []byte) (int, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		c.WriteError(ErrTextNotInteger)
	}
	return int(n), ok
}

// smallInt reads an argument that must fit 32 bits, replying the error itself:
// text, or, if that is empty, Redis's usual one.
func (c *Client) smallInt(arg []byte, text string) (int, bool) {
	n, ok := ParseInt(arg)
	switch {
	case ok && n >= math.MinInt32 && n <= math.MaxInt32:
		return int(n), true
	case text != "":
		c.WriteError(text)
	case ok:
		c.WriteErrorf("ERR value is out of range, value must between %d and %d", math.MinInt32, math.MaxInt32)
	default:
		c.WriteError(ErrTextNotInteger)
	}
	return 0, false
}

package server

import (
	"math"

	"berth/internal/ds"
	"berth/internal/longdouble"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"hdel":         cmdHdel,
		"hexists":      cmdHexists,
		"hget":         cmdHget,
		"hgetall":      cmdHgetall,
		"hincrby":      cmdHincrby,
		"hincrbyfloat": cmdHincrbyfloat,
		"hkeys":        cmdHgetall,
		"hlen":         cmdHlen,
		"hmget":        cmdHmget,
		"hmset":        cmdHset,
		"hrandfield":   cmdHrandfield,
		"hscan":        cmdHscan,
		"hset":         cmdHset,
		"hsetnx":       cmdHsetnx,
		"hstrlen":      cmdHstrlen,
		"hvals":        cmdHgetall,
	})
}

// hashOf is the hash of an entry of the client's database.
func (c *Client) hashOf(e *store.Entry) store.HashValue { return c.DBStore().Hash(e) }

// AddHash adds an empty hash under a key that is not there.
func (s *Server) AddHash(db int, key []byte) *store.Entry {
	e := s.DBAt(db).AddHash(key)
	s.placed(db, e, key, true)
	return e
}

// hashToWrite finds a hash, or makes one. ok is false when an error was replied.
func (c *Client) hashToWrite(key []byte) (h store.HashValue, ok bool) {
	e, ok := c.writeTyped(key, store.Hash)
	if !ok {
		return h, false
	}
	if e == nil {
		e = c.srv.AddHash(c.DB, key)
	}
	return c.hashOf(e), true
}

// cmdHset is HSET and HMSET key field value [field value ...].
func cmdHset(c *Client, argv [][]byte) {
	if len(argv)%2 != 0 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	h, ok := c.hashToWrite(argv[1])
	if !ok {
		return
	}
	h.Reserve(argv[2:]...)
	added := 0
	for i := 2; i < len(argv); i += 2 {
		if h.Set(argv[i], argv[i+1]) {
			added++
		}
	}
	if c.cmd.Name == "hset" {
		c.WriteInt(int64(added))
	} else {
		c.WriteOK()
	}
	c.srv.changed(NotifyHash, "hset", argv[1], c.DB)
	c.srv.Dirty += int64(len(argv)/2 - 2)
}

// cmdHsetnx is HSETNX key field value.
func cmdHsetnx(c *Client, argv [][]byte) {
	h, ok := c.hashToWrite(argv[1])
	if !ok {
		return
	}
	if h.Has(argv[2]) {
		c.WriteInt(0)
		return
	}
	h.Reserve(argv[2:]...)
	h.Set(argv[2], argv[3])
	c.WriteInt(1)
	c.srv.changed(NotifyHash, "hset", argv[1], c.DB)
}

// cmdHget is HGET key field.
func cmdHget(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Hash)
	if !ok {
		return
	}
	c.writeField(e, argv[2])
}

// writeField replies the value of a field, null if it or the hash is not there.
func (c *Client) writeField(e *store.Entry, field []byte) {
	if e != nil {
		if val, ok := c.hashOf(e).Get(field); ok {
			c.writeElem(val)
			return
		}
	}
	c.WriteNull()
}

// cmdHmget is HMGET key field [field ...].
func cmdHmget(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Hash)
	if !ok {
		return
	}
	c.WriteArray(len(argv) - 2)
	for _, field := range argv[2:] {
		c.writeField(e, field)
	}
}

// cmdHgetall is HGETALL, HKEYS and HVALS key.
func cmdHgetall(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Hash)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		n = c.hashOf(e).Len()
	}
	fields, vals := c.cmd.Name != "hvals", c.cmd.Name != "hkeys"
	if fields && vals {
		c.WriteMap(n)
	} else {
		c.WriteArray(n)
	}
	if e == nil {
		return
	}
	c.hashOf(e).Each(func(field, val ds.Elem) bool {
		if fields {
			c.writeElem(field)
		}
		if vals {
			c.writeElem(val)
		}
		return true
	})
}

// cmdHlen is HLEN key.
func cmdHlen(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Hash)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(c.hashOf(e).Len()))
	}
}

// cmdHstrlen is HSTRLEN key field.
func cmdHstrlen(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Hash)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		if val, ok := c.hashOf(e).Get(argv[2]); ok {
			n = val.Len()
		}
	}
	c.WriteInt(int64(n))
}

// cmdHexists is HEXISTS key field.
func cmdHexists(c *Client, argv [][]byte) {
	if e, ok := c.readTyped(argv[1], store.Hash); ok {
		c.WriteInt(b2i(e != nil && c.hashOf(e).Has(argv[2])))
	}
}

// cmdHdel is HDEL key field [field ...].
func cmdHdel(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.Hash)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		h := c.hashOf(e)
		for _, field := range argv[2:] {
			if h.Delete(field) {
				if n++; h.Len() == 0 {
					break
				}
			}
		}
	}
	if n > 0 {
		c.shrunk(NotifyHash, "hdel", argv[1])
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

// cmdHincrby is HINCRBY key field number.
func cmdHincrby(c *Client, argv [][]byte) {
	by, ok := ParseInt(argv[3])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	h, ok := c.hashToWrite(argv[1])
	if !ok {
		return
	}
	old := int64(0)
	if val, ok := h.Get(argv[2]); ok {
		if old, ok = val.Int(); !ok {
			if old, ok = ParseInt(val.Bytes(nil)); !ok {
				c.WriteError("ERR hash value is not an integer")
				return
			}
		}
	}
	if by > 0 && old > math.MaxInt64-by || by < 0 && old < math.MinInt64-by {
		c.WriteError("ERR increment or decrement would overflow")
		return
	}
	var tmp [20]byte
	h.Set(argv[2], ds.Int(old+by).Bytes(tmp[:]))
	c.WriteInt(old + by)
	c.srv.changed(NotifyHash, "hincrby", argv[1], c.DB)
}

// cmdHincrbyfloat is HINCRBYFLOAT key field number.
func cmdHincrbyfloat(c *Client, argv [][]byte) {
	by, ok := longdouble.Parse(argv[3])
	if !ok {
		c.WriteError(ErrTextNotFloat)
		return
	}
	if by.IsInf() {
		c.WriteError("ERR value is NaN or Infinity")
		return
	}
	h, ok := c.hashToWrite(argv[1])
	if !ok {
		return
	}
	sum := by
	if val, ok := h.Get(argv[2]); ok {
		old := longdouble.FromInt(0)
		if n, isInt := val.Int(); isInt {
			old = longdouble.FromInt(n)
		} else if old, ok = longdouble.Parse(val.Bytes(nil)); !ok {
			c.WriteError("ERR hash value is not a float")
			return
		}
		if sum, ok = longdouble.Add(old, by); !ok {
			c.WriteError("ERR increment would produce NaN or Infinity")
			return
		}
	}
	text := longdouble.Append(nil, sum)
	h.Set(argv[2], text)
	c.WriteBulk(text)
	c.insteadOf(4).Word("HSET").Arg(argv[1]).Arg(argv[2]).Arg(text)
	c.srv.changed(NotifyHash, "hincrbyfloat", argv[1], c.DB)
}

package abi

import (
	"berth/internal/server"
)

// reply writes one reply to the client of the context in argument 0 and
// answers REDISMODULE_OK.
func (f *frame) reply(write func(c *server.Client)) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	c := ctx.reply(f)
	if c == nil {
		return
	}
	write(c)
	f.setInt(statusOK)
}

func apiWrongArity(f *frame) {
	f.reply(func(c *server.Client) {
		name := "?"
		if cmd := c.Command(); cmd != nil {
			name = cmd.FullName()
		}
		c.WriteError("ERR wrong number of arguments for '" + name + "' command")
	})
}

func apiReplyWithLongLong(f *frame) {
	f.reply(func(c *server.Client) { c.WriteInt(f.i64(1)) })
}

func apiReplyWithError(f *frame) {
	f.reply(func(c *server.Client) { c.WriteError(cstring(f.uptr(1))) })
}

func apiReplyWithErrorFormat(f *frame) {
	f.reply(func(c *server.Client) { c.WriteError(string(f.sprintf(f.uptr(1), 2))) })
}

func apiReplyWithSimpleString(f *frame) {
	f.reply(func(c *server.Client) { c.WriteStatus(cstring(f.uptr(1))) })
}

// aggregate opens an array, map, set or attribute of argument 1 elements, or,
// below zero, one whose length ReplySet…Length tells later.
func (f *frame) aggregate(write func(c *server.Client, n int)) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	c := ctx.reply(f)
	if c == nil {
		return
	}
	n := f.i64(1)
	f.setInt(statusOK)
	switch {
	case n == -1:
		ctx.depth = append(ctx.depth, c.Defer())
	case n < 0 || n > 1<<40:
		f.misuse("an aggregate reply cannot have that many elements")
	default:
		write(c, int(n))
	}
}

func apiReplyWithArray(f *frame) { f.aggregate((*server.Client).WriteArray) }
func apiReplyWithMap(f *frame)   { f.aggregate((*server.Client).WriteMap) }
func apiReplyWithSet(f *frame)   { f.aggregate((*server.Client).WriteSet) }

func apiReplyWithAttribute(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if ctx.client != nil && ctx.client.RESP < 3 {
		f.setInt(statusErr) // the protocol has no attributes: a refusal, not misuse
		return
	}
	f.aggregate((*server.Client).WriteAttribute)
}

// closeAggregate tells the length of the innermost open aggregate.
func (f *frame) closeAggregate(set func(c *server.Client, d server.Deferred, n int)) {
	ctx := f.ctx(0)
	if ctx == nil || ctx.reply(f) == nil {
		return
	}
	last := len(ctx.depth) - 1
	if last < 0 {
		f.misuse("there is no reply whose length was postponed")
		return
	}
	n := f.i64(1)
	if n < 0 || n > 1<<40 {
		f.misuse("an aggregate reply cannot have that many elements")
		return
	}
	d := ctx.depth[last]
	ctx.depth = ctx.depth[:last]
	set(ctx.client, d, int(n))
}

func apiReplySetArrayLength(f *frame)     { f.closeAggregate((*server.Client).SetArray) }
func apiReplySetMapLength(f *frame)       { f.closeAggregate((*server.Client).SetMap) }
func apiReplySetSetLength(f *frame)       { f.closeAggregate((*server.Client).SetSet) }
func apiReplySetAttributeLength(f *frame) { f.closeAggregate((*server.Client).SetAttribute) }

func apiReplyWithNullArray(f *frame) {
	f.reply(func(c *server.Client) { c.WriteNullArray() })
}

func apiReplyWithEmptyArray(f *frame) {
	f.reply(func(c *server.Client) { c.WriteArray(0) })
}

func apiReplyWithStringBuffer(f *frame) {
	f.reply(func(c *server.Client) { c.WriteBulk(cbytes(f.uptr(1), int(f.int(2)))) })
}

func apiReplyWithCString(f *frame) {
	f.reply(func(c *server.Client) { c.WriteBulk(cview(f.uptr(1))) })
}

func apiReplyWithString(f *frame) {
	s := f.string(1)
	if s == nil {
		return
	}
	f.reply(func(c *server.Client) { c.WriteBulk(s.bytes()) })
}

func apiReplyWithEmptyString(f *frame) {
	f.reply(func(c *server.Client) { c.WriteBulk(nil) })
}

func apiReplyWithVerbatimString(f *frame) {
	f.reply(func(c *server.Client) { c.WriteVerbatim("txt", cbytes(f.uptr(1), int(f.int(2)))) })
}

func apiReplyWithVerbatimStringType(f *frame) {
	ext := "txt"
	if p := f.uptr(3); p != 0 {
		ext = string(cbytes(p, 3))
	}
	f.reply(func(c *server.Client) { c.WriteVerbatim(ext, cbytes(f.uptr(1), int(f.int(2)))) })
}

func apiReplyWithNull(f *frame) {
	f.reply(func(c *server.Client) { c.WriteNull() })
}

func apiReplyWithBool(f *frame) {
	f.reply(func(c *server.Client) { c.WriteBool(f.i32(1) != 0) })
}

func apiReplyWithDouble(f *frame) {
	f.reply(func(c *server.Client) { c.WriteDouble(f.float(0)) })
}

func apiReplyWithLongDouble(f *frame) {
	text := formatLong(f.longArg(), longHuman)
	f.reply(func(c *server.Client) {
		if c.RESP == 3 {
			c.WriteRaw(append(append([]byte{','}, text...), "\r\n"...))
		} else {
			c.WriteBulk(text)
		}
	})
}

func apiReplyWithBigNumber(f *frame) {
	digits := string(cbytes(f.uptr(1), int(f.int(2))))
	f.reply(func(c *server.Client) { c.WriteBigNumber(digits) })
}

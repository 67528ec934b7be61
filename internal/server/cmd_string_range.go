package server

import "berth/internal/store"

// checkLength refuses a string longer than an argument may be.
func (c *Client) checkLength(offset, n int64) bool {
	if total := offset + n; total > c.srv.Settings.ProtoMaxBulkLen || total < offset {
		c.WriteError("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
		return false
	}
	return true
}

// cmdAppend is APPEND key value.
func cmdAppend(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.String)
	if !ok {
		return
	}
	if e == nil {
		e = c.DBStore().PutString(nil, argv[1], argv[2], false)
		c.srv.placed(c.DB, e, argv[1], true)
	} else {
		if !c.checkLength(int64(e.StringLen()), int64(len(argv[2]))) {
			return
		}
		e = c.DBStore().AppendString(e, argv[2])
	}
	n := e.StringLen()
	c.srv.changed(NotifyString, "append", argv[1], c.DB)
	c.WriteInt(int64(n))
}

// cmdStrlen is STRLEN key.
func cmdStrlen(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.String)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(e.StringLen()))
	}
}

// cmdSetrange is SETRANGE key offset value.
func cmdSetrange(c *Client, argv [][]byte) {
	offset, ok := ParseInt(argv[2])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	if offset < 0 {
		c.WriteError("ERR offset is out of range")
		return
	}
	value := argv[3]
	e, ok := c.writeTyped(argv[1], store.String)
	if !ok {
		return
	}
	if len(value) == 0 {
		n := 0
		if e != nil {
			n = e.StringLen()
		}
		c.WriteInt(int64(n))
		return
	}
	if !c.checkLength(offset, int64(len(value))) {
		return
	}
	db, fresh := c.DBStore(), e == nil
	if fresh {
		e = db.PutPlain(nil, argv[1], nil, false)
	}
	e = db.OverwriteString(e, int(offset), value)
	if fresh {
		c.srv.placed(c.DB, e, argv[1], true)
	}
	n := e.StringLen()
	c.srv.changed(NotifyString, "setrange", argv[1], c.DB)
	c.WriteInt(int64(n))
}

// cmdGetrange is GETRANGE and SUBSTR key start end.
func cmdGetrange(c *Client, argv [][]byte) {
	start, ok1 := ParseInt(argv[2])
	end, ok2 := ParseInt(argv[3])
	if !ok1 || !ok2 {
		c.WriteError(ErrTextNotInteger)
		return
	}
	e, ok := c.readTyped(argv[1], store.String)
	if !ok {
		return
	}
	if e == nil {
		c.WriteBulk(nil)
		return
	}
	var tmp [20]byte
	b := e.Bytes(tmp[:])
	n := int64(len(b))
	if start < 0 && end < 0 && start > end {
		c.WriteBulk(nil)
		return
	}
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end = max(0, end+n)
	}
	end = min(end, n-1)
	if start > end || n == 0 {
		c.WriteBulk(nil)
		return
	}
	c.WriteBulk(b[start : end+1])
}

package server

import (
	"berth/internal/resp"
)

// WriteInt replies an integer.
func (c *Client) WriteInt(n int64) {
	if c.ready() {
		c.out = resp.AppendInt(c.out, n)
	}
}

// WriteBool replies a boolean, 1 or 0 in RESP2.
func (c *Client) WriteBool(v bool) {
	if c.ready() {
		c.out = resp.AppendBool(c.out, v, c.RESP == 3)
	}
}

// WriteBulk replies a bulk string; b is copied.
func (c *Client) WriteBulk(b []byte) {
	if c.ready() {
		c.out = resp.AppendBulk(c.out, b)
	}
}

// WriteBulkString replies a bulk string.
func (c *Client) WriteBulkString(s string) {
	if c.ready() {
		c.out = resp.AppendBulkString(c.out, s)
	}
}

// WriteBulkInt replies a bulk string that holds n in decimal.
func (c *Client) WriteBulkInt(n int64) {
	if c.ready() {
		c.out = resp.AppendBulkInt(c.out, n)
	}
}

// WriteStatus replies a simple string.
func (c *Client) WriteStatus(s string) {
	if c.ready() {
		c.out = resp.AppendStatus(c.out, s)
	}
}

// WriteOK replies OK.
func (c *Client) WriteOK() {
	if c.ready() {
		c.out = append(c.out, "+OK\r\n"...)
	}
}

// WriteNull replies null.
func (c *Client) WriteNull() {
	if c.ready() {
		c.out = resp.AppendNull(c.out, c.RESP == 3)
	}
}

// WriteNullArray replies null where an array was possible.
func (c *Client) WriteNullArray() {
	if c.ready() {
		c.out = resp.AppendNullArray(c.out, c.RESP == 3)
	}
}

// WriteArray begins an array of n replies.
func (c *Client) WriteArray(n int) {
	if c.ready() {
		c.out = resp.AppendArray(c.out, n)
	}
}

// WriteMap begins a map of n pairs.
func (c *Client) WriteMap(n int) {
	if c.ready() {
		c.out = resp.AppendMap(c.out, n, c.RESP == 3)
	}
}

// WriteSet begins a set of n members.
func (c *Client) WriteSet(n int) {
	if c.ready() {
		c.out = resp.AppendSet(c.out, n, c.RESP == 3)
	}
}

// WritePush begins an out-of-band push of n elements.
func (c *Client) WritePush(n int) {
	if c.ready() {
		c.out = resp.AppendPush(c.out, n, c.RESP == 3)
	}
}

// WriteAttribute begins an attribute of n pairs. The client must speak RESP3.
func (c *Client) WriteAttribute(n int) {
	if c.ready() {
		c.out = resp.AppendAttribute(c.out, n)
	}
}

// WriteDouble replies a double, a bulk string in RESP2.
func (c *Client) WriteDouble(f float64) {
	if c.ready() {
		c.out = resp.AppendDouble(c.out, f, c.RESP == 3)
	}
}

// WriteLongDouble replies a double whose digits the caller has formatted.
func (c *Client) WriteLongDouble(digits []byte) {
	if c.ready() {
		c.out = resp.AppendLongDouble(c.out, digits, c.RESP == 3)
	}
}

// WriteBigNumber replies a number of any length, given in decimal.
func (c *Client) WriteBigNumber(digits string) {
	if c.ready() {
		c.out = resp.AppendBigNumber(c.out, digits, c.RESP == 3)
	}
}

// WriteVerbatim replies text with a three-letter format name.
func (c *Client) WriteVerbatim(format string, b []byte) {
	if c.ready() {
		c.out = resp.AppendVerbatim(c.out, format, b, c.RESP == 3)
	}
}

// WriteRaw appends bytes that are protocol already.
func (c *Client) WriteRaw(b []byte) {
	if c.ready() {
		c.out = append(c.out, b...)
	}
}

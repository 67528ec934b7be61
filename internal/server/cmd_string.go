package server

import "berth/internal/store"

func init() {
	handle(map[string]Handler{
		"set":         cmdSet,
		"get":         cmdGet,
		"append":      cmdAppend,
		"decr":        cmdIncr,
		"decrby":      cmdIncr,
		"getdel":      cmdGetdel,
		"getex":       cmdGetex,
		"getrange":    cmdGetrange,
		"getset":      cmdGetset,
		"incr":        cmdIncr,
		"incrby":      cmdIncr,
		"incrbyfloat": cmdIncrbyfloat,
		"lcs":         cmdLCS,
		"mget":        cmdMget,
		"mset":        cmdMset,
		"msetnx":      cmdMset,
		"psetex":      cmdSetex,
		"setex":       cmdSetex,
		"setnx":       cmdSetnx,
		"setrange":    cmdSetrange,
		"strlen":      cmdStrlen,
		"substr":      cmdGetrange,
	})
	keyFinders["set"] = setKeys
}

// writeString replies a string value.
func (c *Client) writeString(e *store.Entry) {
	if n, ok := e.StringInt(); ok {
		c.WriteBulkInt(n)
		return
	}
	c.WriteBulk(e.Bytes(nil))
}

// get replies the string under a key and reports whether it is one, or absent.
func (c *Client) get(key []byte) bool {
	e, ok := c.readTyped(key, store.String)
	if !ok {
		return false
	}
	if e == nil {
		c.WriteNull()
		return true
	}
	c.writeString(e)
	return true
}

// cmdGet is GET key.
func cmdGet(c *Client, argv [][]byte) { c.get(argv[1]) }

// cmdMget is MGET key [key ...].
func cmdMget(c *Client, argv [][]byte) {
	c.WriteArray(len(argv) - 1)
	for _, key := range argv[1:] {
		if e := c.LookupRead(key); e != nil && e.Type() == store.String {
			c.writeString(e)
		} else {
			c.WriteNull()
		}
	}
}

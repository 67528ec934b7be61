package server

import "berth/internal/store"

func init() {
	const group = "string"
	wr := Write | DenyOOM
	registerFamily([]*Command{
		define(group, "get", 2, ReadOnly|Fast, catStringRead, "1.0.0", "O(1)", "Returns the string value of a key.", cmdGet).keys(1, 1, 1, keyReads),
		define(group, "set", -3, wr, catStringWrite, "1.0.0", "O(1)", "Sets the string value of a key.", cmdSet).keys(1, 1, 1, KeyRW|KeyAccess|KeyUpdate|KeyVariableFlags).
			note("RW and ACCESS due to the optional `GET` argument"),
		define(group, "setnx", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Set the string value of a key only when the key doesn't exist.", cmdSetnx).keys(1, 1, 1, KeyOW|KeyInsert),
		define(group, "setex", 4, wr, catStringWrite, "2.0.0", "O(1)", "Sets the string value and expiration time of a key.", cmdSetex).keys(1, 1, 1, keySets),
		define(group, "psetex", 4, wr, catStringWrite, "2.6.0", "O(1)", "Sets both string value and expiration time in milliseconds of a key.", cmdSetex).keys(1, 1, 1, keySets),
		define(group, "getset", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Returns the previous string value of a key after setting it to a new value.", cmdGetset).keys(1, 1, 1, keyTakes),
		define(group, "getdel", 2, Write|Fast, catStringWrite, "6.2.0", "O(1)", "Returns the string value of a key after deleting the key.", cmdGetdel).keys(1, 1, 1, keyPops),
		define(group, "getex", -2, Write|Fast, catStringWrite, "6.2.0", "O(1)", "Returns the string value of a key after setting its expiration time.", cmdGetex).keys(1, 1, 1, keyTakes).
			note("RW and UPDATE because it changes the TTL"),
		define(group, "mget", -2, ReadOnly|Fast, catStringRead, "1.0.0", "O(N)", "Atomically returns the string values of one or more keys.", cmdMget).keys(1, -1, 1, keyReads),
		define(group, "mset", -3, wr, catStringWrite, "1.0.1", "O(N)", "Atomically creates or modifies the string values of one or more keys.", cmdMset).keys(1, -1, 2, keySets),
		define(group, "msetnx", -3, wr, catStringWrite, "1.0.1", "O(N)", "Atomically modifies the string values of one or more keys only when all keys don't exist.", cmdMset).keys(1, -1, 2, KeyOW|KeyInsert),
		define(group, "append", 3, wr|Fast, catStringWrite, "2.0.0", "O(1)", "Appends a string to the value of a key. Creates the key if it doesn't exist.", cmdAppend).keys(1, 1, 1, keyInserts),
		define(group, "strlen", 2, ReadOnly|Fast, catStringRead, "2.2.0", "O(1)", "Returns the length of a string value.", cmdStrlen).keys(1, 1, 1, keyReadsNo),
		define(group, "setrange", 4, wr, catStringWrite, "2.2.0", "O(1)", "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.", cmdSetrange).keys(1, 1, 1, keyUpdates),
		define(group, "getrange", 4, ReadOnly, catStringRead, "2.4.0", "O(N)", "Returns a substring of the string stored at a key.", cmdGetrange).keys(1, 1, 1, keyReads),
		define(group, "substr", 4, ReadOnly, catStringRead, "1.0.0", "O(N)", "Returns a substring from a string value.", cmdGetrange).keys(1, 1, 1, keyReads),
		define(group, "incr", 2, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", cmdIncr).keys(1, 1, 1, keyTakes),
		define(group, "decr", 2, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", cmdIncr).keys(1, 1, 1, keyTakes),
		define(group, "incrby", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.", cmdIncr).keys(1, 1, 1, keyTakes),
		define(group, "decrby", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.", cmdIncr).keys(1, 1, 1, keyTakes),
		define(group, "incrbyfloat", 3, wr|Fast, catStringWrite, "2.6.0", "O(1)", "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.", cmdIncrbyfloat).keys(1, 1, 1, keyTakes),
		define(group, "lcs", -3, ReadOnly, catStringRead, "7.0.0", "O(N*M)", "Finds the longest common substring.", cmdLCS).keys(1, 2, 1, keyReads),
	})
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

package server

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"berth/internal/store"
)

func init() {
	const group = "string"
	wr := Write | DenyOOM
	registerFamily([]*Command{
		define(group, "get", 2, ReadOnly|Fast, catStringRead, "1.0.0", "O(1)", "Returns the string value of a key.", cmdGet).keys(1, 1, 1, keyReads),
		define(group, "set", -3, wr, catStringWrite, "1.0.0", "O(1)", "Sets the string value of a key.", cmdSet).keys(1, 1, 1, KeyRW|KeyAccess|KeyUpdate|KeyVariableFlags),
		define(group, "setnx", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Set the string value of a key only when the key doesn't exist.", cmdSetnx).keys(1, 1, 1, KeyOW|KeyInsert),
		define(group, "setex", 4, wr, catStringWrite, "2.0.0", "O(1)", "Sets the string value and expiration time of a key.", cmdSetex).keys(1, 1, 1, keySets),
		define(group, "psetex", 4, wr, catStringWrite, "2.6.0", "O(1)", "Sets both string value and expiration time in milliseconds of a key.", cmdSetex).keys(1, 1, 1, keySets),
		define(group, "getset", 3, wr|Fast, catStringWrite, "1.0.0", "O(1)", "Returns the previous string value of a key after setting it to a new value.", cmdGetset).keys(1, 1, 1, keyTakes),
		define(group, "getdel", 2, Write|Fast, catStringWrite, "6.2.0", "O(1)", "Returns the string value of a key after deleting the key.", cmdGetdel).keys(1, 1, 1, keyPops),
		define(group, "getex", -2, Write|Fast, catStringWrite, "6.2.0", "O(1)", "Returns the string value of a key after setting its expiration time.", cmdGetex).keys(1, 1, 1, keyTakes),
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

// setOptions are the options of SET and GETEX.
type setOptions struct {
	nx, xx, get, keep, persist bool
	at                         int64 // when the key ends, 0 never
}

// expireUnits are the options that give a time: in what unit, and whether it
// counts from now.
var expireUnits = map[string]struct {
	unit     int64
	relative bool
}{"ex": {1000, true}, "px": {1, true}, "exat": {1000, false}, "pxat": {1, false}}

// parseExpire reads a time of expiry. It replies the error itself.
func (c *Client) parseExpire(arg []byte, unit int64, relative bool) (int64, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return 0, false
	}
	if n <= 0 || unit == 1000 && n > math.MaxInt64/1000 {
		c.WriteErrorf(ErrTextInvalidExp, c.cmd.Name)
		return 0, false
	}
	n *= unit
	if relative {
		now := c.srv.Mstime()
		if n > math.MaxInt64-now {
			c.WriteErrorf(ErrTextInvalidExp, c.cmd.Name)
			return 0, false
		}
		n += now
	}
	return n, true
}

// parseSetOptions reads the options behind the value. It replies the error
// itself. forSet says which of the two commands asks.
func (c *Client) parseSetOptions(args [][]byte, forSet bool) (o setOptions, ok bool) {
	timed := false
	var timeArg []byte
	var unit int64
	var relative bool
	for i := 0; i < len(args); i++ {
		word := strings.ToLower(string(args[i]))
		exp, isTime := expireUnits[word]
		switch {
		case forSet && word == "nx" && !o.xx:
			o.nx = true
		case forSet && word == "xx" && !o.nx:
			o.xx = true
		case forSet && word == "get":
			o.get = true
		case forSet && word == "keepttl" && !timed:
			o.keep = true
		case !forSet && word == "persist" && !timed:
			o.persist = true
		case isTime && !timed && !o.keep && !o.persist && i+1 < len(args):
			timed, timeArg, unit, relative = true, args[i+1], exp.unit, exp.relative
			i++
		default:
			c.WriteError(ErrTextSyntax)
			return o, false
		}
	}
	if timed {
		o.at, ok = c.parseExpire(timeArg, unit, relative)
		return o, ok
	}
	return o, true
}

// cmdSet is SET key value [NX|XX] [GET] [EX s|PX ms|EXAT s|PXAT ms|KEEPTTL].
func cmdSet(c *Client, argv [][]byte) {
	if len(argv) == 3 {
		c.store(argv[1], argv[2], setOptions{})
		c.WriteOK()
		return
	}
	o, ok := c.parseSetOptions(argv[3:], true)
	if !ok {
		return
	}
	if o.get && !c.get(argv[1]) {
		return
	}
	if o.nx || o.xx {
		if exists := c.LookupWrite(argv[1]) != nil; o.nx && exists || o.xx && !exists {
			if !o.get {
				c.WriteNull()
			}
			return
		}
	}
	c.store(argv[1], argv[2], o)
	if !o.get {
		c.WriteOK()
	}
}

// store sets a string and does what follows from it.
func (c *Client) store(key, value []byte, o setOptions) {
	s, db := c.srv, c.DBStore()
	e := db.Find(key)
	if e != nil && e.Over(s.Mstime()) {
		s.expireKey(c.DB, key)
		e = nil
	}
	fresh := e == nil
	e = db.PutString(e, key, value, o.keep)
	if o.at != 0 {
		e = db.SetExpire(e, o.at)
	}
	s.placed(c.DB, e, key, fresh)
	s.changed(notifyString, "set", key, c.DB)
	if o.at != 0 {
		s.Notify(notifyGeneric, "expire", key, c.DB)
	}
}

// cmdSetnx is SETNX key value.
func cmdSetnx(c *Client, argv [][]byte) {
	if c.LookupWrite(argv[1]) != nil {
		c.WriteInt(0)
		return
	}
	c.store(argv[1], argv[2], setOptions{})
	c.WriteInt(1)
}

// cmdSetex is SETEX and PSETEX key time value.
func cmdSetex(c *Client, argv [][]byte) {
	unit := int64(1000)
	if c.cmd.Name == "psetex" {
		unit = 1
	}
	at, ok := c.parseExpire(argv[2], unit, true)
	if !ok {
		return
	}
	c.store(argv[1], argv[3], setOptions{at: at})
	c.WriteOK()
}

// cmdGetset is GETSET key value.
func cmdGetset(c *Client, argv [][]byte) {
	if c.get(argv[1]) {
		c.store(argv[1], argv[2], setOptions{})
	}
}

// cmdGetdel is GETDEL key.
func cmdGetdel(c *Client, argv [][]byte) {
	e := c.LookupWrite(argv[1])
	if !c.get(argv[1]) || e == nil {
		return
	}
	c.DBStore().Delete(argv[1])
	c.srv.changed(notifyGeneric, "del", argv[1], c.DB)
}

// cmdGetex is GETEX key [EX s|PX ms|EXAT s|PXAT ms|PERSIST].
func cmdGetex(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.String)
	if !ok {
		return
	}
	o, ok := c.parseSetOptions(argv[2:], false)
	if !ok {
		return
	}
	if e == nil {
		c.WriteNull()
		return
	}
	c.writeString(e)
	s := c.srv
	switch {
	case o.persist:
		if c.DBStore().Persist(e) {
			s.changed(notifyGeneric, "persist", argv[1], c.DB)
		}
	case o.at != 0 && o.at <= s.Mstime():
		c.DBStore().Delete(argv[1])
		s.changed(notifyGeneric, "del", argv[1], c.DB)
	case o.at != 0:
		c.DBStore().SetExpire(e, o.at)
		s.changed(notifyGeneric, "expire", argv[1], c.DB)
	}
}

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

// cmdMset is MSET and MSETNX key value [key value ...].
func cmdMset(c *Client, argv [][]byte) {
	nx := c.cmd.Name == "msetnx"
	if len(argv)%2 == 0 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	if nx {
		for i := 1; i < len(argv); i += 2 {
			if c.LookupWrite(argv[i]) != nil {
				c.WriteInt(0)
				return
			}
		}
	}
	for i := 1; i < len(argv); i += 2 {
		c.store(argv[i], argv[i+1], setOptions{})
	}
	if nx {
		c.WriteInt(1)
	} else {
		c.WriteOK()
	}
}

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
	c.srv.changed(notifyString, "append", argv[1], c.DB)
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
	c.srv.changed(notifyString, "setrange", argv[1], c.DB)
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
	c.srv.changed(notifyString, "incrby", argv[1], c.DB)
	c.WriteInt(old + by)
}

// floatPrecision is the mantissa of the long double that Redis computes with.
const floatPrecision = 64

// parseFloat reads a whole string as Redis reads a long double.
func parseFloat(b []byte) (*big.Float, bool) {
	if len(b) == 0 || strings.ContainsAny(string(b), "_pPxX ") {
		return nil, false
	}
	f, _, err := big.ParseFloat(string(b), 10, floatPrecision, big.ToNearestEven)
	return f, err == nil
}

// formatFloat writes a number as Redis writes a long double for people: up to
// seventeen digits behind the point, without zeros at the end.
func formatFloat(f *big.Float) []byte {
	b := f.Append(nil, 'f', 17)
	text := strings.TrimSuffix(strings.TrimRight(string(b), "0"), ".")
	if text == "-0" || text == "" {
		text = "0"
	}
	return []byte(text)
}

// cmdIncrbyfloat is INCRBYFLOAT key number.
func cmdIncrbyfloat(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.String)
	if !ok {
		return
	}
	old := new(big.Float).SetPrec(floatPrecision)
	if e != nil {
		var tmp [20]byte
		if old, ok = parseFloat(e.Bytes(tmp[:])); !ok {
			c.WriteError(ErrTextNotFloat)
			return
		}
	}
	by, ok := parseFloat(argv[2])
	if !ok {
		c.WriteError(ErrTextNotFloat)
		return
	}
	if by.IsInf() || old.IsInf() {
		c.WriteError("ERR increment would produce NaN or Infinity")
		return
	}
	text := formatFloat(new(big.Float).SetPrec(floatPrecision).Add(old, by))
	fresh := e == nil
	e = c.DBStore().PutPlain(e, argv[1], text, true)
	if fresh {
		c.srv.placed(c.DB, e, argv[1], true)
	}
	c.srv.changed(notifyString, "incrbyfloat", argv[1], c.DB)
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

// itoa is a number as a byte string.
func itoa(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

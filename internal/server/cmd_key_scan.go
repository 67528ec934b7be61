package server

import (
	"bytes"
	"math"
	"strconv"

	"berth/internal/ds"
	"berth/internal/store"
)

// scanOptions are the options of SCAN and its kin.
type scanOptions struct {
	pattern []byte // nil for all
	kind    []byte // the name of a type, nil for all
	count   int64
}

// parseScan reads the options, replying the error itself. typed says whether
// TYPE is one of them.
func (c *Client) parseScan(args [][]byte, typed bool) (o scanOptions, ok bool) {
	o.count = 10
	for i := 0; i < len(args); i += 2 {
		word := args[i]
		if i+1 == len(args) {
			word = nil // an option without its argument is none
		}
		switch {
		case equalFold(word, "count"):
			n, isInt := ParseInt(args[i+1])
			if !isInt {
				c.WriteError(ErrTextNotInteger)
				return o, false
			}
			if n < 1 {
				c.WriteError(ErrTextSyntax)
				return o, false
			}
			o.count = n
		case equalFold(word, "match"):
			if o.pattern = args[i+1]; string(o.pattern) == "*" {
				o.pattern = nil
			}
		case equalFold(word, "type") && typed:
			o.kind = args[i+1]
		default:
			c.WriteError(ErrTextSyntax)
			return o, false
		}
	}
	return o, true
}

// parseCursor reads a cursor as C's strtoul reads a number, replying the error
// itself: it may have a sign, and nothing at all is zero.
func (c *Client) parseCursor(arg []byte) (uint64, bool) {
	if i := bytes.IndexByte(arg, 0); i >= 0 {
		arg = arg[:i]
	}
	neg, signed := false, false
	if len(arg) > 0 && (arg[0] == '-' || arg[0] == '+') {
		neg, signed = arg[0] == '-', true
		arg = arg[1:]
	}
	var n uint64
	ok := len(arg) > 0 || !signed
	for _, ch := range arg {
		d := uint64(ch - '0')
		if d > 9 || n > (math.MaxUint64-d)/10 {
			ok = false
			break
		}
		n = n*10 + d
	}
	if !ok {
		c.WriteError("ERR invalid cursor")
	}
	if neg {
		n = -n
	}
	return n, ok
}

// writeCursor replies a cursor, which is a text on the wire.
func (c *Client) writeCursor(n uint64) {
	var b [20]byte
	c.WriteBulk(strconv.AppendUint(b[:0], n, 10))
}

// scanRounds is how many buckets are looked at for each key asked for, at most:
// the table may be nearly empty.
const scanRounds = 10

// cmdScan is SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
func cmdScan(c *Client, argv [][]byte) {
	cursor, ok := c.parseCursor(argv[1])
	if !ok {
		return
	}
	o, ok := c.parseScan(argv[2:], true)
	if !ok {
		return
	}
	// Keys are copied: that one of them expires may run a module.
	var names []byte
	var ends []int
	seen := int64(0)
	rounds := o.count
	if rounds < math.MaxInt64/scanRounds {
		rounds *= scanRounds
	}
	for {
		cursor = c.DBStore().Scan(cursor, func(e *store.Entry) {
			seen++
			if (o.pattern == nil || Match(o.pattern, e.Key(), false)) && (o.kind == nil || equalFold(o.kind, typeName(e))) {
				names = append(names, e.Key()...)
				ends = append(ends, len(names))
			}
		})
		if rounds--; cursor == 0 || seen >= o.count || rounds < 0 {
			break
		}
	}
	c.WriteArray(2)
	c.writeCursor(cursor)
	d, n, from := c.Defer(), 0, 0
	for _, end := range ends {
		key := names[from:end]
		from = end
		if o.kind == nil && c.srv.live(c.DB, key) != nil || o.kind != nil && c.lookup(key, lookupNoTouch|lookupSilent) != nil {
			c.WriteBulk(key)
			n++
		}
	}
	c.SetArray(d, n)
}

// scanValue is HSCAN, SSCAN and ZSCAN key cursor [MATCH pattern] [COUNT count].
// scan calls add for some elements, with a value beside the name unless they are
// a set's, and returns the next cursor.
func (c *Client) scanValue(argv [][]byte, t store.Type, scan func(e *store.Entry, cursor uint64, add func(name, val ds.Elem)) uint64) {
	cursor, ok := c.parseCursor(argv[2])
	if !ok {
		return
	}
	e, ok := c.readTyped(argv[1], t)
	if !ok {
		return
	}
	if e == nil {
		c.WriteArray(2)
		c.writeCursor(0)
		c.WriteArray(0)
		return
	}
	o, ok := c.parseScan(argv[3:], false)
	if !ok {
		return
	}
	var found []ds.Elem
	var tmp [20]byte
	seen := int64(0)
	add := func(name, val ds.Elem) {
		seen++
		if o.pattern != nil && !Match(o.pattern, name.Bytes(tmp[:]), false) {
			return
		}
		found = append(found, name)
		if t != store.Set {
			found = append(found, val)
		}
	}
	rounds := o.count
	if rounds < math.MaxInt64/scanRounds {
		rounds *= scanRounds
	}
	for {
		cursor = scan(e, cursor, add)
		if rounds--; cursor == 0 || seen >= o.count || rounds < 0 {
			break
		}
	}
	c.WriteArray(2)
	c.writeCursor(cursor)
	c.WriteArray(len(found))
	for _, elem := range found {
		c.writeElem(elem)
	}
}

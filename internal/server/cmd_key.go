package server

import (
	"math"
	"strings"

	"berth/internal/store"
)

func init() {
	const group = "generic"
	registerFamily([]*Command{
		define(group, "del", -2, Write, catKeyWrite, "1.0.0", "O(N)", "Deletes one or more keys.", cmdDel).keys(1, -1, 1, keyRemoves),
		define(group, "unlink", -2, Write|Fast, catKeyWrite, "4.0.0", "O(1) for each key", "Asynchronously deletes one or more keys.", cmdDel).keys(1, -1, 1, keyRemoves),
		define(group, "exists", -2, ReadOnly|Fast, catKeyRead, "1.0.0", "O(N)", "Determines whether one or more keys exist.", cmdExists).keys(1, -1, 1, keyReadsNo),
		define(group, "touch", -2, ReadOnly|Fast, catKeyRead, "3.2.1", "O(N)", "Returns the number of existing keys out of those specified after updating the time they were last accessed.", cmdExists).keys(1, -1, 1, keyReadsNo),
		define(group, "type", 2, ReadOnly|Fast, catKeyRead, "1.0.0", "O(1)", "Determines the type of value stored at a key.", cmdType).keys(1, 1, 1, keyReadsNo),
		define(group, "keys", 2, ReadOnly, catKeyRead|CatDangerous, "1.0.0", "O(N)", "Returns all key names that match a pattern.", cmdKeys),
		define(group, "scan", -2, ReadOnly, catKeyRead, "2.8.0", "O(1) for every call.", "Iterates over the key names in the database.", cmdScan),
		define(group, "randomkey", 1, ReadOnly, catKeyRead, "1.0.0", "O(1)", "Returns a random key name from the database.", cmdRandomkey),
		define(group, "rename", 3, Write, catKeyWrite, "1.0.0", "O(1)", "Renames a key and overwrites the destination.", cmdRename).
			keys(1, 1, 1, KeyRW|KeyAccess|KeyDelete).keys(2, 2, 1, keySets).oldRange(1, 2, 1),
		define(group, "renamenx", 3, Write|Fast, catKeyWrite, "1.0.0", "O(1)", "Renames a key only when the target key name doesn't exist.", cmdRename).
			keys(1, 1, 1, KeyRW|KeyAccess|KeyDelete).keys(2, 2, 1, KeyOW|KeyInsert).oldRange(1, 2, 1),
		define(group, "copy", -3, Write|DenyOOM, catKeyWrite, "6.2.0", "O(N)", "Copies the value of a key to a new key.", cmdCopy).
			keys(1, 1, 1, keyReads).keys(2, 2, 1, keySets).oldRange(1, 2, 1),
		define(group, "move", 3, Write|Fast, catKeyWrite, "1.0.0", "O(1)", "Moves a key to another database.", cmdMove).keys(1, 1, 1, KeyRW|KeyAccess|KeyDelete),
		define("server", "swapdb", 3, Write|Fast, catKeyWrite|CatDangerous, "4.0.0", "O(N)", "Swaps two Redis databases.", cmdSwapdb),
	})
}

// cmdDel is DEL and UNLINK key [key ...].
func cmdDel(c *Client, argv [][]byte) {
	remove := c.srv.DeleteKey
	if c.cmd.Name == "unlink" || c.srv.Config.Bool("lazyfree-lazy-user-del") {
		remove = c.srv.UnlinkKey
	}
	n := 0
	for _, key := range argv[1:] {
		if remove(c.DB, key) {
			c.srv.Notify(notifyGeneric, "del", key, c.DB)
			c.srv.Dirty++
			n++
		}
	}
	c.WriteInt(int64(n))
}

// cmdExists is EXISTS and TOUCH key [key ...].
func cmdExists(c *Client, argv [][]byte) {
	n := 0
	for _, key := range argv[1:] {
		if e := c.srv.live(c.DB, key); e != nil {
			n++
			c.DBStore().Access(e, c.srv.Mstime())
		}
	}
	c.WriteInt(int64(n))
}

// cmdType is TYPE key.
func cmdType(c *Client, argv [][]byte) {
	if e := c.srv.live(c.DB, argv[1]); e != nil {
		c.WriteStatus(e.Type().Name())
		return
	}
	c.WriteStatus("none")
}

// cmdKeys is KEYS pattern.
func cmdKeys(c *Client, argv [][]byte) {
	all := string(argv[1]) == "*"
	now := c.srv.Mstime()
	d := c.Defer()
	n := 0
	c.DBStore().Each(func(e *store.Entry) bool {
		if !e.Over(now) && (all || Match(argv[1], e.Key(), false)) {
			c.WriteBulk(e.Key())
			n++
		}
		return true
	})
	c.SetArray(d, n)
}

// scanOptions are the options of SCAN.
type scanOptions struct {
	pattern  []byte
	typeName string
	count    int64
}

// parseScan reads the options of SCAN, replying the error itself.
func (c *Client) parseScan(args [][]byte) (o scanOptions, ok bool) {
	o.count = 10
	for i := 0; i < len(args); i += 2 {
		if i+1 >= len(args) {
			c.WriteError(ErrTextSyntax)
			return o, false
		}
		switch value := args[i+1]; strings.ToLower(string(args[i])) {
		case "count":
			n, isInt := ParseInt(value)
			if !isInt {
				c.WriteError(ErrTextNotInteger)
				return o, false
			}
			if n < 1 {
				c.WriteError(ErrTextSyntax)
				return o, false
			}
			o.count = n
		case "match":
			if string(value) != "*" {
				o.pattern = value
			}
		case "type":
			o.typeName = strings.ToLower(string(value))
		default:
			c.WriteError(ErrTextSyntax)
			return o, false
		}
	}
	return o, true
}

// parseCursor reads a cursor, replying the error itself.
func (c *Client) parseCursor(arg []byte) (uint64, bool) {
	var n uint64
	ok := len(arg) > 0
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
	return n, ok
}

// cmdScan is SCAN cursor [MATCH pattern] [COUNT count] [TYPE type].
func cmdScan(c *Client, argv [][]byte) {
	cursor, ok := c.parseCursor(argv[1])
	if !ok {
		return
	}
	o, ok := c.parseScan(argv[2:])
	if !ok {
		return
	}
	var keys []string
	now := c.srv.Mstime()
	seen := int64(0)
	for rounds := o.count; ; rounds-- {
		cursor = c.DBStore().Scan(cursor, func(e *store.Entry) {
			seen++
			if e.Over(now) || o.typeName != "" && e.Type().Name() != o.typeName ||
				o.pattern != nil && !Match(o.pattern, e.Key(), false) {
				return
			}
			keys = append(keys, string(e.Key()))
		})
		if cursor == 0 || seen >= o.count || rounds*10 <= 0 {
			break
		}
	}
	c.WriteArray(2)
	c.WriteBulkString(formatCursor(cursor))
	c.WriteArray(len(keys))
	for _, key := range keys {
		c.WriteBulkString(key)
	}
}

func formatCursor(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

// cmdRandomkey is RANDOMKEY.
func cmdRandomkey(c *Client, _ [][]byte) {
	for c.DBStore().Len() > 0 {
		e := c.DBStore().Random()
		if !e.Over(c.srv.Mstime()) {
			c.WriteBulk(e.Key())
			return
		}
		c.srv.expireKey(c.DB, e.Key())
	}
	c.WriteNull()
}

// cmdRename is RENAME and RENAMENX key newkey.
func cmdRename(c *Client, argv [][]byte) {
	nx := c.cmd.Name == "renamenx"
	s, db := c.srv, c.DBStore()
	e := c.LookupWrite(argv[1])
	if e == nil {
		c.WriteError(ErrTextNoKey)
		return
	}
	if string(argv[1]) == string(argv[2]) {
		if nx {
			c.WriteInt(0)
		} else {
			c.WriteOK()
		}
		return
	}
	if old := c.LookupWrite(argv[2]); old != nil {
		if nx {
			c.WriteInt(0)
			return
		}
		db.Delete(argv[2])
	}
	db.Rename(db.Find(argv[1]), argv[2])
	s.Touch(c.DB, argv[1])
	s.Touch(c.DB, argv[2])
	s.Notify(notifyGeneric, "rename_from", argv[1], c.DB)
	s.Notify(notifyGeneric, "rename_to", argv[2], c.DB)
	s.Dirty++
	if nx {
		c.WriteInt(1)
	} else {
		c.WriteOK()
	}
}

// parseDB reads the number of a database, replying the error itself.
func (c *Client) parseDB(arg []byte, text string) (int, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		c.WriteError(text)
		return 0, false
	}
	if n < 0 || n >= int64(c.srv.DBCount()) {
		c.WriteError(ErrTextDBRange)
		return 0, false
	}
	return int(n), true
}

// cmdCopy is COPY source destination [DB db] [REPLACE].
func cmdCopy(c *Client, argv [][]byte) {
	db, replace := c.DB, false
	for i := 3; i < len(argv); i++ {
		switch {
		case equalFold(argv[i], "replace"):
			replace = true
		case equalFold(argv[i], "db") && i+1 < len(argv):
			n, ok := c.parseDB(argv[i+1], ErrTextNotInteger)
			if !ok {
				return
			}
			db = n
			i++
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	if db == c.DB && string(argv[1]) == string(argv[2]) {
		c.WriteError(ErrTextSameObject)
		return
	}
	e := c.LookupRead(argv[1])
	if e == nil {
		c.WriteInt(0)
		return
	}
	if c.srv.live(db, argv[2]) != nil {
		if !replace {
			c.WriteInt(0)
			return
		}
		c.srv.DeleteKey(db, argv[2])
	}
	d := c.srv.DBAt(db)
	// The lookup of the other key may have moved or removed things.
	if e = c.srv.live(c.DB, argv[1]); e == nil {
		c.WriteInt(0)
		return
	}
	d.Fresh(c.DBStore().Copy(e, d, argv[2]), c.srv.Mstime())
	c.srv.changed(notifyGeneric, "copy_to", argv[2], db)
	c.WriteInt(1)
}

// cmdMove is MOVE key db.
func cmdMove(c *Client, argv [][]byte) {
	n, ok := ParseInt(argv[2])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	if n < 0 || n >= int64(c.srv.DBCount()) {
		c.WriteError(ErrTextDBRange)
		return
	}
	db := int(n)
	if db == c.DB {
		c.WriteError(ErrTextSameObject)
		return
	}
	e := c.LookupWrite(argv[1])
	if e == nil || c.srv.live(db, argv[1]) != nil {
		c.WriteInt(0)
		return
	}
	c.DBStore().Move(e, c.srv.DBAt(db))
	c.srv.Touch(c.DB, argv[1])
	c.srv.Touch(db, argv[1])
	c.srv.Notify(notifyGeneric, "move_from", argv[1], c.DB)
	c.srv.Notify(notifyGeneric, "move_to", argv[1], db)
	c.srv.Dirty++
	c.WriteInt(1)
}

// cmdSwapdb is SWAPDB index1 index2.
func cmdSwapdb(c *Client, argv [][]byte) {
	a, ok := c.parseDB(argv[1], "ERR invalid first DB index")
	if !ok {
		return
	}
	b, ok := c.parseDB(argv[2], "ERR invalid second DB index")
	if !ok {
		return
	}
	c.srv.TouchSwapped(a, b)
	c.srv.DBAt(max(a, b))
	dbs := c.srv.keyspace.dbs
	dbs[a], dbs[b] = dbs[b], dbs[a]
	c.srv.Dirty++
	c.WriteOK()
}

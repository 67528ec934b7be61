package server

import "berth/internal/store"

func init() {
	handle(map[string]Handler{
		"copy":      cmdCopy,
		"del":       cmdDel,
		"exists":    cmdExists,
		"keys":      cmdKeys,
		"move":      cmdMove,
		"randomkey": cmdRandomkey,
		"rename":    cmdRename,
		"renamenx":  cmdRename,
		"scan":      cmdScan,
		"swapdb":    cmdSwapdb,
		"touch":     cmdTouch,
		"type":      cmdType,
		"unlink":    cmdDel,
	})
}

// cmdDel is DEL and UNLINK key [key ...].
func cmdDel(c *Client, argv [][]byte) {
	remove := c.srv.DeleteKey
	if c.cmd.Name == "unlink" || c.srv.lazy.userDel {
		remove = c.srv.UnlinkKey
	}
	n := 0
	for _, key := range argv[1:] {
		if remove(c.DB, key) {
			c.srv.Notify(NotifyGeneric, "del", key, c.DB)
			c.srv.Dirty++
			n++
		}
	}
	c.WriteInt(int64(n))
}

// cmdExists is EXISTS key [key ...].
func cmdExists(c *Client, argv [][]byte) {
	n := 0
	for _, key := range argv[1:] {
		if c.lookup(key, lookupNoTouch) != nil {
			n++
		}
	}
	c.WriteInt(int64(n))
}

// cmdTouch is TOUCH key [key ...]. It notes the use even for a client whose
// other commands do not.
func cmdTouch(c *Client, argv [][]byte) {
	n := 0
	for _, key := range argv[1:] {
		if c.lookup(key, 0) != nil {
			n++
		}
	}
	c.WriteInt(int64(n))
}

// cmdType is TYPE key.
func cmdType(c *Client, argv [][]byte) {
	if e := c.lookup(argv[1], lookupNoTouch); e != nil {
		c.WriteStatus(typeName(e))
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

// randomTries is how many keys RANDOMKEY draws while keys whose time is over must
// stay.
const randomTries = 100

// cmdRandomkey is RANDOMKEY.
func cmdRandomkey(c *Client, _ [][]byte) {
	if key, ok := c.srv.RandomKey(c.DB, nil); ok {
		c.WriteBulk(key)
		return
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
		s.remove(c.DB, argv[2], old, s.lazy.serverDel, LeaveDeleted)
	}
	// What a module does with a key that goes may move others: look again.
	if e = db.Find(argv[1]); e == nil {
		c.WriteError(ErrTextNoKey)
		return
	}
	if s.unlinking(c.DB, argv[1], e, LeaveDeleted) {
		if e = db.Find(argv[1]); e == nil || db.Find(argv[2]) != nil {
			c.WriteError(ErrTextNoKey)
			return
		}
	}
	s.placed(c.DB, db.Rename(e, argv[2]), argv[2], true)
	s.Touch(c.DB, argv[1])
	s.Touch(c.DB, argv[2])
	s.Notify(NotifyGeneric, "rename_from", argv[1], c.DB)
	s.Notify(NotifyGeneric, "rename_to", argv[2], c.DB)
	s.Dirty++
	if nx {
		c.WriteInt(1)
	} else {
		c.WriteOK()
	}
}

// parseDB reads the number of a database, replying the error itself. text is
// for what is no number of 32 bits, empty for the usual one.
func (c *Client) parseDB(arg []byte, text string) (int, bool) {
	n, ok := c.smallInt(arg, text)
	if !ok {
		return 0, false
	}
	if n < 0 || n >= c.srv.DBCount() {
		c.WriteError(ErrTextDBRange)
		return 0, false
	}
	return n, true
}

// cmdCopy is COPY source destination [DB db] [REPLACE].
func cmdCopy(c *Client, argv [][]byte) {
	db, replace := c.DB, false
	for i := 3; i < len(argv); i++ {
		switch {
		case equalFold(argv[i], "replace"):
			replace = true
		case equalFold(argv[i], "db") && i+1 < len(argv):
			n, ok := c.parseDB(argv[i+1], "")
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
	if c.srv.liveForWrite(db, argv[2]) != nil && !replace {
		c.WriteInt(0)
		return
	}
	// The lookup of the other key may have moved or removed things.
	if e = c.srv.live(c.DB, argv[1]); e == nil {
		c.WriteInt(0)
		return
	}
	if e.Type() == store.Module {
		if !c.copyModule(e, argv[1], db, argv[2]) {
			return
		}
	} else {
		if old := c.srv.DBAt(db).Find(argv[2]); old != nil {
			c.srv.remove(db, argv[2], old, c.srv.lazy.serverDel, LeaveDeleted)
		}
		// As that may have run a module, look again.
		if e = c.DBStore().Find(argv[1]); e == nil || c.srv.keyExists(db, argv[2]) {
			c.WriteInt(0)
			return
		}
		c.srv.placed(db, c.DBStore().Copy(e, c.srv.DBAt(db), argv[2]), argv[2], true)
	}
	c.srv.changed(NotifyGeneric, "copy_to", argv[2], db)
	c.WriteInt(1)
}

// cmdMove is MOVE key db.
func cmdMove(c *Client, argv [][]byte) {
	db, ok := c.parseDB(argv[2], "")
	if !ok {
		return
	}
	if db == c.DB {
		c.WriteError(ErrTextSameObject)
		return
	}
	if c.LookupWrite(argv[1]) == nil || c.srv.liveForWrite(db, argv[1]) != nil {
		c.WriteInt(0)
		return
	}
	// What a module does with the key that goes may move it: look again.
	e := c.DBStore().Find(argv[1])
	if e != nil && c.srv.unlinking(c.DB, argv[1], e, LeaveDeleted) {
		e = c.DBStore().Find(argv[1])
	}
	if e == nil || c.srv.DBAt(db).Find(argv[1]) != nil {
		c.WriteInt(0)
		return
	}
	c.srv.placed(db, c.DBStore().Move(e, c.srv.DBAt(db)), argv[1], true)
	c.srv.Touch(c.DB, argv[1])
	c.srv.Touch(db, argv[1])
	c.srv.Notify(NotifyGeneric, "move_from", argv[1], c.DB)
	c.srv.Notify(NotifyGeneric, "move_to", argv[1], db)
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
	swapped := c.srv.signalSwapped(a, b)
	c.srv.DBAt(max(a, b))
	dbs := c.srv.keyspace.dbs
	dbs[a], dbs[b] = dbs[b], dbs[a]
	dbs[a].Moved()
	dbs[b].Moved()
	swapped()
	if fn := c.srv.Hooks.Swap; fn != nil {
		fn(a, b)
	}
	c.srv.Dirty++
	c.WriteOK()
}

package server

import "berth/internal/store"

// xgroupHelp is XGROUP HELP.
var xgroupHelp = []string{
	"CREATE <key> <groupname> <id|$> [option]",
	"    Make a consumer group that has seen the entries up to <id>. Options are:",
	"    * MKSTREAM",
	"      Make an empty stream if there is none.",
	"    * ENTRIESREAD entries_read",
	"      Say how many entries the group has read.",
	"CREATECONSUMER <key> <groupname> <consumer>",
	"    Make a consumer of a group.",
	"DELCONSUMER <key> <groupname> <consumer>",
	"    Delete a consumer with what it has pending.",
	"DESTROY <key> <groupname>",
	"    Delete a group.",
	"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
	"    Say which entries a group has seen, and how many.",
}

// groupOptions reads MKSTREAM, if it is allowed, and ENTRIESREAD, replying errors.
func (c *Client) groupOptions(argv [][]byte, create bool) (mkstream bool, read int64, ok bool) {
	read = unknownRead
	for i := 5; i < len(argv); i++ {
		switch {
		case create && equalFold(argv[i], "mkstream"):
			mkstream = true
		case equalFold(argv[i], "entriesread") && i+1 < len(argv):
			i++
			if read, ok = ParseInt(argv[i]); !ok {
				c.WriteError(ErrTextNotInteger)
				return false, 0, false
			}
			if read < 0 && read != unknownRead {
				c.WriteError("ERR value for ENTRIESREAD must be positive or -1")
				return false, 0, false
			}
		default:
			c.wrongSubcommand(argv)
			return false, 0, false
		}
	}
	return mkstream, read, true
}

const errTextNeedsKey = "ERR The XGROUP subcommand requires the key to exist. " +
	"Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."

func noGroupText(name, key []byte) string {
	return "NOGROUP No such consumer group '" + cString(name) + "' for key name '" + cString(key) + "'"
}

// groupToChange finds the stream and the group that XGROUP is about. ok is false
// when an error was replied; found says whether there is such a group.
func (c *Client) groupToChange(argv [][]byte) (v store.StreamValue, g store.Group, found, ok bool) {
	e, ok := c.writeTyped(argv[2], store.Stream)
	if !ok {
		return v, g, false, false
	}
	if e == nil {
		c.WriteError(errTextNeedsKey)
		return v, g, false, false
	}
	v = c.streamOf(e)
	g, found = v.Group(argv[3])
	return v, g, found, true
}

// cmdXgroupCreate is XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD n].
func cmdXgroupCreate(c *Client, argv [][]byte) {
	mkstream, read, ok := c.groupOptions(argv, true)
	if !ok {
		return
	}
	e, ok := c.writeTyped(argv[2], store.Stream)
	if !ok {
		return
	}
	if e == nil && !mkstream {
		c.WriteError(errTextNeedsKey)
		return
	}
	if len(argv) > 8 {
		c.wrongSubcommand(argv)
		return
	}
	var id store.StreamID
	if string(argv[4]) != "$" {
		if id, ok = c.streamID(argv[4]); !ok {
			return
		}
	} else if e != nil {
		id = c.streamOf(e).Last()
	}
	if e == nil {
		e = c.srv.AddStream(c.DB, argv[2])
		c.srv.Touch(c.DB, argv[2])
	}
	v := c.streamOf(e)
	if _, ok := v.Group(argv[3]); ok {
		c.WriteError("BUSYGROUP Consumer Group name already exists")
		return
	}
	v.AddGroup(argv[3], id, read)
	c.WriteOK()
	c.srv.Dirty++
	c.srv.Notify(NotifyStream, "xgroup-create", argv[2], c.DB)
}

// cmdXgroupSetid is XGROUP SETID key group id|$ [ENTRIESREAD n].
func cmdXgroupSetid(c *Client, argv [][]byte) {
	_, read, ok := c.groupOptions(argv, false)
	if !ok {
		return
	}
	v, g, found, ok := c.groupToChange(argv)
	switch {
	case !ok:
		return
	case !found:
		c.WriteError(noGroupText(argv[3], argv[2]))
		return
	case len(argv) != 5 && len(argv) != 7:
		c.wrongSubcommand(argv)
		return
	}
	id := v.Last()
	if string(argv[4]) != "$" {
		if id, _, ok = ParseStreamID(argv[4], 0, idLoose); !ok {
			c.WriteError(errTextStreamID)
			return
		}
	}
	g.SetLast(id)
	g.SetRead(read)
	c.WriteOK()
	c.srv.Dirty++
	c.srv.Notify(NotifyStream, "xgroup-setid", argv[2], c.DB)
}

// cmdXgroupDestroy is XGROUP DESTROY key group.
func cmdXgroupDestroy(c *Client, argv [][]byte) {
	v, _, found, ok := c.groupToChange(argv)
	switch {
	case !ok:
	case !found:
		c.WriteInt(0)
	default:
		v.RemoveGroup(argv[3])
		c.WriteInt(1)
		c.srv.Dirty++
		c.srv.Notify(NotifyStream, "xgroup-destroy", argv[2], c.DB)
		c.srv.SignalKey(c.DB, argv[2], true) // those who wait in the group get an error
	}
}

// cmdXgroupCreateconsumer is XGROUP CREATECONSUMER key group consumer.
func cmdXgroupCreateconsumer(c *Client, argv [][]byte) {
	_, g, found, ok := c.groupToChange(argv)
	if !ok {
		return
	}
	if !found {
		c.WriteError(noGroupText(argv[3], argv[2]))
		return
	}
	if _, ok := g.Consumer(argv[4]); ok {
		c.WriteInt(0)
		return
	}
	c.consumerOf(g, argv[2], argv[4])
	c.WriteInt(1)
}

// cmdXgroupDelconsumer is XGROUP DELCONSUMER key group consumer.
func cmdXgroupDelconsumer(c *Client, argv [][]byte) {
	_, g, found, ok := c.groupToChange(argv)
	if !ok {
		return
	}
	if !found {
		c.WriteError(noGroupText(argv[3], argv[2]))
		return
	}
	n := 0
	if who, ok := g.Consumer(argv[4]); ok {
		n = g.RemoveConsumer(who)
		c.srv.Dirty++
		c.srv.Notify(NotifyStream, "xgroup-delconsumer", argv[2], c.DB)
	}
	c.WriteInt(int64(n))
}

// groupToNote is groupToRead for who notes what consumers have: to Redis that is a
// lookup to read, too.
func (c *Client) groupToNote(key, name []byte) (v store.StreamValue, g store.Group, found, ok bool) {
	if v, g, found, ok = c.groupToRead(key, name); found {
		c.keep(key)
	}
	return v, g, found, ok
}

// groupToRead finds the group under a key. ok is false when an error was replied.
func (c *Client) groupToRead(key, name []byte) (v store.StreamValue, g store.Group, found, ok bool) {
	e, ok := c.readTyped(key, store.Stream)
	if !ok || e == nil {
		return v, g, false, ok
	}
	v = c.streamOf(e)
	g, found = v.Group(name)
	return v, g, found, true
}

// noKeyOrGroup replies that a group is not there.
func (c *Client) noKeyOrGroup(key, name []byte) {
	c.WriteError("NOGROUP No such key '" + cString(key) + "' or consumer group '" + cString(name) + "'")
}

// cmdXack is XACK key group id [id ...].
func cmdXack(c *Client, argv [][]byte) {
	_, g, found, ok := c.groupToNote(argv[1], argv[2])
	if !ok {
		return
	}
	if !found {
		c.WriteInt(0)
		return
	}
	ids, ok := c.streamIDs(argv[3:])
	if !ok {
		return
	}
	n := 0
	for _, id := range ids {
		if p := g.Find(id); p != nil {
			g.Ack(p)
			n++
		}
	}
	c.srv.Dirty += int64(n)
	c.WriteInt(int64(n))
}

// cmdXpending is XPENDING key group [[IDLE min-idle-time] start end count
// [consumer]].
func cmdXpending(c *Client, argv [][]byte) {
	if len(argv) == 3 {
		_, g, found, ok := c.groupToRead(argv[1], argv[2])
		switch {
		case !ok:
		case !found:
			c.noKeyOrGroup(argv[1], argv[2])
		default:
			c.writePendingSummary(g)
		}
		return
	}
	if len(argv) < 6 || len(argv) > 9 {
		c.WriteError(ErrTextSyntax)
		return
	}
	var q pendingQuery
	if !q.parse(c, argv[3:]) {
		return
	}
	_, g, found, ok := c.groupToRead(argv[1], argv[2])
	switch {
	case !ok:
	case !found:
		c.noKeyOrGroup(argv[1], argv[2])
	default:
		q.write(c, g)
	}
}

func (c *Client) writePendingSummary(g store.Group) {
	c.WriteArray(4)
	c.WriteInt(int64(g.Pending()))
	if g.Pending() == 0 {
		c.WriteNull()
		c.WriteNull()
		c.WriteNullArray()
		return
	}
	first, last := g.Ends()
	c.writeStreamID(first)
	c.writeStreamID(last)
	d, n := c.Defer(), 0
	g.EachConsumer(func(who store.Consumer) {
		if who.Pending() > 0 {
			c.WriteArray(2)
			c.WriteBulk(who.Name())
			c.WriteBulkInt(int64(who.Pending()))
			n++
		}
	})
	c.SetArray(d, n)
}

// pendingQuery is the longer form of XPENDING.
type pendingQuery struct {
	idle       int64
	start, end store.StreamID
	count      int64
	consumer   []byte
}

func (q *pendingQuery) parse(c *Client, args [][]byte) (ok bool) {
	if equalFold(args[0], "idle") {
		if q.idle, ok = ParseInt(args[1]); !ok {
			c.WriteError(ErrTextNotInteger)
			return false
		}
		if len(args) < 5 {
			c.WriteError(ErrTextSyntax)
			return false
		}
		args = args[2:]
	}
	if q.count, ok = ParseInt(args[2]); !ok {
		c.WriteError(ErrTextNotInteger)
		return false
	}
	q.count = max(q.count, 0)
	if q.start, ok = c.streamEnd(args[0], false); !ok {
		return false
	}
	if q.end, ok = c.streamEnd(args[1], true); !ok {
		return false
	}
	if len(args) > 3 {
		q.consumer = args[3]
	}
	return true
}

func (q *pendingQuery) write(c *Client, g store.Group) {
	it := g.From(q.start)
	if q.consumer != nil {
		who, ok := g.Consumer(q.consumer)
		if !ok {
			c.WriteArray(0)
			return
		}
		it = who.From(q.start)
	}
	now := c.srv.Mstime()
	d, n := c.Defer(), int64(0)
	for n < q.count {
		p := it.Next()
		if p == nil || p.ID().Compare(q.end) > 0 {
			break
		}
		if q.idle != 0 && now-p.Time < q.idle {
			continue
		}
		n++
		c.WriteArray(4)
		c.writeStreamID(p.ID())
		who, _ := p.Consumer()
		c.WriteBulk(who.Name())
		c.WriteInt(max(now-p.Time, 0))
		c.WriteInt(p.Count)
	}
	c.SetArray(d, int(n))
}

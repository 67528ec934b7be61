package server

import "berth/internal/store"

// xinfoHelp is XINFO HELP.
var xinfoHelp = []string{
	"CONSUMERS <key> <groupname>",
	"    List the consumers of a group.",
	"GROUPS <key>",
	"    List the consumer groups of a stream.",
	"STREAM <key> [FULL [COUNT <count>]",
	"    Tell about a stream.",
}

// streamToShow finds the stream that XINFO is about. ok is false when an error was
// replied.
func (c *Client) streamToShow(key []byte) (v store.StreamValue, ok bool) {
	e := c.LookupRead(key)
	switch {
	case e == nil:
		c.WriteError(ErrTextNoKey)
		return v, false
	case e.Type() != store.Stream:
		c.WrongType()
		return v, false
	}
	return c.streamOf(e), true
}

// writeRead replies how many entries a group has read, and how many it has not.
func (c *Client) writeRead(v store.StreamValue, g store.Group) {
	c.WriteBulkString("entries-read")
	if g.Read() == unknownRead {
		c.WriteNull()
	} else {
		c.WriteInt(g.Read())
	}
	c.WriteBulkString("lag")
	switch {
	case v.Added() == 0:
		c.WriteInt(0)
		return
	case g.Read() != unknownRead && !hasTombstones(v, g.Last()):
		c.WriteInt(v.Added() - g.Read())
		return
	}
	if n := v.Distance(g.Last()); n != unknownRead {
		c.WriteInt(v.Added() - n)
		return
	}
	c.WriteNull()
}

// cmdXinfoConsumers is XINFO CONSUMERS key group.
func cmdXinfoConsumers(c *Client, argv [][]byte) {
	v, ok := c.streamToShow(argv[2])
	if !ok {
		return
	}
	g, ok := v.Group(argv[3])
	if !ok {
		c.WriteError(noGroupText(argv[3], argv[2]))
		return
	}
	now := c.srv.Mstime()
	c.WriteArray(g.Consumers())
	g.EachConsumer(func(who store.Consumer) {
		inactive := who.Active()
		if inactive != -1 {
			inactive = now - inactive
		}
		c.WriteMap(4)
		c.WriteBulkString("name")
		c.WriteBulk(who.Name())
		c.WriteBulkString("pending")
		c.WriteInt(int64(who.Pending()))
		c.WriteBulkString("idle")
		c.WriteInt(max(now-who.Seen(), 0))
		c.WriteBulkString("inactive")
		c.WriteInt(inactive)
	})
}

// cmdXinfoGroups is XINFO GROUPS key.
func cmdXinfoGroups(c *Client, argv [][]byte) {
	v, ok := c.streamToShow(argv[2])
	if !ok {
		return
	}
	c.WriteArray(v.Groups())
	v.EachGroup(func(name []byte, g store.Group) {
		c.WriteMap(6)
		c.WriteBulkString("name")
		c.WriteBulk(name)
		c.WriteBulkString("consumers")
		c.WriteInt(int64(g.Consumers()))
		c.WriteBulkString("pending")
		c.WriteInt(int64(g.Pending()))
		c.WriteBulkString("last-delivered-id")
		c.writeStreamID(g.Last())
		c.writeRead(v, g)
	})
}

// shownEntries is how many entries XINFO STREAM FULL shows if that is not said.
const shownEntries = 10

// cmdXinfoStream is XINFO STREAM key [FULL [COUNT count]].
func cmdXinfoStream(c *Client, argv [][]byte) {
	v, ok := c.streamToShow(argv[2])
	if !ok {
		return
	}
	full, count := len(argv) > 3, int64(shownEntries)
	if full && (len(argv) != 4 && len(argv) != 6 || !equalFold(argv[3], "full") || len(argv) == 6 && !equalFold(argv[4], "count")) {
		c.wrongSubcommand(argv)
		return
	}
	if len(argv) == 6 {
		if count, ok = ParseInt(argv[5]); !ok {
			c.WriteError(ErrTextNotInteger)
			return
		}
		if count < 0 {
			count = shownEntries
		}
	}
	if full {
		c.WriteMap(9)
	} else {
		c.WriteMap(10)
	}
	c.writeStreamHead(v)
	if full {
		c.writeStreamFull(v, count)
		return
	}
	c.WriteBulkString("groups")
	c.WriteInt(int64(v.Groups()))
	for _, last := range []bool{false, true} {
		if last {
			c.WriteBulkString("last-entry")
		} else {
			c.WriteBulkString("first-entry")
		}
		if it := v.Iter(store.StreamID{}, store.MaxStreamID, last); it.Next() {
			c.writeEntry(&it)
		} else {
			c.WriteNull()
		}
	}
}

// writeStreamHead replies the seven facts that both forms of XINFO STREAM have.
func (c *Client) writeStreamHead(v store.StreamValue) {
	c.WriteBulkString("length")
	c.WriteInt(int64(v.Len()))
	// There is no radix tree here; its nodes are counted as if each listpack had one
	// besides the root.
	c.WriteBulkString("radix-tree-keys")
	c.WriteInt(int64(v.Nodes()))
	c.WriteBulkString("radix-tree-nodes")
	c.WriteInt(int64(v.Nodes() + 1))
	c.WriteBulkString("last-generated-id")
	c.writeStreamID(v.Last())
	c.WriteBulkString("max-deleted-entry-id")
	c.writeStreamID(v.MaxDeleted())
	c.WriteBulkString("entries-added")
	c.WriteInt(v.Added())
	c.WriteBulkString("recorded-first-entry-id")
	c.writeStreamID(v.First())
}

func (c *Client) writeStreamFull(v store.StreamValue, count int64) {
	c.WriteBulkString("entries")
	c.writeEntries(v, store.StreamID{}, store.MaxStreamID, count, false)
	c.WriteBulkString("groups")
	c.WriteArray(v.Groups())
	v.EachGroup(func(name []byte, g store.Group) {
		c.WriteMap(7)
		c.WriteBulkString("name")
		c.WriteBulk(name)
		c.WriteBulkString("last-delivered-id")
		c.writeStreamID(g.Last())
		c.writeRead(v, g)
		c.WriteBulkString("pel-count")
		c.WriteInt(int64(g.Pending()))
		c.WriteBulkString("pending")
		c.writePending(g.From(store.StreamID{}), count, true)
		c.WriteBulkString("consumers")
		c.WriteArray(g.Consumers())
		g.EachConsumer(func(who store.Consumer) {
			c.WriteMap(5)
			c.WriteBulkString("name")
			c.WriteBulk(who.Name())
			c.WriteBulkString("seen-time")
			c.WriteInt(who.Seen())
			c.WriteBulkString("active-time")
			c.WriteInt(who.Active())
			c.WriteBulkString("pel-count")
			c.WriteInt(int64(who.Pending()))
			c.WriteBulkString("pending")
			c.writePending(who.From(store.StreamID{}), count, false)
		})
	})
}

// writePending replies pending entries, count at most or all if that is 0, with
// whose they are if named is set.
func (c *Client) writePending(it store.PendingIter, count int64, named bool) {
	d, n := c.Defer(), int64(0)
	for p := it.Next(); p != nil && (count == 0 || n < count); p = it.Next() {
		if named {
			who, _ := p.Consumer()
			c.WriteArray(4)
			c.writeStreamID(p.ID())
			c.WriteBulk(who.Name())
		} else {
			c.WriteArray(3)
			c.writeStreamID(p.ID())
		}
		c.WriteInt(p.Time)
		c.WriteInt(p.Count)
		n++
	}
	c.SetArray(d, int(n))
}

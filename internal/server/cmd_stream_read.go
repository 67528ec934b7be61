package server

import (
	"berth/internal/store"
)

// streamRead is XREAD and XREADGROUP as they are asked for.
type streamRead struct {
	group    bool // it is XREADGROUP
	name     []byte
	consumer []byte
	count    int64
	block    bool
	limit    int64 // how long to wait, 0 for ever
	noack    bool
	keys     [][]byte
	ids      []store.StreamID
	groups   []store.Group
}

// cmdXread is XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id
// [id ...] and XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds]
// [NOACK] STREAMS key [key ...] id [id ...].
func cmdXread(c *Client, argv [][]byte) {
	r := streamRead{group: c.cmd.Name == "xreadgroup"}
	ids, ok := r.parse(c, argv)
	if !ok || !r.resolve(c, ids) {
		return
	}
	n, d := 0, Deferred{}
	for i, key := range r.keys {
		e := c.LookupRead(key)
		if e == nil || e.Type() != store.Stream {
			continue
		}
		v := c.streamOf(e)
		start, history, consumer, ok := r.ready(c, v, i)
		if !ok {
			continue
		}
		if n++; n == 1 {
			d = c.Defer()
		}
		if c.RESP == 2 {
			c.WriteArray(2)
		}
		c.WriteBulk(key)
		start, _ = start.Next()
		switch {
		case !r.group:
			c.writeEntries(v, start, store.MaxStreamID, r.count, false)
		case history:
			c.writeDelivered(v, consumer, start, r.count)
		default:
			r.deliver(c, key, v, r.groups[i], consumer, start)
		}
		if r.group {
			c.srv.Dirty++
		}
	}
	if r.group {
		c.notPropagated() // what it did is
	}
	switch {
	case n == 0 && r.block && c.mayWait():
		r.wait(c, argv)
	case n == 0:
		c.WriteNullArray()
	case c.RESP == 2:
		c.SetArray(d, n)
	default:
		c.SetMap(d, n)
	}
}

// parse reads the options and keys, and returns the arguments with the IDs. ok is
// false when an error was replied.
func (r *streamRead) parse(c *Client, argv [][]byte) (ids [][]byte, ok bool) {
	for i := 1; i < len(argv); i++ {
		more := len(argv) - 1 - i
		switch word := argv[i]; {
		case more > 0 && equalFold(word, "block"):
			if c.Flags&FlagScript != 0 {
				c.WriteError("ERR " + cString(argv[0]) + " command is not allowed with BLOCK option from scripts")
				return nil, false
			}
			i++
			if r.limit, ok = c.waitMillis(argv[i]); !ok {
				return nil, false
			}
			r.block = true
		case more > 0 && equalFold(word, "count"):
			i++
			n, ok := ParseInt(argv[i])
			if !ok {
				c.WriteError(ErrTextNotInteger)
				return nil, false
			}
			r.count = max(n, 0)
		case more > 0 && equalFold(word, "streams"):
			rest := argv[i+1:]
			if len(rest)%2 != 0 {
				symbol := "$"
				if r.group {
					symbol = ">"
				}
				c.WriteError("ERR Unbalanced '" + c.cmd.Name + "' list of streams: for each stream key an ID or '" + symbol + "' must be specified.")
				return nil, false
			}
			r.keys, ids = rest[:len(rest)/2], rest[len(rest)/2:]
			i = len(argv)
		case more > 1 && equalFold(word, "group"):
			if !r.group {
				c.WriteError("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
				return nil, false
			}
			r.name, r.consumer = argv[i+1], argv[i+2]
			i += 2
		case equalFold(word, "noack"):
			if !r.group {
				c.WriteError("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
				return nil, false
			}
			r.noack = true
		default:
			c.WriteError(ErrTextSyntax)
			return nil, false
		}
	}
	switch {
	case ids == nil:
		c.WriteError(ErrTextSyntax)
		return nil, false
	case r.group && r.name == nil:
		c.WriteError("ERR Missing GROUP option for XREADGROUP")
		return nil, false
	}
	return ids, true
}

// wait has the client wait for one of the streams. The last ID that $ stands for
// is the one that it stands for now.
func (r *streamRead) wait(c *Client, argv [][]byte) {
	first := len(argv) - 2*len(r.keys)
	w := c.wait(waiting{kind: waitStream, from: first, n: len(r.keys), limit: r.limit, gone: r.group})
	for i, id := range r.ids {
		if arg := &w.argv[first+len(r.keys)+i]; string(*arg) == "$" {
			*arg = AppendStreamID(nil, id)
		}
	}
}

// resolve finds the groups and the IDs behind which to read; MaxStreamID stands
// for what the group has not seen.
func (r *streamRead) resolve(c *Client, ids [][]byte) bool {
	for i, arg := range ids {
		e, ok := c.readTyped(r.keys[i], store.Stream)
		if !ok {
			return false
		}
		if r.group {
			c.keep(r.keys[i])
			var g store.Group
			ok = false
			if e != nil {
				g, ok = c.streamOf(e).Group(r.name)
			}
			if !ok {
				c.WriteError("NOGROUP No such key '" + cString(r.keys[i]) + "' or consumer group '" + cString(r.name) + "' in XREADGROUP with GROUP option")
				return false
			}
			r.groups = append(r.groups, g)
		}
		var id store.StreamID
		switch {
		case string(arg) == "$" && r.group:
			c.WriteError("ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.")
			return false
		case string(arg) == "$":
			if e != nil {
				id = c.streamOf(e).Last()
			}
		case string(arg) == ">" && !r.group:
			c.WriteError("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
			return false
		case string(arg) == ">":
			id = store.MaxStreamID
		default:
			if id, ok = c.streamID(arg); !ok {
				return false
			}
		}
		r.ids = append(r.ids, id)
	}
	return true
}

// ready finds whether there is something to reply of stream i: the ID behind which
// it begins, whether that is what the consumer got before, and the consumer.
func (r *streamRead) ready(c *Client, v store.StreamValue, i int) (start store.StreamID, history bool, who store.Consumer, ok bool) {
	start = r.ids[i]
	top, some := v.Edge(false)
	if !r.group {
		return start, false, who, some && top.Compare(start) > 0
	}
	g := r.groups[i]
	switch {
	case start != store.MaxStreamID:
		history, ok = true, true
	case some && top.Compare(g.Last()) > 0:
		start, ok = g.Last(), true
	}
	if _, known := g.Consumer(r.consumer); !known && r.noack {
		// Nothing else will tell of it.
		c.beside(5).Word("XGROUP").Word("CREATECONSUMER").Arg(r.keys[i]).Arg(r.name).Arg(r.consumer)
		c.besideDone()
	}
	return start, history, c.consumerOf(g, r.keys[i], r.consumer), ok
}

// consumerOf finds a consumer, or adds it, and notes that it was seen.
func (c *Client) consumerOf(g store.Group, key, name []byte) store.Consumer {
	now := c.srv.Mstime()
	who, ok := g.Consumer(name)
	if !ok {
		who = g.AddConsumer(name, now)
		c.srv.notifyLater(NotifyStream, "xgroup-createconsumer", key, c.DB)
		c.srv.Dirty++
	}
	who.SetSeen(now)
	return who
}

// deliver replies entries that the group has not seen, and notes them as pending.
func (r *streamRead) deliver(c *Client, key []byte, v store.StreamValue, g store.Group, who store.Consumer, start store.StreamID) {
	now := c.srv.Mstime()
	d, n := c.Defer(), int64(0)
	moved := false
	var tmp [44]byte
	at := [3][]byte{1: key, 2: r.name}
	it := v.Iter(start, store.MaxStreamID, false)
	for it.Next() {
		if it.ID.Compare(g.Last()) > 0 {
			if g.Read() != unknownRead && !hasTombstones(v, it.ID) {
				g.SetRead(g.Read() + 1)
			} else if v.Added() != 0 {
				g.SetRead(v.Distance(it.ID))
			}
			g.SetLast(it.ID)
			moved = r.noack
		}
		c.writeEntry(&it)
		if !r.noack {
			p := g.Find(it.ID)
			if p == nil {
				p = g.Add(it.ID)
			}
			g.Assign(p, who)
			p.Time, p.Count = now, 1
			who.SetActive(now)
			c.besideClaim(at[:], g, AppendStreamID(tmp[:0], it.ID), who, p)
		}
		if n++; n == r.count {
			break
		}
	}
	if moved {
		c.besideGroup(key, r.name, g)
	}
	c.SetArray(d, int(n))
}

// writeDelivered replies what a consumer has pending from an ID on.
func (c *Client) writeDelivered(v store.StreamValue, who store.Consumer, start store.StreamID, count int64) {
	now := c.srv.Mstime()
	d, n := c.Defer(), int64(0)
	it := who.From(start)
	for p := it.Next(); p != nil; p = it.Next() {
		if c.writeOne(v, p.ID()) {
			p.Time = now
			p.Count++
		} else {
			c.WriteArray(2)
			c.writeStreamID(p.ID())
			c.WriteNullArray()
		}
		if n++; n == count {
			break
		}
	}
	c.SetArray(d, int(n))
}

// unknownRead stands for a number of entries read that is not known.
const unknownRead = -1

// hasTombstones reports whether an entry from start on was deleted.
func hasTombstones(v store.StreamValue, start store.StreamID) bool {
	gone := v.MaxDeleted()
	if v.Len() == 0 || gone == (store.StreamID{}) || v.First().Compare(gone) > 0 {
		return false
	}
	return start.Compare(gone) <= 0
}

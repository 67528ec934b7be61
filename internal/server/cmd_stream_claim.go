package server

import (
	"math"

	"berth/internal/store"
)

// claim is XCLAIM as it is asked for.
type claim struct {
	idle    int64 // what must be idle for so long, in milliseconds
	ids     []store.StreamID
	time    int64 // of delivery, -1 for now
	retries int64 // deliveries, -1 for one more
	force   bool
	justID  bool
	last    store.StreamID
}

// number reads an option's argument, replying text if it is none.
func (c *Client) number(arg []byte, text string) (int64, bool) {
	n, ok := ParseInt(arg)
	if !ok {
		c.WriteError(text)
	}
	return n, ok
}

// parse reads the arguments from the idle time on.
func (q *claim) parse(c *Client, args [][]byte) (ok bool) {
	if q.idle, ok = c.number(args[0], "ERR Invalid min-idle-time argument for XCLAIM"); !ok {
		return false
	}
	q.idle = max(q.idle, 0)
	q.time, q.retries = -1, -1
	args = args[1:]
	for ; len(args) > 0; args = args[1:] {
		id, _, ok := ParseStreamID(args[0], 0, idExact)
		if !ok {
			break
		}
		q.ids = append(q.ids, id)
	}
	now := c.srv.Mstime()
	for ; len(args) > 0; args = args[1:] {
		word, more := args[0], len(args) > 1
		switch {
		case equalFold(word, "force"):
			q.force = true
			continue
		case equalFold(word, "justid"):
			q.justID = true
			continue
		case more && equalFold(word, "idle"):
			if q.time, ok = c.number(args[1], "ERR Invalid IDLE option argument for XCLAIM"); ok {
				q.time = now - q.time
			}
		case more && equalFold(word, "time"):
			q.time, ok = c.number(args[1], "ERR Invalid TIME option argument for XCLAIM")
		case more && equalFold(word, "retrycount"):
			q.retries, ok = c.number(args[1], "ERR Invalid RETRYCOUNT option argument for XCLAIM")
		case more && equalFold(word, "lastid"):
			q.last, ok = c.streamID(args[1])
		default:
			c.WriteError("ERR Unrecognized XCLAIM option '" + cString(word) + "'")
			return false
		}
		if !ok {
			return false
		}
		args = args[1:]
	}
	if q.time != -1 && (q.time < 0 || q.time > now) || q.time == -1 {
		q.time = now
	}
	return true
}

// cmdXclaim is XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms]
// [TIME ms] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id].
func cmdXclaim(c *Client, argv [][]byte) {
	v, g, found, ok := c.groupToNote(argv[1], argv[2])
	if !ok {
		return
	}
	if !found {
		c.noKeyOrGroup(argv[1], argv[2])
		return
	}
	var q claim
	if !q.parse(c, argv[4:]) {
		return
	}
	moved := q.last.Compare(g.Last()) > 0
	if moved {
		g.SetLast(q.last)
	}
	who := c.consumerOf(g, argv[1], argv[3])
	now := c.srv.Mstime()
	d, n := c.Defer(), 0
	for i, id := range q.ids {
		p := g.Find(id)
		if !v.Has(id) {
			if p != nil {
				owner, _ := p.Consumer()
				c.besideClaim(argv, g, argv[5+i], owner, p)
				moved = false
				g.Ack(p)
				c.srv.Dirty++
			}
			continue
		}
		if p == nil {
			if !q.force {
				continue
			}
			p = g.Add(id)
			p.Count = 1
		} else if q.idle != 0 && now-p.Time < q.idle {
			continue
		}
		p.Time = q.time
		if q.retries >= 0 {
			p.Count = q.retries
		} else if !q.justID {
			p.Count++
		}
		c.take(v, g, p, who, q.justID)
		c.besideClaim(argv, g, argv[5+i], who, p)
		moved = false
		n++
	}
	if moved {
		c.besideGroup(argv[1], argv[2], g)
		c.srv.Dirty++
	}
	c.SetArray(d, n)
	c.notPropagated() // what it did is
}

// besideClaim propagates who has an entry pending. argv begins with a command, the
// key and the group, id is how the entry is named.
func (c *Client) besideClaim(argv [][]byte, g store.Group, id []byte, who store.Consumer, p *store.Pending) {
	w := c.beside(14)
	if w == nil {
		return
	}
	var tmp [44]byte
	w.Word("XCLAIM").Args(argv[1:3]).Arg(who.Name()).Word("0").Arg(id)
	w.Word("TIME").Int(p.Time).Word("RETRYCOUNT").Int(p.Count)
	w.Word("FORCE").Word("JUSTID").Word("LASTID").Arg(AppendStreamID(tmp[:0], g.Last()))
	c.besideDone()
}

// besideGroup propagates how far a group has read.
func (c *Client) besideGroup(key, name []byte, g store.Group) {
	w := c.beside(7)
	if w == nil {
		return
	}
	var tmp [44]byte
	w.Word("XGROUP").Word("SETID").Arg(key).Arg(name).Arg(AppendStreamID(tmp[:0], g.Last()))
	w.Word("ENTRIESREAD").Int(g.Read())
	c.besideDone()
}

// take gives a pending entry to a consumer and replies it.
func (c *Client) take(v store.StreamValue, g store.Group, p *store.Pending, who store.Consumer, justID bool) {
	g.Assign(p, who)
	if justID {
		c.writeStreamID(p.ID())
	} else {
		c.writeOne(v, p.ID())
	}
	who.SetActive(c.srv.Mstime())
	c.srv.Dirty++
}

const (
	// claimCount is how many entries XAUTOCLAIM claims at most if that is not said.
	claimCount = 100
	// claimTries is how many times as many it looks at.
	claimTries = 10
	// maxClaim is the greatest count: one that Redis can still multiply.
	maxClaim = math.MaxInt64 / 16
)

// cmdXautoclaim is XAUTOCLAIM key group consumer min-idle-time start [COUNT count]
// [JUSTID].
func cmdXautoclaim(c *Client, argv [][]byte) {
	e := c.LookupRead(argv[1])
	idle, ok := c.number(argv[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM")
	if !ok {
		return
	}
	start, ok := c.streamEnd(argv[5], false)
	if !ok {
		return
	}
	count, justID := int64(claimCount), false
	for i := 6; i < len(argv); i++ {
		switch {
		case equalFold(argv[i], "count") && i+1 < len(argv):
			i++
			if count, ok = ParseInt(argv[i]); !ok || count < 1 || count > maxClaim {
				c.WriteError("ERR COUNT must be > 0")
				return
			}
		case equalFold(argv[i], "justid"):
			justID = true
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	if e != nil && e.Type() != store.Stream {
		c.WrongType()
		return
	}
	var v store.StreamValue
	var g store.Group
	found := false
	if e != nil {
		v = c.streamOf(e)
		g, found = v.Group(argv[2])
	}
	if !found {
		c.noKeyOrGroup(argv[1], argv[2])
		return
	}
	c.keep(argv[1])
	c.autoclaim(argv, v, g, c.consumerOf(g, argv[1], argv[3]), max(idle, 0), start, count, justID)
	c.notPropagated() // what it did is
}

func (c *Client) autoclaim(argv [][]byte, v store.StreamValue, g store.Group, who store.Consumer, idle int64, start store.StreamID, count int64, justID bool) {
	now := c.srv.Mstime()
	c.WriteArray(3)
	var taken []*store.Pending
	var gone []store.StreamID
	var tmp [44]byte
	it := g.From(start)
	p := it.Next()
	for tries := count * claimTries; tries > 0 && count > 0 && p != nil; tries-- {
		id := p.ID()
		switch {
		case !v.Has(id):
			owner, _ := p.Consumer()
			c.besideClaim(argv, g, AppendStreamID(tmp[:0], id), owner, p)
			g.Ack(p)
			c.srv.Dirty++
			gone = append(gone, id)
			count--
			it = g.From(id) // what it pointed to has changed
		case idle == 0 || now-p.Time >= idle:
			p.Time = now
			if !justID {
				p.Count++
			}
			c.besideClaim(argv, g, AppendStreamID(tmp[:0], id), who, p)
			taken = append(taken, p)
			count--
		}
		p = it.Next()
	}
	next := store.StreamID{}
	if p != nil {
		next = p.ID()
	}
	c.writeStreamID(next)
	c.WriteArray(len(taken))
	for _, p := range taken {
		c.take(v, g, p, who, justID)
	}
	c.WriteArray(len(gone))
	for _, id := range gone {
		c.writeStreamID(id)
	}
}

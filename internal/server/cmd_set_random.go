package server

import (
	"berth/internal/ds"
	"berth/internal/store"
)

// cmdSrandmember is SRANDMEMBER key [count].
func cmdSrandmember(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError(ErrTextSyntax)
		return
	}
	if len(argv) == 2 {
		e, ok := c.readTyped(argv[1], store.Set)
		switch {
		case !ok:
		case e == nil:
			c.WriteNull()
		default:
			c.writeElem(c.setOf(e).Random())
		}
		return
	}
	n, distinct, ok := c.randomCount(argv[2:], "")
	if !ok {
		return
	}
	e, ok := c.readTyped(argv[1], store.Set)
	switch {
	case !ok:
	case e == nil || n == 0:
		c.WriteArray(0)
	default:
		c.randomMembers(c.setOf(e), n, distinct)
	}
}

func (c *Client) randomMembers(v store.SetValue, n int, distinct bool) {
	size := v.Len()
	if distinct {
		n = min(n, size)
	}
	c.WriteArray(n)
	switch {
	case !distinct || n == 1:
		for range n {
			if c.Flags&FlagCloseASAP != 0 {
				break // its output limit is reached: the rest would be for nobody
			}
			c.writeElem(v.Random())
		}
	case n == size:
		v.Each(func(e ds.Elem) bool { c.writeElem(e); return true })
	default:
		v.Pick(n, c.writeElem)
	}
}

// cmdSpop is SPOP key [count].
func cmdSpop(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError(ErrTextSyntax)
		return
	}
	if len(argv) == 3 {
		c.popMembers(argv)
		return
	}
	e, ok := c.writeTyped(argv[1], store.Set)
	if !ok {
		return
	}
	if e == nil {
		c.WriteNull()
		return
	}
	v := c.setOf(e)
	var tmp [20]byte
	member := v.Random().Bytes(tmp[:])
	c.WriteBulk(member)
	c.insteadOf(3).Word("SREM").Arg(argv[1]).Arg(member)
	v.Remove(member)
	c.srv.changed(NotifySet, "spop", argv[1], c.DB)
	c.dropEmptied(argv[1])
}

// popMembers is SPOP with a count.
func (c *Client) popMembers(argv [][]byte) {
	count, ok := ParseInt(argv[2])
	if !ok || count < 0 {
		c.WriteError("ERR value is out of range, must be positive")
		return
	}
	e, ok := c.writeTyped(argv[1], store.Set)
	if !ok {
		return
	}
	if e == nil || count == 0 {
		c.WriteSet(0)
		return
	}
	v := c.setOf(e)
	size := v.Len()
	n := int(min(count, int64(size)))
	switch {
	case n == size:
		c.writeMembers(v)
		c.srv.Notify(NotifySet, "spop", argv[1], c.DB)
		c.insteadDel(argv[1], c.srv.lazy.serverDel)
		if c.dropKey(argv[1]) {
			c.srv.Notify(NotifyGeneric, "del", argv[1], c.DB)
		}
		c.srv.Dirty += int64(n)
		return
	case (size-n)*popMove > n:
		c.popSome(v, argv[1], n)
	default:
		c.keepSome(e, argv[1], size-n)
	}
	c.notPropagated() // the removals are
	c.srv.changed(NotifySet, "spop", argv[1], c.DB)
	c.srv.Dirty += int64(n - 1)
}

// popMove is how many times as many members must be popped as stay, for a new
// set of those that stay to be the cheaper way.
const popMove = 5

// popSome pops n members, fewer than there are.
func (c *Client) popSome(v store.SetValue, key []byte, n int) {
	c.WriteSet(n)
	var names []byte
	var ends []int
	v.Pick(n, func(e ds.Elem) {
		c.writeElem(e)
		names = e.Append(names)
		ends = append(ends, len(names))
	})
	r := removals{c: c, key: key, left: n}
	from := 0
	for _, end := range ends {
		v.Remove(names[from:end])
		r.add(names[from:end])
		from = end
	}
}

// removals propagates that members left a set.
type removals struct {
	c    *Client
	key  []byte
	left int // members to come
	room int // those that the begun command has room for
	w    *CommandWriter
}

// removalsAtOnce is how many members one command removes at most.
const removalsAtOnce = 1024

// add takes the next member.
func (r *removals) add(member []byte) {
	if r.c.srv.propagate.to == 0 {
		return
	}
	if r.room == 0 {
		r.room = min(r.left, removalsAtOnce)
		r.w = r.c.beside(r.room + 2).Word("SREM").Arg(r.key)
	}
	r.w.Arg(member)
	r.left--
	if r.room--; r.room == 0 {
		r.c.besideDone()
	}
}

// keepSome pops all members but n.
func (c *Client) keepSome(e *store.Entry, key []byte, n int) {
	db, v := c.DBStore(), c.setOf(e)
	enc := store.ListPack
	if v.Encoding() == store.IntSet {
		enc = store.IntSet
	}
	loose := db.LooseSet(nil, enc)
	kept := db.Set(loose)
	v.Pick(n, func(e ds.Elem) { kept.AddElem(e) })
	c.WriteSet(v.Len() - n)
	r := removals{c: c, key: key, left: v.Len() - n}
	v.Each(func(e ds.Elem) bool {
		if !kept.HasElem(e) {
			c.writeElem(e)
			var tmp [20]byte
			r.add(e.Bytes(tmp[:]))
		}
		return true
	})
	db.Adopt(e, loose)
}

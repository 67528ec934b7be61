package server

import (
	"berth/internal/ds"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"sadd":        cmdSadd,
		"scard":       cmdScard,
		"sdiff":       cmdSunion,
		"sdiffstore":  cmdSunion,
		"sinter":      cmdSinter,
		"sintercard":  cmdSintercard,
		"sinterstore": cmdSinter,
		"sismember":   cmdSismember,
		"smembers":    cmdSmembers,
		"smismember":  cmdSmismember,
		"smove":       cmdSmove,
		"spop":        cmdSpop,
		"srandmember": cmdSrandmember,
		"srem":        cmdSrem,
		"sscan":       cmdSscan,
		"sunion":      cmdSunion,
		"sunionstore": cmdSunion,
	})
}

// setOf is the set of an entry of the client's database.
func (c *Client) setOf(e *store.Entry) store.SetValue { return c.DBStore().Set(e) }

// AddSet adds an empty set under a key that is not there, for about size members,
// first among them.
func (s *Server) AddSet(db int, key, first []byte, size int) *store.Entry {
	e := s.DBAt(db).AddSet(key, first, size)
	s.placed(db, e, key, true)
	return e
}

// PutEntry puts a loose entry in place of what its key holds.
func (s *Server) PutEntry(db int, loose *store.Entry) {
	d, key := s.DBAt(db), loose.Key()
	fresh := s.overwriting(db, key, d.Find(key)) == nil
	s.placed(db, d.Place(loose), key, fresh)
	s.Touch(db, key)
}

// cmdSadd is SADD key member [member ...].
func cmdSadd(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.Set)
	if !ok {
		return
	}
	if e == nil {
		e = c.srv.AddSet(c.DB, argv[1], argv[2], len(argv)-2)
	} else {
		c.setOf(e).Reserve(len(argv) - 2)
	}
	v, n := c.setOf(e), 0
	for _, member := range argv[2:] {
		if v.Add(member) {
			n++
		}
	}
	if n > 0 {
		c.srv.changed(NotifySet, "sadd", argv[1], c.DB)
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

// cmdSrem is SREM key member [member ...].
func cmdSrem(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.Set)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		v := c.setOf(e)
		for _, member := range argv[2:] {
			if v.Remove(member) {
				if n++; v.Len() == 0 {
					break
				}
			}
		}
	}
	if n > 0 {
		c.shrunk(NotifySet, "srem", argv[1])
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

// cmdSismember is SISMEMBER key member.
func cmdSismember(c *Client, argv [][]byte) {
	if e, ok := c.readTyped(argv[1], store.Set); ok {
		c.WriteInt(b2i(e != nil && c.setOf(e).Has(argv[2])))
	}
}

// cmdSmismember is SMISMEMBER key member [member ...].
func cmdSmismember(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Set)
	if !ok {
		return
	}
	c.WriteArray(len(argv) - 2)
	for _, member := range argv[2:] {
		c.WriteInt(b2i(e != nil && c.setOf(e).Has(member)))
	}
}

// cmdScard is SCARD key.
func cmdScard(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Set)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(c.setOf(e).Len()))
	}
}

// cmdSmembers is SMEMBERS key.
func cmdSmembers(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.Set)
	switch {
	case !ok:
	case e == nil:
		c.WriteSet(0)
	default:
		c.writeMembers(c.setOf(e))
	}
}

// writeMembers replies all members.
func (c *Client) writeMembers(v store.SetValue) {
	c.WriteSet(v.Len())
	v.Each(func(e ds.Elem) bool {
		c.writeElem(e)
		return true
	})
}

// cmdSmove is SMOVE source destination member.
func cmdSmove(c *Client, argv [][]byte) {
	from, to, member := c.LookupWrite(argv[1]), c.LookupWrite(argv[2]), argv[3]
	switch {
	case from == nil:
		c.WriteInt(0)
		return
	case from.Type() != store.Set || to != nil && to.Type() != store.Set:
		c.WrongType()
		return
	case from == to:
		c.WriteInt(b2i(c.setOf(from).Has(member)))
		return
	case !c.setOf(from).Remove(member):
		c.WriteInt(0)
		return
	}
	c.srv.changed(NotifySet, "srem", argv[1], c.DB)
	c.dropEmptied(argv[1])
	// Whoever heard of that may have changed the other key.
	to = c.DBStore().Find(argv[2])
	if to == nil {
		to = c.srv.AddSet(c.DB, argv[2], member, 1)
	}
	if to.Type() == store.Set && c.setOf(to).Add(member) {
		c.srv.changed(NotifySet, "sadd", argv[2], c.DB)
	}
	c.WriteInt(1)
}

// cmdSscan is SSCAN key cursor [MATCH pattern] [COUNT count].
func cmdSscan(c *Client, argv [][]byte) {
	c.scanValue(argv, store.Set, func(e *store.Entry, cursor uint64, add func(name, val ds.Elem)) uint64 {
		return c.setOf(e).Scan(cursor, func(member ds.Elem) { add(member, ds.Elem{}) })
	})
}

package server

import (
	"berth/internal/ds"
	"berth/internal/store"
)

func init() {
	const group = "set"
	registerFamily([]*Command{
		define(group, "sadd", -3, Write|DenyOOM|Fast, catSetWrite, "1.0.0", "O(1)", "Adds one or more members to a set. Creates the key if it doesn't exist.", cmdSadd).keys(1, 1, 1, keyInserts),
		define(group, "scard", 2, ReadOnly|Fast, catSetRead, "1.0.0", "O(1)", "Returns the number of members in a set.", cmdScard).keys(1, 1, 1, keyReadsNo),
		define(group, "sdiff", -2, ReadOnly, catSetRead, "1.0.0", "O(N)", "Returns the difference of multiple sets.", cmdSunion).keys(1, -1, 1, keyReads),
		define(group, "sdiffstore", -3, Write|DenyOOM, catSetWrite, "1.0.0", "O(N)", "Stores the difference of multiple sets in a key.", cmdSunion).keys(1, 1, 1, keySets).keys(2, -1, 1, keyReads).oldRange(1, -1, 1),
		define(group, "sinter", -2, ReadOnly, catSetRead, "1.0.0", "O(N*M)", "Returns the intersect of multiple sets.", cmdSinter).keys(1, -1, 1, keyReads),
		define(group, "sintercard", -3, ReadOnly, catSetRead, "7.0.0", "O(N*M)", "Returns the number of members of the intersect of multiple sets.", cmdSintercard).keyNum(1, keyReads),
		define(group, "sinterstore", -3, Write|DenyOOM, catSetWrite, "1.0.0", "O(N*M)", "Stores the intersect of multiple sets in a key.", cmdSinter).keys(1, 1, 1, keyUpdates).keys(2, -1, 1, keyReads).oldRange(1, -1, 1),
		define(group, "sismember", 3, ReadOnly|Fast, catSetRead, "1.0.0", "O(1)", "Determines whether a member belongs to a set.", cmdSismember).keys(1, 1, 1, keyReadsNo),
		define(group, "smembers", 2, ReadOnly, catSetRead, "1.0.0", "O(N)", "Returns all members of a set.", cmdSmembers).keys(1, 1, 1, keyReads),
		define(group, "smismember", -3, ReadOnly|Fast, catSetRead, "6.2.0", "O(N)", "Determines whether multiple members belong to a set.", cmdSmismember).keys(1, 1, 1, keyReads),
		define(group, "smove", 4, Write|Fast, catSetWrite, "1.0.0", "O(1)", "Moves a member from one set to another.", cmdSmove).keys(1, 1, 1, keyPops).keys(2, 2, 1, keyInserts).oldRange(1, 2, 1),
		define(group, "spop", -2, Write|Fast, catSetWrite, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.", "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.", cmdSpop).keys(1, 1, 1, keyPops),
		define(group, "srandmember", -2, ReadOnly, catSetRead, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.", "Get one or multiple random members from a set", cmdSrandmember).keys(1, 1, 1, keyReads),
		define(group, "srem", -3, Write|Fast, catSetWrite, "1.0.0", "O(N)", "Removes one or more members from a set. Deletes the set if the last member was removed.", cmdSrem).keys(1, 1, 1, KeyRW|KeyDelete),
		define(group, "sscan", -3, ReadOnly, catSetRead, "2.8.0", "O(1) for every call.", "Iterates over members of a set.", cmdSscan).keys(1, 1, 1, keyReads),
		define(group, "sunion", -2, ReadOnly, catSetRead, "1.0.0", "O(N)", "Returns the union of multiple sets.", cmdSunion).keys(1, -1, 1, keyReads),
		define(group, "sunionstore", -3, Write|DenyOOM, catSetWrite, "1.0.0", "O(N)", "Stores the union of multiple sets in a key.", cmdSunion).keys(1, 1, 1, keySets).keys(2, -1, 1, keyReads).oldRange(1, -1, 1),
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

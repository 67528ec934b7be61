package server

import (
	"math"
	"slices"

	"berth/internal/ds"
	"berth/internal/store"
)

// readSets finds the sets of keys; of those that are not there the handle is the
// zero one. ok is false when an error was replied.
func (c *Client) readSets(keys [][]byte) (sets []store.SetValue, missing int, ok bool) {
	sets = make([]store.SetValue, len(keys))
	for i, key := range keys {
		e, ok := c.readTyped(key, store.Set)
		if !ok {
			return nil, 0, false
		}
		if e == nil {
			missing++
			continue
		}
		sets[i] = c.setOf(e)
	}
	return sets, missing, true
}

var noSet store.SetValue

// storeSet puts the result of a command in place of what the key holds, or
// deletes that if the result is empty, and replies the number of members.
func (c *Client) storeSet(key []byte, loose *store.Entry, event string) {
	db := c.DBStore()
	n := db.Set(loose).Len()
	if n == 0 {
		db.Discard(loose)
		c.WriteInt(0)
		c.dropOld(key)
		return
	}
	c.srv.PutEntry(c.DB, loose)
	c.WriteInt(int64(n))
	c.srv.Notify(NotifySet, event, key, c.DB)
	c.srv.Dirty++
}

// dropKey deletes a key whose value a command has used up.
func (c *Client) dropKey(key []byte) bool {
	if !c.srv.DropKey(c.DB, key, false) {
		return false
	}
	c.srv.Touch(c.DB, key)
	return true
}

// dropOld deletes what a key holds that a command with an empty result was to
// store under.
func (c *Client) dropOld(key []byte) {
	if c.dropKey(key) {
		c.srv.Notify(NotifyGeneric, "del", key, c.DB)
		c.srv.Dirty++
	}
}

// cmdSinter is SINTER key [key ...] and SINTERSTORE destination key [key ...].
func cmdSinter(c *Client, argv [][]byte) {
	if c.cmd.Name == "sinterstore" {
		c.intersect(argv[2:], argv[1], false, 0)
		return
	}
	c.intersect(argv[1:], nil, false, 0)
}

// cmdSintercard is SINTERCARD numkeys key [key ...] [LIMIT limit].
func cmdSintercard(c *Client, argv [][]byte) {
	n, ok := ParseInt(argv[1])
	if !ok || n < 1 {
		c.WriteError("ERR numkeys should be greater than 0")
		return
	}
	if n > int64(len(argv)-2) {
		c.WriteError("ERR Number of keys can't be greater than number of args")
		return
	}
	limit := int64(0)
	for i := 2 + int(n); i < len(argv); i += 2 {
		if !equalFold(argv[i], "limit") || i+1 == len(argv) {
			c.WriteError(ErrTextSyntax)
			return
		}
		if limit, ok = ParseInt(argv[i+1]); !ok || limit < 0 {
			c.WriteError("ERR LIMIT can't be negative")
			return
		}
	}
	c.intersect(argv[2:2+n], nil, true, limit)
}

// intersect replies the members that all sets have, or stores them under a key,
// or only counts them, up to a limit if that is not 0.
func (c *Client) intersect(keys [][]byte, to []byte, count bool, limit int64) {
	sets, missing, ok := c.readSets(keys)
	switch {
	case !ok:
		return
	case missing > 0 && to != nil:
		c.WriteInt(0)
		c.dropOld(to)
		return
	case missing > 0 && count:
		c.WriteInt(0)
		return
	case missing > 0:
		c.WriteSet(0)
		return
	}
	slices.SortFunc(sets, func(a, b store.SetValue) int { return a.Len() - b.Len() })
	first, others := sets[0], sets[1:]
	if !count && to == nil {
		n, d := 0, c.Defer()
		eachCommon(first, others, func(e ds.Elem) bool {
			c.writeElem(e)
			n++
			return true
		})
		c.SetSet(d, n)
		return
	}
	if count {
		n := int64(0)
		if limit == 0 {
			limit = math.MaxInt64
		}
		eachCommon(first, others, func(ds.Elem) bool {
			n++
			return n < limit
		})
		c.WriteInt(n)
		return
	}
	c.storeCommon(first, others, to)
}

// eachCommon calls fn for the members that all sets have, until it returns false.
func eachCommon(first store.SetValue, others []store.SetValue, fn func(e ds.Elem) bool) {
	first.Each(func(e ds.Elem) bool {
		for _, o := range others {
			if !o.Is(first) && !o.HasElem(e) {
				return true
			}
		}
		return fn(e)
	})
}

// storeCommon is SINTERSTORE for sets that are there.
func (c *Client) storeCommon(first store.SetValue, others []store.SetValue, to []byte) {
	enc := store.ListPack
	if first.Encoding() == store.IntSet {
		enc = store.IntSet
	}
	db := c.DBStore()
	loose := db.LooseSet(to, enc)
	result, numbers := db.Set(loose), true
	eachCommon(first, others, func(e ds.Elem) bool {
		if _, isInt := e.Int(); !isInt && numbers {
			_, numbers = ds.ParseInt(e.Bytes(nil))
		}
		result.AddElem(e)
		return true
	})
	if numbers {
		result.ToInts()
	}
	c.storeSet(to, loose, "sinterstore")
}

// cmdSunion is SUNION and SDIFF key [key ...], SUNIONSTORE and SDIFFSTORE
// destination key [key ...].
func cmdSunion(c *Client, argv [][]byte) {
	name := c.cmd.Name
	keys, stored := argv[1:], name == "sunionstore" || name == "sdiffstore"
	if stored {
		keys = argv[2:]
	}
	sets, _, ok := c.readSets(keys)
	if !ok {
		return
	}
	db := c.DBStore()
	var to []byte
	if stored {
		to = argv[1]
	}
	loose := db.LooseSet(to, store.IntSet)
	result := db.Set(loose)
	if name == "sunion" || name == "sunionstore" {
		for _, v := range sets {
			if v != noSet {
				v.Each(func(e ds.Elem) bool { result.AddElem(e); return true })
			}
		}
	} else if sets[0] != noSet {
		subtract(result, sets[0], sets[1:])
	}
	if stored {
		c.storeSet(to, loose, name)
		return
	}
	c.writeMembers(result)
	db.Discard(loose)
}

// subtract puts the members of first that no other set has into result.
func subtract(result, first store.SetValue, others []store.SetValue) {
	probes, walk := first.Len(), first.Len()
	for _, o := range others {
		if o == noSet {
			continue
		}
		if o.Is(first) {
			return
		}
		probes += first.Len()
		walk += o.Len()
	}
	if probes/2 > walk {
		// Many sets, and smaller ones: to walk them costs less than to ask each for
		// every member.
		first.Each(func(e ds.Elem) bool { result.AddElem(e); return true })
		for _, o := range others {
			if o != noSet {
				o.Each(func(e ds.Elem) bool {
					var tmp [20]byte
					result.Remove(e.Bytes(tmp[:]))
					return true
				})
			}
		}
		return
	}
	first.Each(func(e ds.Elem) bool {
		for _, o := range others {
			if o != noSet && o.HasElem(e) {
				return true
			}
		}
		result.AddElem(e)
		return true
	})
}

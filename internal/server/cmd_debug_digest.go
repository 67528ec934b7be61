package server

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"

	"berth/internal/ds"
	"berth/internal/resp"
	"berth/internal/store"
)

// digest is a checksum of data. What is mixed in leaves a trace of its order,
// what is added does not: so hash tables that hold the same have the same one.
type digest [sha1.Size]byte

func (d *digest) add(b []byte) {
	sum := sha1.Sum(b)
	d.xor(sum)
}

func (d *digest) xor(o digest) {
	for i := range d {
		d[i] ^= o[i]
	}
}

func (d *digest) mix(b []byte) {
	d.add(b)
	*d = sha1.Sum(d[:])
}

func (d *digest) mixElem(e ds.Elem) {
	var tmp [20]byte
	d.mix(e.Bytes(tmp[:]))
}

func (d *digest) String() string { return hex.EncodeToString(d[:]) }

// printG17 writes a score as C's %.17g does.
func printG17(f float64) []byte {
	if math.IsInf(f, 0) {
		return resp.FormatDouble(nil, f)
	}
	return strconv.AppendFloat(nil, f, 'g', 17, 64)
}

// digesters mix the values of each built-in type into a digest.
var digesters = [...]func(db *store.DB, e *store.Entry, d *digest){
	store.String: func(_ *store.DB, e *store.Entry, d *digest) {
		var tmp [20]byte
		d.mix(e.Bytes(tmp[:]))
	},
	store.List: func(db *store.DB, e *store.Entry, d *digest) {
		db.List(e).Each(0, false, func(_ int, item ds.Elem) bool {
			d.mixElem(item)
			return true
		})
	},
	store.Set: func(db *store.DB, e *store.Entry, d *digest) {
		var tmp [20]byte
		db.Set(e).Each(func(member ds.Elem) bool {
			d.add(member.Bytes(tmp[:]))
			return true
		})
	},
	store.ZSet: func(db *store.DB, e *store.Entry, d *digest) {
		it := db.ZSet(e).Iter(0, false)
		for member, score, ok := it.Next(); ok; member, score, ok = it.Next() {
			var one digest
			one.mixElem(member)
			one.mix(printG17(score))
			d.add(one[:])
		}
	},
	store.Hash: func(db *store.DB, e *store.Entry, d *digest) {
		db.Hash(e).Each(func(field, val ds.Elem) bool {
			var one digest
			one.mixElem(field)
			one.mixElem(val)
			d.add(one[:])
			return true
		})
	},
	store.Stream: func(db *store.DB, e *store.Entry, d *digest) {
		it := db.Stream(e).Iter(store.StreamID{}, store.MaxStreamID, false)
		for it.Next() {
			id := strconv.AppendUint(nil, it.ID.MS, 10)
			d.mix(strconv.AppendUint(append(id, '.'), it.ID.Seq, 10))
			for field, val, ok := it.Field(); ok; field, val, ok = it.Field() {
				d.mixElem(field)
				d.mixElem(val)
			}
		}
	},
}

// digestValue mixes the value of an entry into d. The key must not alias the
// entry: a module's code may change anything.
func (s *Server) digestValue(db int, key []byte, e *store.Entry, d *digest) {
	d.mix(binary.BigEndian.AppendUint32(nil, uint32(e.Type())))
	expires := e.Expire() != 0
	if e.Type() == store.Module {
		v := e.Module()
		d.xor(v.Of().Digest(store.ModuleKey{DB: db, Key: key}, v.Value))
	} else if mix := digesters[e.Type()]; mix != nil {
		mix(s.DBAt(db), e, d)
	}
	if expires {
		d.add([]byte("!!expire!!"))
	}
}

// digestAll is the digest of the whole data set.
func (s *Server) digestAll() (all digest) {
	for i, data := range s.keyspace.dbs {
		if data.Len() == 0 {
			continue
		}
		all.mix(binary.BigEndian.AppendUint32(nil, uint32(i)))
		// Modules run while their values are digested: keys, not entries, are kept.
		var keys [][]byte
		data.Each(func(e *store.Entry) bool {
			if e.Type() == store.Module {
				keys = append(keys, append([]byte(nil), e.Key()...))
				return true
			}
			all.add(s.digestKey(i, e.Key(), e))
			return true
		})
		for _, key := range keys {
			if e := data.Find(key); e != nil {
				all.add(s.digestKey(i, key, e))
			}
		}
	}
	return all
}

func (s *Server) digestKey(db int, key []byte, e *store.Entry) []byte {
	var d digest
	d.mix(key)
	s.digestValue(db, key, e, &d)
	return d[:]
}

// debugDigest is DEBUG DIGEST.
func (c *Client) debugDigest() {
	d := c.srv.digestAll()
	c.WriteStatus(d.String())
}

// debugDigestValue is DEBUG DIGEST-VALUE key [key ...].
func (c *Client) debugDigestValue(keys [][]byte) {
	c.WriteArray(len(keys))
	for _, key := range keys {
		var d digest
		if e := c.DBStore().Find(key); e != nil {
			c.srv.digestValue(c.DB, key, e, &d)
		}
		c.WriteStatus(d.String())
	}
}

package server

import (
	"strconv"

	"berth/internal/hll"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"pfadd":      cmdPfadd,
		"pfcount":    cmdPfcount,
		"pfdebug":    cmdPfdebug,
		"pfmerge":    cmdPfmerge,
		"pfselftest": cmdPfselftest,
	})
}

const (
	errTextNotHLL     = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errTextDamagedHLL = "INVALIDOBJ Corrupted HLL object detected"
)

// isHLL reports whether an entry is a HyperLogLog, replying an error if not.
func (c *Client) isHLL(e *store.Entry) bool {
	if e.Type() != store.String {
		c.WrongType()
		return false
	}
	if _, isInt := e.StringInt(); isInt || hll.Check(e.Bytes(nil)) != nil {
		c.WriteError(errTextNotHLL)
		return false
	}
	return true
}

// sparseLimit is the length up to which a HyperLogLog stays sparse.
func (c *Client) sparseLimit() int { return int(c.srv.Config.Int("hll-sparse-max-bytes")) }

// hllToWrite finds a HyperLogLog and gives its bytes to be changed: those of a
// dense one where they are, those of a sparse one as a copy. ok is false when an
// error was replied; b is nil if there is none.
func (c *Client) hllToWrite(e *store.Entry) (b []byte, ok bool) {
	if e == nil {
		return nil, true
	}
	if !c.isHLL(e) {
		return nil, false
	}
	if _, b = c.DBStore().MutableString(e); !hll.Dense(b) {
		b = append(make([]byte, 0, len(b)+16), b...)
	}
	return b, true
}

// putHLL stores a HyperLogLog under a key that holds one, or nothing.
func (c *Client) putHLL(key, b []byte) {
	db := c.DBStore()
	e := db.Find(key)
	if e == nil {
		e = db.PutPlain(nil, key, b, false)
		c.srv.placed(c.DB, e, key, true)
		db.MutableString(e) // raw, as in Redis
		return
	}
	_, to := db.ResizeString(e, len(b))
	copy(to, b)
}

// cmdPfadd is PFADD key [element ...].
func cmdPfadd(c *Client, argv [][]byte) {
	e := c.LookupWrite(argv[1])
	b, ok := c.hllToWrite(e)
	if !ok {
		return
	}
	inPlace, n := b != nil && hll.Dense(b), 0
	if b == nil {
		b, n = hll.New(), 1
	}
	for _, element := range argv[2:] {
		changed := false
		var err error
		if b, changed, err = hll.Add(b, element, c.sparseLimit()); err != nil {
			c.WriteError(errTextDamagedHLL)
			return
		}
		n += int(b2i(changed))
	}
	if n > 0 {
		hll.Invalidate(b)
		if !inPlace {
			c.putHLL(argv[1], b)
		}
		c.srv.changed(NotifyString, "pfadd", argv[1], c.DB)
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(b2i(n > 0))
}

// merged merges the HyperLogLogs under keys. dense says that one of them is. ok is
// false when an error was replied.
func (c *Client) merged(keys [][]byte) (max []uint8, dense, ok bool) {
	max = make([]uint8, hll.Registers)
	for _, key := range keys {
		e := c.LookupRead(key)
		if e == nil {
			continue
		}
		if !c.isHLL(e) {
			return nil, false, false
		}
		b := e.Bytes(nil)
		dense = dense || hll.Dense(b)
		if hll.Merge(max, b) != nil {
			c.WriteError(errTextDamagedHLL)
			return nil, false, false
		}
	}
	return max, dense, true
}

// cmdPfcount is PFCOUNT key [key ...]. The estimate for a single key is kept with
// it.
func cmdPfcount(c *Client, argv [][]byte) {
	if len(argv) > 2 {
		if max, _, ok := c.merged(argv[1:]); ok {
			c.WriteInt(int64(hll.CountMerged(max)))
		}
		return
	}
	e := c.LookupRead(argv[1])
	if e == nil {
		c.WriteInt(0)
		return
	}
	if !c.isHLL(e) {
		return
	}
	_, b := c.DBStore().MutableString(e)
	n, ok := hll.Cached(b)
	if !ok {
		var err error
		if n, err = hll.Count(b); err != nil {
			c.WriteError(errTextDamagedHLL)
			return
		}
		hll.SetCached(b, n)
		c.srv.Touch(c.DB, argv[1])
		c.srv.Dirty++
	}
	c.WriteInt(int64(n))
}

// cmdPfmerge is PFMERGE destination [source ...].
func cmdPfmerge(c *Client, argv [][]byte) {
	max, dense, ok := c.merged(argv[1:])
	if !ok {
		return
	}
	b, ok := c.hllToWrite(c.LookupWrite(argv[1]))
	if !ok {
		return
	}
	if b == nil {
		b = hll.New()
	}
	var err error
	if dense {
		b, err = hll.ToDense(b)
	}
	for i, val := range max {
		if val > 0 && err == nil {
			b, _, err = hll.Raise(b, i, val, c.sparseLimit())
		}
	}
	if err != nil {
		c.WriteError(errTextDamagedHLL)
		return
	}
	hll.Invalidate(b)
	c.putHLL(argv[1], b)
	c.srv.changed(NotifyString, "pfadd", argv[1], c.DB)
	c.WriteOK()
}

// cmdPfdebug is PFDEBUG GETREG|DECODE|ENCODING|TODENSE key.
func cmdPfdebug(c *Client, argv [][]byte) {
	e := c.LookupWrite(argv[2])
	if e == nil {
		c.WriteError("ERR The specified key does not exist")
		return
	}
	b, ok := c.hllToWrite(e)
	if !ok {
		return
	}
	was := hll.Dense(b)
	toDense := func() bool {
		var err error
		if b, err = hll.ToDense(b); err != nil {
			c.WriteError(errTextDamagedHLL)
			return false
		}
		if !was {
			c.putHLL(argv[2], b)
			c.srv.Dirty++
		}
		return true
	}
	switch {
	case equalFold(argv[1], "getreg"):
		if toDense() {
			c.WriteArray(hll.Registers)
			for i := range hll.Registers {
				c.WriteInt(int64(hll.Register(b, i)))
			}
		}
	case equalFold(argv[1], "decode") && was:
		c.WriteError("ERR HLL encoding is not sparse")
	case equalFold(argv[1], "decode"):
		c.WriteBulkString(hll.Decode(b))
	case equalFold(argv[1], "encoding") && was:
		c.WriteStatus("dense")
	case equalFold(argv[1], "encoding"):
		c.WriteStatus("sparse")
	case equalFold(argv[1], "todense"):
		if toDense() {
			c.WriteInt(b2i(!was))
		}
	default:
		c.WriteError("ERR Unknown PFDEBUG subcommand '" + cString(argv[1]) + "'")
	}
}

// cmdPfselftest is PFSELFTEST: estimates must lie within four standard errors.
func cmdPfselftest(c *Client, _ [][]byte) {
	b, limit := hll.New(), c.sparseLimit()
	var tmp [20]byte
	for i := 1; i <= 100_000; i++ {
		var err error
		if b, _, err = hll.Add(b, strconv.AppendInt(tmp[:0], int64(i), 10), limit); err != nil {
			c.WriteError("ERR TESTFAILED " + err.Error())
			return
		}
		if i%10_000 != 0 {
			continue
		}
		n, _ := hll.Count(b)
		if off := float64(n) - float64(i); off*off > (4*0.0081*float64(i))*(4*0.0081*float64(i)) {
			c.WriteErrorf("ERR TESTFAILED Too big error. card:%d estimated:%d", i, n)
			return
		}
	}
	c.WriteOK()
}

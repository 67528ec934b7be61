package abi

import (
	"berth/internal/ds"
	"berth/internal/server"
	"berth/internal/store"
)

// scanCursor is RedisModuleScanCursor.
type scanCursor struct {
	at   uint64
	done bool
}

func apiScanCursorCreate(f *frame) { f.setPtr(newHandle(headScan, &scanCursor{}, f.locked())) }

func apiScanCursorRestart(f *frame) {
	if c := object[scanCursor](f, 0, headScan); c != nil {
		*c = scanCursor{}
	}
}

func apiScanCursorDestroy(f *frame) {
	if object[scanCursor](f, 0, headScan) != nil {
		freeHandle(f.uptr(0), f.locked())
	}
}

// names gathers what an iteration gives before a module sees it: the module may
// change or delete what is iterated over.
type names struct {
	data []byte
	ends []int
}

func (n *names) add(e ds.Elem) {
	n.data = e.Append(n.data)
	n.ends = append(n.ends, len(n.data))
}

func (n *names) at(i int) []byte {
	from := 0
	if i > 0 {
		from = n.ends[i-1]
	}
	return n.data[from:n.ends[i]]
}

// scanDone answers that there is nothing more, if so.
func (f *frame) scanDone(c *scanCursor) bool {
	f.setInt(0)
	if c.done {
		f.errno = errnoNoEntry
	}
	return c.done
}

func apiScan(f *frame) {
	ctx := f.ctx(0)
	c := object[scanCursor](f, 1, headScan)
	if ctx == nil || c == nil || f.scanDone(c) {
		return
	}
	fn, data := f.uptr(2), uint64(f.uptr(3))
	db := int(ctx.cell.db)
	var found names
	c.at = host.srv.DBAt(db).Scan(c.at, func(e *store.Entry) { found.add(ds.Raw(e.Key())) })
	c.done = c.at == 0
	for i := range found.ends {
		name := found.at(i)
		e := host.srv.OpenKey(db, name, server.OpenNoTouch|server.OpenNoExpire)
		if e == nil {
			continue // an earlier callback deleted it
		}
		k := newKey(ctx, name, modeRead)
		k.seen = true
		k.keep(k.data(), e)
		k.cell.head = headKey
		s := newString(name, true)
		ctx.module.enter(fn, uint64(ctx.addr()), uint64(s.addr()), uint64(k.addr()), data, 0, 0)
		s.release(true)
		if k.cell.head == headKey {
			k.close()
		}
	}
	f.setBool(!c.done)
	f.errno = errnoZero
}

func apiScanKey(f *frame) {
	f.setInt(0)
	if f.int(0) == 0 {
		f.errno = errnoInvalid
		return
	}
	k, c := f.key(0), object[scanCursor](f, 1, headScan)
	if k == nil || c == nil {
		return
	}
	e := k.entry()
	if e == nil {
		f.errno = errnoInvalid
		return
	}
	var found names
	add := func(name, val ds.Elem) { found.add(name); found.add(val) }
	db, hasValue := k.data(), true
	switch e.Type() {
	case store.Hash, store.Set, store.ZSet:
		if f.scanDone(c) {
			return
		}
	default:
		f.errno = errnoInvalid
		return
	}
	switch e.Type() {
	case store.Hash:
		c.at = db.Hash(e).Scan(c.at, add)
	case store.ZSet:
		enc := e.Encoding()
		c.at = db.ZSet(e).Scan(c.at, func(member ds.Elem, score float64) {
			add(member, ds.Raw(server.ScannedScore(enc, score)))
		})
	default:
		hasValue = false
		c.at = db.Set(e).Scan(c.at, found.add)
	}
	if c.at == 0 {
		c.done = true
	}
	f.callScanned(k, &found, hasValue)
	f.setBool(!c.done)
	f.errno = errnoZero
}

// callScanned gives what a scan of a key found to the module's callback.
func (f *frame) callScanned(k *key, found *names, hasValue bool) {
	fn, data, m := f.uptr(2), uint64(f.uptr(3)), k.m
	p := k.addr()
	for i := 0; i < len(found.ends); i++ {
		name := newString(found.at(i), true)
		var val *stringCell
		arg := uint64(0)
		if hasValue {
			i++
			val = newString(found.at(i), true)
			arg = uint64(val.addr())
		}
		m.enter(fn, uint64(p), uint64(name.addr()), arg, data, 0, 0)
		name.release(true)
		if val != nil {
			val.release(true)
		}
	}
}

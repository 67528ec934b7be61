package abi

import (
	"math"

	"berth/internal/server"
	"berth/internal/store"
)

func apiSelectDb(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	n := f.i32(1)
	if n < 0 || int(n) >= host.srv.DBCount() {
		f.setOK(false)
		return
	}
	ctx.cell.db = n
	if ctx.client != nil {
		ctx.client.DB = int(n)
	}
	f.setOK(true)
}

func apiKeyExists(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if s := f.string(1); s != nil {
		f.setBool(host.srv.OpenKey(int(ctx.cell.db), s.bytes(), server.OpenNoTouch) != nil)
	}
}

func apiOpenKey(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	name := f.string(1)
	if name == nil {
		return
	}
	mode := f.i32(2)
	if mode&modeWrite != 0 && host.srv.Frozen() {
		f.misuse("nothing can be changed while a key is about to go")
		return
	}
	e := host.srv.OpenKey(int(ctx.cell.db), name.bytes(), openFlags(mode))
	if e == nil && mode&modeWrite == 0 {
		return // NULL: there is nothing to read
	}
	k := newKey(ctx, name.bytes(), mode)
	if e != nil || mode&(modeNoExpire|modeNoEffects) == 0 {
		k.seen = e != nil
		k.keep(k.data(), e)
	}
	f.setPtr(k.open())
}

// openFlags are the flags for a mode of OpenKey, whose upper bits they are.
func openFlags(mode int32) server.OpenFlag {
	flags := server.OpenFlag(mode>>16) & (server.OpenWrite - 1)
	if mode&modeWrite != 0 {
		flags |= server.OpenWrite
	}
	return flags
}

func apiGetOpenKeyModesAll(f *frame) { f.setInt(modesAll) }

func apiCloseKey(f *frame) {
	if f.int(0) == 0 {
		return
	}
	if k := f.key(0); k != nil {
		k.ctx().untrack(k.addr())
		k.close()
	}
}

// keyTypes are the interface's numbers for the types of values.
var keyTypes = [...]int32{
	store.String: 1, store.List: 2, store.Hash: 3, store.Set: 4, store.ZSet: 5, store.Module: 6, store.Stream: 7,
}

func apiKeyType(f *frame) {
	f.setInt(0)
	if f.int(0) == 0 {
		return
	}
	if k := f.key(0); k != nil {
		k.entry()
		f.setInt(int64(k.cell.kind))
	}
}

func apiValueLength(f *frame) {
	f.setInt(0)
	if f.int(0) == 0 {
		return
	}
	if k := f.key(0); k != nil {
		if e := k.entry(); e != nil {
			f.setInt(int64(k.data().ValueLen(e)))
		}
	}
}

func apiDeleteKey(f *frame) {
	k := f.key(0)
	if k == nil || !f.writable(k) {
		return
	}
	host.srv.DropKey(k.db, k.name, false)
	f.setOK(true)
}

func apiUnlinkKey(f *frame) {
	k := f.key(0)
	if k == nil || !f.writable(k) {
		return
	}
	host.srv.DropKey(k.db, k.name, true)
	f.setOK(true)
}

// noExpire is REDISMODULE_NO_EXPIRE.
const noExpire = -1

// expire answers when the key ends, counted from now or from 1970.
func (f *frame) expire(absolute bool) {
	k := f.key(0)
	if k == nil {
		return
	}
	f.setInt(noExpire)
	e := k.entry()
	if e == nil || e.Expire() == 0 {
		return
	}
	t := e.Expire()
	if !absolute {
		t = max(0, t-host.srv.Mstime())
	}
	f.setInt(t)
}

func apiGetExpire(f *frame)    { f.expire(false) }
func apiGetAbsExpire(f *frame) { f.expire(true) }

func (f *frame) setExpire(absolute bool) {
	k := f.key(0)
	if k == nil || !f.writable(k) {
		return
	}
	t := f.i64(1)
	e := k.entry()
	if e == nil || t < 0 && t != noExpire {
		f.setOK(false)
		return
	}
	switch {
	case t == noExpire:
		k.data().Persist(e)
	case absolute:
		k.data().SetExpire(e, max(t, 1)) // 0 would be never
	case t > math.MaxInt64-host.srv.Mstime():
		f.setOK(false)
		return
	default:
		k.data().SetExpire(e, host.srv.Mstime()+t)
	}
	f.setOK(true)
}

func apiSetExpire(f *frame)    { f.setExpire(false) }
func apiSetAbsExpire(f *frame) { f.setExpire(true) }

func apiDbSize(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		f.setInt(int64(host.srv.DBAt(int(ctx.cell.db)).Len()))
	}
}

func apiRandomKey(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if name, ok := host.srv.RandomKey(int(ctx.cell.db), nil); ok {
		f.giveString(name)
	}
}

func apiGetDbIdFromModuleKey(f *frame) {
	f.setInt(-1)
	if f.int(0) == 0 {
		return
	}
	if k := f.key(0); k != nil {
		f.setInt(int64(k.db))
	}
}

// apiGetKeyNameFromModuleKey answers a string that lives as long as the key is
// open.
func apiGetKeyNameFromModuleKey(f *frame) {
	if f.int(0) == 0 {
		return
	}
	k := f.key(0)
	if k == nil {
		return
	}
	if k.string == nil {
		k.string = newString(k.name, true)
		k.used()
	}
	f.setPtr(k.string.addr())
}

func apiSignalModifiedKey(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if s := f.string(1); s != nil {
		host.srv.Touch(int(ctx.cell.db), s.bytes())
		f.setOK(true)
	}
}

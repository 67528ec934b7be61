package abi

import (
	"strings"
	"sync/atomic"
	"unsafe"

	"berth/internal/server"
	"berth/internal/store"
)

// The kinds of handles that belong to modules' own data types.
const (
	headType = headMagic | 0x60 | iota
	headIO
	headDigest
	headDefrag
	headOptCtx
)

func init() {
	headNames[headType] = "data type"
	headNames[headIO] = "IO context"
	headNames[headDigest] = "digest"
	headNames[headDefrag] = "defrag context"
	headNames[headOptCtx] = "key context"
}

// typeMethods is RedisModuleTypeMethods. A module built for an earlier version
// has a shorter one: what is behind its version is not to be read.
type typeMethods struct {
	version                                           uint64
	rdbLoad, rdbSave, aofRewrite, usage, digest, free uintptr // version 1
	auxLoad, auxSave                                  uintptr // version 2
	auxTriggers                                       int32
	_                                                 int32
	effort, unlink, copy, defrag                      uintptr // version 3
	usage2, effort2, unlink2, copy2                   uintptr // version 4
	auxSave2                                          uintptr // version 5
}

// typeMethodVersion is REDISMODULE_TYPE_METHOD_VERSION.
const typeMethodVersion = 5

// readMethods copies as much of the structure at p as its version has.
func readMethods(p uintptr) (t typeMethods) {
	from := (*typeMethods)(at(p))
	end := unsafe.Sizeof(t)
	switch from.version {
	case 1:
		end = unsafe.Offsetof(t.auxLoad)
	case 2:
		end = unsafe.Offsetof(t.effort)
	case 3:
		end = unsafe.Offsetof(t.usage2)
	case 4:
		end = unsafe.Offsetof(t.auxSave2)
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&t)), end), unsafe.Slice((*byte)(at(p)), end))
	return t
}

// dataType is RedisModuleType: a module's own type of values.
type dataType struct {
	m       *Module
	p       uintptr // the handle, for ever
	id      store.ModuleTypeID
	code    uint64 // the name and version as 54 and 10 bits, as snapshots have it
	name    string
	methods typeMethods
	gone    atomic.Bool // the module's code is not there any more, or crashed
}

var _ store.ModuleType = (*dataType)(nil)

// typeAlphabet is what names of types are made of, in the order of their codes.
const typeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// typeNameLen is how long every name is.
const typeNameLen = 9

// maxEncver is the highest version of an encoding.
const maxEncver = 1<<10 - 1

// typeCode packs a name and a version, 0 if either is not as it should be.
func typeCode(name []byte, encver int32) uint64 {
	if len(name) != typeNameLen || encver < 0 || encver > maxEncver {
		return 0
	}
	code := uint64(0)
	for _, c := range name {
		i := strings.IndexByte(typeAlphabet, c)
		if i < 0 {
			return 0
		}
		code = code<<6 | uint64(i)
	}
	return code<<10 | uint64(encver)
}

// dataType finds a type of any loaded module by its name. As in Redis a module
// that is being loaded does not count, so that it may use a name twice.
func (h *Host) dataType(name string) *dataType {
	for _, m := range h.Modules() {
		if m.onLoad {
			continue
		}
		for _, t := range m.types {
			if t.name == name {
				return t
			}
		}
	}
	return nil
}

// dropTypes lets go of the types of a module that failed to load.
func (m *Module) dropTypes() {
	var ids []store.ModuleTypeID
	for _, t := range m.types {
		ids = append(ids, t.id)
	}
	host.srv.DropModuleTypes(ids)
	for _, t := range m.types {
		t.gone.Store(true)
		freeHandle(t.p, true)
	}
	m.types = nil
}

// holdsLock says whether the calling thread holds the host lock.
func holdsLock() bool {
	tp := threadPointer()
	h := host.srv.HostLock.Holder()
	return h == int64(tp) || h == server.LoopHolder && tp == loopThread
}

// TypeName implements store.ModuleType.
func (t *dataType) TypeName() string { return t.name }

// FreeValue implements store.ModuleType. Like Redis's it may run on a thread
// that does not hold the host lock, beside the module's other code.
func (t *dataType) FreeValue(v uintptr) {
	switch {
	case t.methods.free == 0 || t.gone.Load():
	case holdsLock():
		t.m.call(server.ByDataType, t.methods.free, uint64(v), 0, 0, 0, 0, 0)
	default:
		_, _ = callFree(t.methods.free, uint64(v))
	}
}

// keyName runs fn with a string of the key's name.
func keyName(key store.ModuleKey, fn func(name uint64)) {
	s := newString(key.Key, true)
	fn(uint64(s.addr()))
	s.release(true)
}

// optCtx is RedisModuleKeyOptCtx: the keys that a callback is about.
type optCtx struct {
	from, to *stringCell // to may be nil
	db, toDB int
}

// withOptCtx runs fn with a context for one key, or two.
func withOptCtx(from store.ModuleKey, to *store.ModuleKey, fn func(ctx uint64)) {
	o := &optCtx{from: newString(from.Key, true), db: from.DB, toDB: -1}
	if to != nil {
		o.to, o.toDB = newString(to.Key, true), to.DB
	}
	p := newHandle(headOptCtx, o, true)
	fn(uint64(p))
	freeHandle(p, true)
	o.from.release(true)
	if o.to != nil {
		o.to.release(true)
	}
}

// Unlinked implements store.ModuleType.
func (t *dataType) Unlinked(key store.ModuleKey, v uintptr) {
	switch {
	case t.methods.unlink2 != 0:
		withOptCtx(key, nil, func(ctx uint64) { t.m.call(server.ByDataType, t.methods.unlink2, ctx, uint64(v), 0, 0, 0, 0) })
	case t.methods.unlink != 0:
		keyName(key, func(name uint64) { t.m.call(server.ByDataType, t.methods.unlink, name, uint64(v), 0, 0, 0, 0) })
	}
}

// Effort implements store.ModuleType.
func (t *dataType) Effort(key store.ModuleKey, v uintptr) int {
	n := uint64(1)
	switch {
	case t.methods.effort2 != 0:
		withOptCtx(key, nil, func(ctx uint64) { n = t.m.call(server.ByDataType, t.methods.effort2, ctx, uint64(v), 0, 0, 0, 0) })
	case t.methods.effort != 0:
		keyName(key, func(name uint64) { n = t.m.call(server.ByDataType, t.methods.effort, name, uint64(v), 0, 0, 0, 0) })
	}
	return clampSize(n)
}

// clampSize makes an int of a size_t.
func clampSize(n uint64) int { return int(min(n, 1<<63-1)) }

// CopyValue implements store.ModuleType.
func (t *dataType) CopyValue(from, to store.ModuleKey, v uintptr) (n uintptr, can bool) {
	switch {
	case t.methods.copy2 != 0:
		withOptCtx(from, &to, func(ctx uint64) {
			n = uintptr(t.m.call(server.ByDataType, t.methods.copy2, ctx, uint64(v), 0, 0, 0, 0))
		})
	case t.methods.copy != 0:
		keyName(from, func(a uint64) {
			keyName(to, func(b uint64) { n = uintptr(t.m.call(server.ByDataType, t.methods.copy, a, b, uint64(v), 0, 0, 0)) })
		})
	default:
		return 0, false
	}
	return n, true
}

// Usage implements store.ModuleType.
func (t *dataType) Usage(key store.ModuleKey, v uintptr, samples int) int {
	n := uint64(0)
	switch {
	case t.methods.usage2 != 0:
		withOptCtx(key, nil, func(ctx uint64) {
			n = t.m.call(server.ByDataType, t.methods.usage2, ctx, uint64(v), uint64(samples), 0, 0, 0)
		})
	case t.methods.usage != 0:
		n = t.m.call(server.ByDataType, t.methods.usage, uint64(v), 0, 0, 0, 0, 0)
	}
	return clampSize(n)
}

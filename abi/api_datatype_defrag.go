package abi

import (
	"time"

	"berth/internal/server"
	"berth/internal/store"
)

// defragCtx is RedisModuleDefragCtx.
type defragCtx struct {
	end    int64   // in microseconds since 1970; 0 for no end
	cursor *uint64 // nil unless the value may be done in steps
	key    *stringCell
	db     int
}

// Defrags implements store.ModuleType.
func (t *dataType) Defrags() bool { return t.methods.defrag != 0 }

// defragSlot is where a defrag context's cell has room for the value's address,
// which the callback may change.
const defragSlot = 16

// Defrag implements store.ModuleType.
func (t *dataType) Defrag(key store.ModuleKey, v uintptr, cursor *uint64, end int64) (uintptr, bool) {
	if t.methods.defrag == 0 {
		return v, false
	}
	d := &defragCtx{end: end, cursor: cursor, key: newString(key.Key, true), db: key.DB}
	p := newHandle(headDefrag, d, true)
	slot := p + defragSlot
	*(*uintptr)(at(slot)) = v
	more := int32(t.m.call(server.ByDefrag, t.methods.defrag, uint64(p), uint64(d.key.addr()), uint64(slot), 0, 0, 0)) != 0
	v = *(*uintptr)(at(slot))
	freeHandle(p, true)
	d.key.release(true)
	return v, more
}

// defragGlobals has every module move what belongs to no key.
func (h *Host) defragGlobals() {
	for _, m := range h.Modules() {
		if m.defrag == 0 {
			continue
		}
		p := newHandle(headDefrag, &defragCtx{db: -1}, true)
		m.call(server.ByDefrag, m.defrag, uint64(p), 0, 0, 0, 0, 0)
		freeHandle(p, true)
	}
}

// defragMax is the size from which on a block is not moved: the C library gives
// those a mapping each, so they leave no holes.
const defragMax = 64 << 10

// moveDown moves a block of the C heap to a lower address, if there is room for
// it, and returns 0 if there is not. So the heap becomes dense at its beginning
// and its end can be given back.
func moveDown(p uintptr) uintptr {
	n, ok := callFree(libcUsable, uint64(p))
	if !ok || n == 0 || n >= defragMax {
		return 0
	}
	q := mallocC(int(n))
	if q == 0 || q > p {
		freeC(q)
		return 0
	}
	copy(cbytes(q, int(n)), cbytes(p, int(n)))
	freeC(p)
	return q
}

func apiRegisterDefragFunc(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		ctx.module.defrag = f.uptr(1)
		f.setOK(true)
	}
}

// defragging returns the context in argument 0, or nil after reporting misuse.
func (f *frame) defragging() *defragCtx { return object[defragCtx](f, 0, headDefrag) }

func apiDefragAlloc(f *frame) {
	if f.defragging() == nil || f.int(1) == 0 {
		return
	}
	p := moveDown(f.uptr(1))
	host.srv.CountDefrag(p != 0)
	f.setPtr(p)
}

func apiDefragRedisModuleString(f *frame) {
	if f.defragging() == nil || f.string(1) == nil {
		return
	}
	// Strings lie in slabs of their own, in which a hole fits the next string: to
	// move one gains nothing.
	host.srv.CountDefrag(false)
}

func apiDefragValkeyModuleString(f *frame) { apiDefragRedisModuleString(f) }

func apiDefragShouldStop(f *frame) {
	if d := f.defragging(); d != nil {
		f.setBool(d.end != 0 && d.end < time.Now().UnixMicro())
	}
}

func apiDefragCursorSet(f *frame) {
	d := f.defragging()
	if d == nil {
		return
	}
	if d.cursor != nil {
		*d.cursor = f.int(1)
	}
	f.setOK(d.cursor != nil)
}

func apiDefragCursorGet(f *frame) {
	d := f.defragging()
	if d == nil {
		return
	}
	if d.cursor != nil {
		put(f.uptr(1), *d.cursor)
	}
	f.setOK(d.cursor != nil)
}

func apiGetKeyNameFromDefragCtx(f *frame) {
	if d := f.defragging(); d != nil && d.key != nil {
		f.setPtr(d.key.addr())
	}
}

func apiGetDbIdFromDefragCtx(f *frame) {
	if d := f.defragging(); d != nil {
		f.setInt(int64(d.db))
	}
}

package abi

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/resp"
	"berth/internal/store"
)

// Quick functions are Go code for calls so frequent and so small that entering
// Go would be most of their cost. Assembly calls them on the stack on which the
// module runs, which is its thread's system stack, as the runtime calls its own
// functions there. The thread is the one that has the host lock, the loop's or one of
// the module's, and for the scheduler it is in C all the while: they may not allocate, store a pointer in memory of the Go heap, take a lock
// or panic, nor call what does. TestQuick looks for that in the compiled code.
//
// A quick function does the whole of a call, or, where anything is unusual,
// nothing at all: then it returns false and the call enters Go after all. A
// fault in it counts as the module's: it comes from a pointer that was passed.

// quickArgs are a call's arguments, and what it returns.
type quickArgs struct {
	ints   [numInts]uint64
	ret    uint64
	floats [2]float64 // the first; there is a second for the stack's alignment
}

// quickEntries are where the quick functions begin, by their index: the code that takes
// its argument in a register, as Go code is called by Go code.
var quickEntries [numAPI]uintptr

func entryOf(f func(*quickArgs) bool) uintptr { return **(**uintptr)(unsafe.Pointer(&f)) }

// What leafStringDMA reads of an entry: its first word, where type and encoding are
// both 0, the flags for the words that follow, the lengths of the key and of the value
// behind it; then, with one flag, the address of a block that begins with its length.
const (
	entryKind      = 0xff
	entryFlags     = 32
	entryWords     = ds.FlagWord | ds.FlagExpire | ds.FlagLong
	entryBlock     = ds.FlagWord
	entryKey       = 40
	entryValue     = 48
	entryHead      = 8
	entryBlockHead = 16
)

// What the assembly reads of runtime.g, whose beginning is known to compilers,
// too.
const (
	gStackLow   = 0
	gStackHigh  = 8
	gStackGuard = 16
)

// awayRoom is what the runtime believes to be left of a stack that a module made for
// itself: as much as it assumes on threads of which it knows nothing else.
const awayRoom = 32 << 10

// quickRoom is how much of the system stack must be left for a quick function.
const quickRoom = 16 << 10

func (a *quickArgs) uptr(i int) uintptr { return uintptr(a.ints[i]) }

func (a *quickArgs) setOK(ok bool) {
	a.ret = statusErr
	if ok {
		a.ret = statusOK
	}
}

// ctx, string and key are what an argument is, or nil.
func (a *quickArgs) ctx(i int) *Context {
	if p := a.uptr(i); headOf(p) == headCtx {
		return (*Context)(at((*ctxCell)(at(p)).object))
	}
	return nil
}

func (a *quickArgs) key(i int) *key {
	if p := a.uptr(i); headOf(p) == headKey {
		return (*key)(at((*keyCell)(at(p)).object))
	}
	return nil
}

func (a *quickArgs) string(i int) *stringCell {
	if p := a.uptr(i); headOf(p) == headString {
		return stringAt(p)
	}
	return nil
}

// bytes are argument i, as many as the next argument says. More than any process has
// would be a panic: ok is false then.
func (a *quickArgs) bytes(i int) (b []byte, ok bool) {
	if a.ints[i+1] > 1<<40 {
		return nil, false
	}
	return cbytes(a.uptr(i), int(a.ints[i+1])), true
}

// known is what the key holds, if that is known without asking the database.
func (k *key) known() *store.Entry {
	c := k.cell
	if c.counter == 0 || *(*uint64)(at(c.counter)) != c.moves {
		return nil
	}
	return (*store.Entry)(at(c.entry))
}

// room is where the next n bytes of replies go, nil if they cannot be gathered.
func (a *quickArgs) room(n int) []byte {
	p := a.uptr(0)
	if headOf(p) != headCtx || uint(n) > scratchSize {
		return nil
	}
	if c := (*ctxCell)(at(p)); c.wpos != 0 && c.wpos+uintptr(n) <= c.wend {
		return unsafe.Slice((*byte)(at(c.wpos)), n)
	}
	return nil
}

// gathered ends a reply for which there was room.
func (a *quickArgs) gathered(n int) bool {
	(*ctxCell)(at(a.uptr(0))).wpos += uintptr(n)
	a.ret = statusOK
	return true
}

// bulk replies a string.
func (a *quickArgs) bulk(s []byte) bool {
	if len(s) > scratchSize {
		return false
	}
	n := resp.BulkSize(len(s))
	b := a.room(n)
	if b == nil {
		return false
	}
	resp.PutBulk(b, s)
	return a.gathered(n)
}

func quickReplyWithStringBuffer(a *quickArgs) bool {
	b, ok := a.bytes(1)
	return ok && a.bulk(b)
}

func quickReplyWithString(a *quickArgs) bool {
	s := a.string(1)
	return s != nil && a.bulk(s.bytes())
}

func quickReplyWithCString(a *quickArgs) bool {
	return a.uptr(1) != 0 && a.bulk(cview(a.uptr(1)))
}

func quickReplyWithSimpleString(a *quickArgs) bool {
	if a.uptr(1) == 0 {
		return false
	}
	s := cview(a.uptr(1))
	b := a.room(len(s) + 3)
	if b == nil {
		return false
	}
	for i, ch := range s {
		if ch == '\r' || ch == '\n' {
			return false
		}
		b[i+1] = ch
	}
	b[0], b[len(b)-2], b[len(b)-1] = '+', '\r', '\n'
	return a.gathered(len(b))
}

func quickGetContextFlags(a *quickArgs) bool {
	ctx := a.ctx(0)
	if ctx == nil && a.uptr(0) != 0 || host.srv.Config.Values.MaxMemory > 0 {
		return false
	}
	a.ret = uint64(ctx.stateFlags())
	return true
}

func quickOpenKey(a *quickArgs) bool {
	ctx, name, mode := a.ctx(0), a.string(1), int32(a.ints[2])
	if ctx == nil || name == nil || mode&^(modeRead|modeWrite) != 0 || !ctx.tracksMore() {
		return false
	}
	// The object behind the cell is taken as it was left, by a key that the same
	// module opened.
	p, b := keyCells.local, name.bytes()
	var k *key
	if p != 0 {
		k = (*key)(at((*keyCell)(at(p)).object))
	}
	fits := k != nil && k.m == ctx.module && cap(k.name) >= len(b)
	e, ok := host.srv.OpenQuietly(int(ctx.cell.db), b, openFlags(mode), fits)
	if !ok {
		return false
	}
	if e == nil && mode&modeWrite == 0 {
		a.ret = 0
		return true
	}
	keyCells.takeLocal()
	k.name = k.name[:len(b)]
	copy(k.name, b)
	k.begin(ctx, mode, e != nil)
	k.keep(host.srv.DBNow(k.db), e)
	k.cell.head = headKey
	ctx.trackNow(headKey, p)
	a.ret = uint64(p)
	return true
}

// quickCloseKey is for keys that were opened for writing or with automatic memory; of
// others the leaf function takes care.
func quickCloseKey(a *quickArgs) bool {
	k := a.key(0)
	if k == nil || k.cell.used != 0 || k.signals() && !host.srv.Unobserved() {
		return false
	}
	k.ctx().untrack(k.addr())
	keyCells.giveLocal(k.addr())
	return true
}

// moduleValue is what a key is known to hold, if a module made it.
func (a *quickArgs) moduleValue() (v store.ModuleValue, t *dataType) {
	k := a.key(0)
	if k == nil || k.mode&modeWrite != 0 && host.srv.Frozen() {
		return v, nil
	}
	if e := k.known(); e != nil && e.Type() == store.Module {
		v = e.Module()
		t, _ = v.Of().(*dataType)
	}
	return v, t
}

func quickModuleTypeGetType(a *quickArgs) bool {
	_, t := a.moduleValue()
	if t == nil {
		return false
	}
	a.ret = uint64(t.p)
	return true
}

func quickModuleTypeGetValue(a *quickArgs) bool {
	v, t := a.moduleValue()
	if t == nil {
		return false
	}
	a.ret = uint64(v.Value)
	return true
}

func quickStringDMA(a *quickArgs) bool {
	k, size := a.key(0), a.uptr(1)
	if k == nil || k.mode&modeWrite != 0 || size == 0 {
		return false
	}
	// Of any other encoding the value gets this one, as in Redis.
	e := k.known()
	if e == nil || e.Type() != store.String || e.Encoding() != store.Raw {
		return false
	}
	b := e.Stored()
	if len(b) == 0 {
		return false
	}
	*(*uint64)(at(size)) = uint64(len(b))
	a.ret = uint64(addrOf(&b[0]))
	return true
}

// quickHashGet serves calls for the value of one field.
func quickHashGet(a *quickArgs) bool {
	k, flags, field, out, more := a.key(0), int32(a.ints[1]), a.uptr(2), a.uptr(3), a.ints[4]
	if k == nil || flags&^hashCFields != 0 || field == 0 || out == 0 || more != 0 || host.srv.Frozen() {
		return false
	}
	e, ctx := k.known(), k.ctx()
	if e == nil || e.Type() != store.Hash || ctx == nil || !ctx.tracksMore() {
		return false
	}
	name, ok := a.fieldName(2, flags)
	if !ok {
		return false
	}
	var p uintptr
	if val, found := host.srv.DBNow(k.db).Hash(e).Get(name); found {
		if n, isInt := val.Int(); isInt {
			p = quickNumber(n)
		} else {
			p = quickString(val.Stored())
		}
		if p == 0 {
			return false
		}
	}
	if *(*uintptr)(at(out)) = p; p != 0 {
		ctx.trackNow(headString, p)
	}
	a.setOK(true)
	return true
}

// quickHashSet serves calls that give one field another value of about the same size.
func quickHashSet(a *quickArgs) bool {
	k, flags, field, value, more := a.key(0), int32(a.ints[1]), a.uptr(2), a.string(3), a.ints[4]
	if k == nil || k.mode&modeWrite == 0 || flags&^(hashXX|hashCFields|hashCountAll) != 0 || field == 0 || value == nil || more != 0 || host.srv.Frozen() {
		return false
	}
	e := k.known()
	if e == nil || e.Type() != store.Hash {
		return false
	}
	name, ok := a.fieldName(2, flags)
	if !ok || !host.srv.DBNow(k.db).Hash(e).Overwrite(name, value.bytes()) {
		return false
	}
	a.ret = 1
	return true
}

// fieldName is the name of a field in argument i, as the flags say.
func (a *quickArgs) fieldName(i int, flags int32) (name []byte, ok bool) {
	if flags&hashCFields != 0 {
		return cview(a.uptr(i)), true
	}
	if s := a.string(i); s != nil {
		return s.bytes(), true
	}
	return nil, false
}

// quickZsetAdd serves calls, without flags, that give a member another score.
func quickZsetAdd(a *quickArgs) bool {
	k, member, flags, score := a.key(0), a.string(1), a.uptr(2), a.floats[0]
	if k == nil || k.mode&modeWrite == 0 || member == nil || score != score || host.srv.Frozen() {
		return false
	}
	e := k.known()
	if e == nil || e.Type() != store.ZSet {
		return false
	}
	if flags != 0 {
		in := (*int32)(at(flags))
		if *in != 0 {
			return false
		}
		*in = 0 // what cannot be written is found out before anything changes
	}
	old, ok := host.srv.DBNow(k.db).ZSet(e).Rescore(member.bytes(), score)
	if !ok {
		return false
	}
	if old != score {
		put(flags, int32(zaddUpdated))
	}
	a.setOK(true)
	return true
}

func quickZsetScore(a *quickArgs) bool {
	k, member := a.key(0), a.string(1)
	if k == nil || member == nil || a.uptr(2) == 0 || host.srv.Frozen() {
		return false
	}
	e := k.known()
	if e == nil || e.Type() != store.ZSet {
		return false
	}
	score, have, ok := host.srv.DBNow(k.db).ZSet(e).TableScore(member.bytes())
	if have {
		*(*float64)(at(a.uptr(2))) = score
	}
	a.setOK(have)
	return ok
}

package abi

import (
	"unsafe"

	"berth/internal/ds"
	"berth/internal/server"
	"berth/internal/store"
)

// keyCell is the part of RedisModuleKey that leaf functions read. What the
// database said when it was last asked is good as long as its count of moves is
// the same.
type keyCell struct {
	word0   uintptr
	head    uint64
	counter uintptr // the address of the database's count of moves
	moves   uint64
	entry   uintptr
	kind    int32   // what KeyType answers
	quick   int32   // 1: closing the key has no consequences
	used    int32   // 1: closing it has to put right what begin does not
	object  uintptr // the key, which the cell's slot keeps, for quick functions
}

// key is RedisModuleKey: a key that a module opened. The value is looked up
// again when anything in its database moved, so that a key deleted behind the
// module's back is an empty key and not a dangling pointer.
//
// A key stays behind its cell when it is closed, for the next to be opened, with
// the last three fields as they are in a new one. Whoever sets one of them says
// that the key is used.
type key struct {
	cell  *keyCell
	owner ctxRef // in which it was opened
	m     *Module
	db    int
	name  []byte
	mode  int32
	// seen says that there was a value when the key was opened: it is one until
	// something deletes it, though its time be over.
	seen   bool
	string *stringCell       // the name, if the module asked for it
	cursor server.ZSetCursor // in a range of a sorted set
	stream keyStream         // the same for a stream
}

// newKey opens a key in a context. The host lock must be held.
func newKey(ctx *Context, name []byte, mode int32) *key {
	p := keyCells.alloc(true)
	slot := objectSlot(p)
	k := (*key)(*slot)
	if k == nil {
		k = new(key)
		*slot = unsafe.Pointer(k)
	}
	k.cell, k.m = (*keyCell)(at(p)), ctx.module
	k.cell.object = uintptr(unsafe.Pointer(k))
	k.name = append(k.name[:0], name...)
	k.begin(ctx, mode, false)
	return k
}

// begin gives a key what is no pointer.
func (k *key) begin(ctx *Context, mode int32, seen bool) {
	k.owner, k.db, k.mode, k.seen = ctx.ref(), int(ctx.cell.db), mode, seen
	k.cell.counter = 0
	k.cell.quick, k.cell.used = 0, 0
	if mode&modeWrite == 0 && ctx.flags&ctxAutoMemory == 0 {
		k.cell.quick = 1
	}
}

// open makes the key known to the module.
func (k *key) open() uintptr {
	k.cell.head = headKey
	p := k.addr()
	k.ctx().track(headKey, p)
	return p
}

// used has closing the key put right what begin does not.
func (k *key) used() { k.cell.quick, k.cell.used = 0, 1 }

func (k *key) addr() uintptr { return uintptr(unsafe.Pointer(k.cell)) }

// ctx is the context in which the key was opened, nil once that is over.
func (k *key) ctx() *Context { return k.owner.get() }

// The modes of OpenKey.
const (
	modeRead      = 1
	modeWrite     = 2
	modeNoTouch   = 1 << 16
	modeNoNotify  = 1 << 17
	modeNoStats   = 1 << 18
	modeNoExpire  = 1 << 19
	modeNoEffects = 1 << 20
	modesAll      = modeRead | modeWrite | modeNoTouch | modeNoNotify | modeNoStats | modeNoExpire | modeNoEffects
)

// entry is what the key holds now, nil when it is empty.
func (k *key) entry() *store.Entry {
	c := k.cell
	if c.counter == 0 || *(*uint64)(at(c.counter)) != c.moves {
		k.find()
	}
	return (*store.Entry)(at(c.entry))
}

// find asks the database what the key holds.
func (k *key) find() {
	var e *store.Entry
	switch {
	case k.seen && k.mode&modeWrite != 0:
		e = host.srv.FindForWrite(k.db, k.name)
	case k.seen:
		e = k.data().Find(k.name)
	case k.mode&modeWrite != 0:
		e = host.srv.LookupKeyForWrite(k.db, k.name)
	default:
		e = host.srv.LookupKey(k.db, k.name)
	}
	k.seen = k.seen || e != nil
	k.keep(k.data(), e)
}

// keep remembers what the key holds in its database.
func (k *key) keep(d *store.DB, e *store.Entry) {
	c := k.cell
	moves := d.Moves()
	c.counter, c.moves = uintptr(unsafe.Pointer(moves)), *moves
	c.entry, c.kind = uintptr(unsafe.Pointer(e)), 0
	if e != nil {
		c.kind = keyTypes[e.Type()]
	}
}

func (k *key) data() *store.DB { return host.srv.DBAt(k.db) }

// optNoSignal is the module option not to signal keys on their closing.
const optNoSignal = 2

// signals says that closing the key tells of a change.
func (k *key) signals() bool { return k.mode&modeWrite != 0 && k.m.options&optNoSignal == 0 }

// close ends the key's life and tells of what may have changed.
func (k *key) close() {
	if k.signals() {
		host.srv.Touch(k.db, k.name)
	}
	if k.string != nil {
		k.string.release(true)
		k.string = nil
	}
	k.cursor, k.stream = server.ZSetCursor{}, keyStream{}
	host.srv.TellWaiting()
	keyCells.free(k.addr(), true)
}

// key returns argument i, an open key, or nil after reporting misuse.
func (f *frame) key(i int) *key {
	k := object[key](f, i, headKey)
	if k != nil && k.mode&modeWrite != 0 && host.srv.Frozen() && f.index != fnCloseKey {
		f.misuse("nothing can be changed while a key is about to go")
		return nil
	}
	return k
}

// writable says whether the key in k may be changed; if not the call failed.
func (f *frame) writable(k *key) bool {
	if k.mode&modeWrite == 0 {
		f.setOK(false)
		f.errno = errnoBadType
		return false
	}
	return true
}

// dropEmpty deletes the key when its value has lost its last element.
func (k *key) dropEmpty(e *store.Entry) {
	if k.data().Emptied(e) {
		host.srv.DropKey(k.db, k.name, false)
	}
}

// give answers a string that the key's context tracks.
func (k *key) give(f *frame, b []byte) {
	s := newString(b, true)
	k.ctx().track(headString, s.addr())
	f.setPtr(s.addr())
}

// giveElem is give for an element of a value.
func (k *key) giveElem(f *frame, e ds.Elem) {
	var tmp [20]byte
	k.give(f, e.Bytes(tmp[:]))
}

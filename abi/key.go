package abi

import (
	"berth/internal/ds"
	"berth/internal/store"
)

// key is RedisModuleKey: a key that a module opened. The value is looked up at
// each use, so that a key deleted behind the module's back is an empty key and
// not a dangling pointer.
type key struct {
	owner *Context // nil once the context it was opened in is over
	m     *Module
	p     uintptr
	db    int
	name  []byte
	mode  int32
}

// The modes of OpenKey.
const (
	modeRead    = 1
	modeWrite   = 2
	modeNoTouch = 1 << 16
	modesAll    = modeRead | modeWrite | modeNoTouch
)

// entry is what the key holds now, nil when it is empty.
func (k *key) entry() *store.Entry { return host.srv.LookupKey(k.db, k.name) }

func (k *key) data() *store.DB { return host.srv.DBAt(k.db) }

// optNoSignal is the module option not to signal keys on their closing.
const optNoSignal = 2

// close ends the key's life and tells of what may have changed.
func (k *key) close() {
	if k.mode&modeWrite != 0 && k.m.options&optNoSignal == 0 {
		host.srv.Touch(k.db, k.name)
	}
	if k.owner != nil {
		k.owner.forgetKey(k)
	}
	freeHandle(k.p, true)
}

func (ctx *Context) forgetKey(k *key) {
	for i, o := range ctx.keys {
		if o == k {
			ctx.keys = append(ctx.keys[:i], ctx.keys[i+1:]...)
			return
		}
	}
}

// key returns argument i, an open key, or nil after reporting misuse.
func (f *frame) key(i int) *key { return object[key](f, i, headKey) }

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
		host.srv.DeleteKey(k.db, k.name)
	}
}

// give answers a string that the key's context tracks.
func (k *key) give(f *frame, b []byte) {
	s := newString(b, true)
	k.owner.track(headString, s.addr())
	f.setPtr(s.addr())
}

// giveElem is give for an element of a value.
func (k *key) giveElem(f *frame, e ds.Elem) {
	var tmp [20]byte
	k.give(f, e.Bytes(tmp[:]))
}

package abi

import (
	"golang.org/x/sys/unix"

	"berth/internal/ds"
	"berth/internal/store"
)

// The flags of HashSet and HashGet.
const (
	hashNX       = 1 << 0
	hashXX       = 1 << 1
	hashCFields  = 1 << 2
	hashExists   = 1 << 3
	hashCountAll = 1 << 4
)

// hashDelete is REDISMODULE_HASH_DELETE, a value that stands for no value.
const hashDelete = 1

const (
	errnoNoEntry   = int32(unix.ENOENT)
	errnoWrongKind = int32(unix.ENOTSUP)
)

// hashField reads the next field of the variable arguments. ok is false at the
// end of the list; a pointer that is no string was reported, and bad is true.
func (f *frame) hashField(v *varargs, flags int32) (field []byte, ok, bad bool) {
	p := v.ptr()
	switch {
	case p == 0:
		return nil, false, false
	case flags&hashCFields != 0:
		return cview(p), true, false
	case headOf(p) != headString:
		f.misusePointer(p, headString)
		return nil, false, true
	}
	return stringAt(p).bytes(), true, false
}

func apiHashSet(f *frame) {
	f.setInt(0)
	flags := f.i32(1)
	if f.int(0) == 0 || flags&^(hashNX|hashXX|hashCFields|hashCountAll) != 0 {
		f.errno = errnoInvalid
		return
	}
	k := f.key(0)
	if k == nil {
		return
	}
	e := k.entry()
	switch {
	case e != nil && e.Type() != store.Hash:
		f.errno = errnoWrongKind
		return
	case k.mode&modeWrite == 0:
		f.errno = errnoBadType
		return
	case e == nil:
		e = host.srv.AddHash(k.db, k.name)
	}
	h, n := k.data().Hash(e), 0
	for v := f.varargs(2); ; {
		field, ok, bad := f.hashField(&v, flags)
		if bad {
			n = 0
		}
		if !ok {
			break
		}
		p := v.ptr()
		if flags&(hashNX|hashXX) != 0 {
			if has := h.Has(field); flags&hashXX != 0 && !has || flags&hashNX != 0 && has {
				continue
			}
		}
		if p == hashDelete {
			if h.Delete(field) {
				n++
			}
			continue
		}
		if headOf(p) != headString {
			f.misusePointer(p, headString)
			n = 0
			break
		}
		// A field that is new counts only if all are to be counted.
		if val := stringAt(p).bytes(); !h.Set(field, val) || flags&hashCountAll != 0 {
			n++
		}
	}
	k.dropEmpty(e)
	f.setInt(int64(n))
	if n == 0 {
		f.errno = errnoNoEntry
	}
}

func apiHashGet(f *frame) {
	f.setOK(false)
	k := f.key(0)
	if k == nil {
		return
	}
	e, flags := k.entry(), f.i32(1)
	if e != nil && e.Type() != store.Hash {
		return
	}
	for v := f.varargs(2); ; {
		field, ok, bad := f.hashField(&v, flags)
		if bad {
			return
		}
		if !ok {
			break
		}
		out := v.ptr()
		var val ds.Elem
		found := false
		if e != nil {
			val, found = k.data().Hash(e).Get(field)
		}
		switch {
		case flags&hashExists != 0:
			n := int32(0)
			if found {
				n = 1
			}
			put(out, n)
		case found:
			var tmp [20]byte
			s := newString(val.Bytes(tmp[:]), true)
			k.ctx().track(headString, s.addr())
			put(out, s.addr())
		default:
			put(out, uintptr(0))
		}
	}
	f.setOK(true)
}

package abi

import (
	"golang.org/x/sys/unix"

	"berth/internal/store"
)

// The errors that list functions tell apart.
const (
	errnoDomain = int32(unix.EDOM)
)

// listHead is REDISMODULE_LIST_HEAD.
const listHead = 0

// fail answers REDISMODULE_ERR, or NULL where the function returns a pointer,
// with errno.
func (f *frame) fail(errno int32) {
	f.ret = apiFailure[f.index]
	f.errno = errno
}

// list returns the key in argument 0 and its entry, which is a list. When
// create is set the entry may be nil: the key is empty and may be made a list.
// mode is what the key must have been opened for.
func (f *frame) list(mode int32, create bool) (*key, *store.Entry) {
	if f.int(0) == 0 {
		f.fail(errnoInvalid)
		return nil, nil
	}
	k := f.key(0)
	if k == nil {
		return nil, nil
	}
	e := k.entry()
	if e == nil && !create || e != nil && e.Type() != store.List {
		f.fail(errnoWrongKind)
		return nil, nil
	}
	if k.mode&mode == 0 {
		f.fail(errnoBadType)
		return nil, nil
	}
	return k, e
}

// at turns the index in argument 1 into one from the beginning.
func (f *frame) at(l store.ListValue) (int, bool) {
	i, n := f.i64(1), int64(l.Len())
	if i < -n || i >= n {
		f.fail(errnoDomain)
		return 0, false
	}
	if i < 0 {
		i += n
	}
	return int(i), true
}

func apiListPush(f *frame) {
	if f.int(2) == 0 {
		f.fail(errnoInvalid)
		return
	}
	s := f.string(2)
	if s == nil {
		return
	}
	if k, e := f.list(modeWrite, true); k != nil {
		f.push(k, e, s, f.i32(1) == listHead)
	}
}

// push adds a copy of s at one end, making the list if need be.
func (f *frame) push(k *key, e *store.Entry, s *stringCell, head bool) {
	if e == nil {
		e = host.srv.AddList(k.db, k.name)
	}
	k.data().List(e).Push(head, s.bytes())
	f.setOK(true)
}

func apiListPop(f *frame) {
	k, e := f.list(modeWrite, false)
	if k == nil {
		return
	}
	l, head := k.data().List(e), f.i32(1) == listHead
	k.giveElem(f, l.Peek(head))
	l.Pop(head, 1)
	k.dropEmpty(e)
}

func apiListGet(f *frame) {
	k, e := f.list(modeRead, false)
	if k == nil {
		return
	}
	l := k.data().List(e)
	if i, ok := f.at(l); ok {
		k.giveElem(f, l.At(i))
	}
}

func apiListSet(f *frame) {
	if f.int(2) == 0 {
		f.fail(errnoInvalid)
		return
	}
	s := f.string(2)
	if s == nil {
		return
	}
	k, e := f.list(modeWrite, false)
	if k == nil {
		return
	}
	l := k.data().List(e)
	if i, ok := f.at(l); ok {
		l.Set(i, s.bytes())
		f.setOK(true)
	}
}

func apiListInsert(f *frame) {
	if f.int(2) == 0 {
		f.fail(errnoInvalid)
		return
	}
	s := f.string(2)
	if s == nil {
		return
	}
	index := f.i64(1)
	k, e := f.list(modeWrite, index == 0 || index == -1)
	if k == nil {
		return
	}
	n := int64(0)
	if e != nil {
		n = int64(k.data().List(e).Len())
	}
	switch {
	case index == n || index == -1:
		f.push(k, e, s, false)
	case index == 0 || index == -n-1:
		f.push(k, e, s, true)
	default:
		l := k.data().List(e)
		i, ok := f.at(l)
		if !ok {
			return
		}
		// Counted from the end, the item goes behind.
		l.Insert(i, s.bytes(), index < 0)
		f.setOK(true)
	}
}

func apiListDelete(f *frame) {
	k, e := f.list(modeWrite, false)
	if k == nil {
		return
	}
	l := k.data().List(e)
	if i, ok := f.at(l); ok {
		l.Delete(i, 1)
		k.dropEmpty(e)
		f.setOK(true)
	}
}

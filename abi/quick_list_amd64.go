package abi

import "berth/internal/store"

// list is the list that the key in argument 0, open for writing, is known to hold.
func (a *quickArgs) list() (k *key, l store.ListValue, ok bool) {
	k = a.key(0)
	if k == nil || k.mode&modeWrite == 0 || host.srv.Frozen() {
		return nil, l, false
	}
	e := k.known()
	if e == nil || e.Type() != store.List {
		return nil, l, false
	}
	return k, host.srv.DBNow(k.db).List(e), true
}

func quickListPush(a *quickArgs) bool {
	_, l, ok := a.list()
	s := a.string(2)
	if !ok || s == nil || !l.TryPush(int32(a.ints[1]) == listHead, s.bytes()) {
		return false
	}
	a.setOK(true)
	return true
}

// quickListPop leaves the last element to be taken out where the key can go.
func quickListPop(a *quickArgs) bool {
	k, l, ok := a.list()
	if !ok {
		return false
	}
	ctx, head := k.ctx(), int32(a.ints[1]) == listHead
	if ctx == nil || !ctx.tracksMore() {
		return false
	}
	e, ok := l.PeekQuietly(head)
	if !ok {
		return false
	}
	p := uintptr(0)
	if n, number := e.Int(); number {
		p = quickNumber(n)
	} else {
		p = quickString(e.Stored())
	}
	if p == 0 {
		return false
	}
	ctx.trackNow(headString, p)
	l.Cut(head)
	a.ret = uint64(p)
	return true
}

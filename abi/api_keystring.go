package abi

import "berth/internal/store"

func apiStringSet(f *frame) {
	k := f.key(0)
	if k == nil || !f.writable(k) {
		return
	}
	s := f.string(1)
	if s == nil {
		return
	}
	host.srv.ReplaceString(k.db, k.name, s.bytes())
	f.setOK(true)
}

// emptyBytes is where StringDMA points for an empty value.
var emptyBytes [1]byte

func apiStringDMA(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	f.setPtr(0)
	e := k.entry()
	if e == nil {
		put(f.uptr(1), uint64(0))
		f.setPtr(addrOf(&emptyBytes))
		return
	}
	if e.Type() != store.String {
		return
	}
	_, b := k.data().MutableString(e)
	put(f.uptr(1), uint64(len(b)))
	if len(b) == 0 {
		f.setPtr(addrOf(&emptyBytes))
		return
	}
	f.setPtr(addrOf(&b[0]))
}

// maxString is the longest string that StringTruncate makes.
const maxString = 512 << 20

func apiStringTruncate(f *frame) {
	k := f.key(0)
	if k == nil || !f.writable(k) {
		return
	}
	n := f.int(1)
	e := k.entry()
	if n > maxString || e != nil && e.Type() != store.String {
		f.setOK(false)
		return
	}
	f.setOK(true)
	if e == nil {
		if n == 0 {
			return
		}
		e = host.srv.ReplaceString(k.db, k.name, nil)
	}
	k.data().ResizeString(e, int(n))
}

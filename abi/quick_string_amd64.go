package abi

import (
	"berth/internal/mem"
	"berth/internal/resp"
	"berth/internal/server"
)

// quickString makes a string of what is at hand, or returns 0, also for nil.
func quickString(b []byte) uintptr {
	if b == nil || len(b) >= inlineString {
		return quickText(b)
	}
	p := stringCells.takeLocal()
	if p == 0 {
		return 0
	}
	s := stringAt(p)
	s.beginInline(len(b))
	copy(s.inner[:], b)
	return p
}

// quickText is quickString for one that has no room in its cell.
func quickText(b []byte) uintptr {
	if b == nil || len(b) >= mem.StockMax || stringCells.local == 0 {
		return 0
	}
	text := heldStock.Take(len(b) + 1)
	if text == 0 {
		return 0
	}
	p := stringCells.takeLocal()
	s := stringAt(p)
	s.beginHeap(text, len(b))
	copy(s.bytes(), b)
	return p
}

// giveString is the frame's.
func (a *quickArgs) giveString(b []byte) bool {
	ctx := a.ctx(0)
	if ctx == nil && a.uptr(0) != 0 || !ctx.tracksMore() {
		return false
	}
	p := quickString(b)
	if p == 0 {
		return false
	}
	ctx.trackNow(headString, p)
	a.ret = uint64(p)
	return true
}

func quickCreateString(a *quickArgs) bool {
	b, ok := a.bytes(1)
	return ok && a.giveString(b)
}

func quickCreateStringFromString(a *quickArgs) bool {
	s := a.string(1)
	return s != nil && a.giveString(s.bytes())
}

func quickCreateStringFromLongLong(a *quickArgs) bool {
	ctx := a.ctx(0)
	if ctx == nil && a.uptr(0) != 0 || !ctx.tracksMore() {
		return false
	}
	p := quickNumber(int64(a.ints[1]))
	if p == 0 {
		return false
	}
	ctx.trackNow(headString, p)
	a.ret = uint64(p)
	return true
}

// quickNumber is quickString for a number's digits.
func quickNumber(n int64) uintptr {
	var digits [20]byte
	return quickString(resp.Decimal(&digits, n))
}

func quickFreeString(a *quickArgs) bool {
	ctx, s := a.ctx(0), a.string(1)
	if ctx == nil && a.uptr(0) != 0 || s == nil {
		return false
	}
	last := s.refs <= 1
	if last && s.heap != 0 {
		n := s.room() + 1
		if n > mem.StockMax || heldStock.Over() {
			return false
		}
		heldStock.Give(s.ptr, n)
	}
	ctx.untrack(s.addr())
	if s.refs--; last {
		stringCells.giveLocal(s.addr())
	}
	return true
}

func quickRetainString(a *quickArgs) bool {
	ctx, s := a.ctx(0), a.string(1)
	if ctx == nil && a.uptr(0) != 0 || s == nil {
		return false
	}
	ctx.retain(s)
	return true
}

func quickStringToLongLong(a *quickArgs) bool {
	s := a.string(0)
	if s == nil || a.uptr(1) == 0 {
		return false
	}
	n, ok := server.ParseInt(s.bytes())
	if ok {
		*(*int64)(at(a.uptr(1))) = n
	}
	a.setOK(ok)
	return true
}

package abi

import (
	"bytes"
	"math"
	"strconv"

	"berth/internal/server"
)

// giveString answers a new string, which belongs to the module or, with
// automatic memory, to the context in argument 0.
func (f *frame) giveString(b []byte) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	s := newString(b, f.locked())
	ctx.track(headString, s.addr())
	f.setPtr(s.addr())
}

// apiCreateString makes zeros of no pointer, as Redis does.
func apiCreateString(f *frame) {
	b, n := cbytes(f.uptr(1), int(f.int(2))), int(f.int(2))
	if b == nil && n != 0 {
		if uint64(n) > 1<<40 {
			f.misuse("no string has so many bytes")
			return
		}
		b = make([]byte, n)
	}
	f.giveString(b)
}

func apiCreateStringFromLongLong(f *frame) {
	f.giveString(strconv.AppendInt(nil, f.i64(1), 10))
}

func apiCreateStringFromULongLong(f *frame) {
	f.giveString(strconv.AppendUint(nil, f.int(1), 10))
}

func apiCreateStringFromDouble(f *frame) {
	f.giveString(formatDouble(f.float(0)))
}

func apiCreateStringFromLongDouble(f *frame) {
	format := longAuto
	if f.i32(1) != 0 {
		format = longHuman
	}
	f.giveString(formatLong(f.longArg(), format))
}

func apiCreateStringFromString(f *frame) {
	if s := f.string(1); s != nil {
		f.giveString(s.bytes())
	}
}

func apiCreateStringPrintf(f *frame) {
	if b := f.sprintf(f.uptr(1), 2); b != nil {
		f.giveString(b)
	}
}

func apiFreeString(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	if s := f.string(1); s != nil {
		ctx.untrack(s.addr())
		s.release(f.locked())
	}
}

func apiRetainString(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	s := f.string(1)
	if s == nil {
		return
	}
	ctx.retain(s)
}

func apiHoldString(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	s := f.string(1)
	if s == nil {
		return
	}
	s.refs++
	ctx.track(headString, s.addr())
	f.setPtr(s.addr())
}

// nullText is what the string NULL reads as.
var nullText = []byte("(NULL string reply referenced in module)\x00")

func apiStringPtrLen(f *frame) {
	if f.int(0) == 0 {
		put(f.uptr(1), uint64(len(nullText)-1))
		f.setPtr(addrOf(&nullText[0]))
		return
	}
	if s := f.string(0); s != nil {
		put(f.uptr(1), s.len)
		f.setPtr(s.ptr)
	}
}

func apiStringToLongLong(f *frame) {
	s := f.string(0)
	if s == nil {
		return
	}
	n, ok := server.ParseInt(s.bytes())
	if ok {
		put(f.uptr(1), n)
	}
	f.setOK(ok)
}

func apiStringToULongLong(f *frame) {
	s := f.string(0)
	if s == nil {
		return
	}
	n, ok := parseUint(s.bytes())
	if ok {
		put(f.uptr(1), n)
	}
	f.setOK(ok)
}

// parseUint accepts what ParseInt does and what fits only without a sign.
func parseUint(b []byte) (uint64, bool) {
	if n, ok := server.ParseInt(b); ok {
		return uint64(n), n >= 0
	}
	if len(b) == 0 || b[0] < '1' || b[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b), 10, 64)
	return n, err == nil
}

func apiStringToDouble(f *frame) {
	s := f.string(0)
	if s == nil {
		return
	}
	d, ok := parseDouble(s.bytes())
	if ok {
		put(f.uptr(1), d)
	}
	f.setOK(ok)
}

// parseDouble reads a whole string as strtod does, by Redis's rules: no space
// before, nothing behind, no NaN, no overflow.
func parseDouble(b []byte) (float64, bool) {
	if len(b) == 0 || bytes.IndexByte(b, '_') >= 0 {
		return 0, false
	}
	d, err := strconv.ParseFloat(string(b), 64)
	return d, err == nil && !math.IsNaN(d)
}

func apiStringToLongDouble(f *frame) {
	s := f.string(0)
	if s == nil {
		return
	}
	ld, ok := parseLong(s.bytes())
	if ok {
		put(f.uptr(1), ld)
	}
	f.setOK(ok)
}

func apiStringCompare(f *frame) {
	a, b := f.string(0), f.string(1)
	if a == nil || b == nil {
		return
	}
	f.setInt(int64(bytes.Compare(a.bytes(), b.bytes())))
}

func apiStringAppendBuffer(f *frame) {
	if _, ok := f.optCtx(0); !ok {
		return
	}
	s := f.string(1)
	if s == nil {
		return
	}
	if s.refs != 1 {
		f.setOK(false) // others see it: it must not change
		return
	}
	s.append(cbytes(f.uptr(2), int(f.int(3))))
	f.setOK(true)
}

func apiTrimStringAllocation(f *frame) {
	if s := f.string(0); s != nil && s.refs == 1 {
		s.trim()
	}
}

func apiMallocSizeString(f *frame) {
	if s := f.string(0); s != nil {
		f.setInt(int64(s.size()))
	}
}

func apiCreateStringFromStreamID(f *frame) {
	id := *(*streamID)(at(f.uptr(1)))
	b := strconv.AppendUint(nil, id.ms, 10)
	f.giveString(strconv.AppendUint(append(b, '-'), id.seq, 10))
}

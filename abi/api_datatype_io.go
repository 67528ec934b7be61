package abi

import (
	"bytes"
	"math"
	"math/big"
)

func apiSaveUnsigned(f *frame) {
	if io := f.saving(); io != nil {
		io.w.ModuleUint(f.int(1))
	}
}

func apiSaveSigned(f *frame) { apiSaveUnsigned(f) }

func apiLoadUnsigned(f *frame) {
	io := f.loading()
	if io == nil || io.failed {
		return
	}
	n, err := io.r.ModuleUint()
	if err != nil {
		io.fail(err)
		return
	}
	f.setInt(int64(n))
}

func apiLoadSigned(f *frame) { apiLoadUnsigned(f) }

func apiSaveString(f *frame) {
	s := f.string(1)
	if s == nil {
		return
	}
	if io := f.saving(); io != nil {
		io.w.ModuleString(s.bytes())
	}
}

func apiSaveStringBuffer(f *frame) {
	if io := f.saving(); io != nil {
		io.w.ModuleString(f.buffer(1))
	}
}

// loadString reads a string. ok is false when the module is to get NULL, which
// one that does not look for errors never does.
func (f *frame) loadString() (s []byte, ok bool) {
	io := f.loading()
	if io == nil {
		return nil, false
	}
	if !io.failed {
		s, err := io.r.ModuleString()
		if err == nil {
			return s, true
		}
		io.fail(err)
	}
	return nil, io.t.m.options&optIOErrors == 0
}

func apiLoadString(f *frame) {
	if s, ok := f.loadString(); ok {
		f.setPtr(newString(s, f.locked()).addr())
	}
}

func apiLoadStringBuffer(f *frame) {
	s, ok := f.loadString()
	if !ok {
		return
	}
	p := object[moduleIO](f, 0, headIO).t.m.lendC(len(s))
	if p == 0 {
		return
	}
	copy(cbytes(p, len(s)), s)
	put(f.uptr(1), uint64(len(s)))
	f.setPtr(p)
}

func apiSaveDouble(f *frame) {
	if io := f.saving(); io != nil {
		io.w.ModuleDouble(f.float(0))
	}
}

func apiLoadDouble(f *frame) {
	io := f.loading()
	if io == nil || io.failed {
		return
	}
	x, err := io.r.ModuleDouble()
	if err != nil {
		io.fail(err)
		return
	}
	f.setFloat(x)
}

func apiSaveFloat(f *frame) {
	if io := f.saving(); io != nil {
		// A C float is the low half of its register.
		io.w.ModuleFloat(math.Float32frombits(uint32(f.floats[0][0])))
	}
}

func apiLoadFloat(f *frame) {
	io := f.loading()
	if io == nil || io.failed {
		return
	}
	x, err := io.r.ModuleFloat()
	if err != nil {
		io.fail(err)
		return
	}
	f.setFloat32(x)
}

// longHex writes all bits of a long double: its size differs among machines, and
// so it is saved as text.
const longHex longFormat = "%La\x00"

func apiSaveLongDouble(f *frame) {
	if io := f.saving(); io != nil {
		io.w.ModuleString(formatLong(f.longArg(), longHex))
	}
}

func apiLoadLongDouble(f *frame) {
	f.isLong, f.long = 1, [16]byte{}
	if s, ok := f.loadString(); ok {
		if x, _, err := big.ParseFloat(string(bytes.TrimSpace(s)), 0, longPrecision, big.ToNearestEven); err == nil {
			f.long = encodeLong(x)
		}
	}
}

func apiIsIOError(f *frame) {
	if io := object[moduleIO](f, 0, headIO); io != nil {
		f.setBool(io.failed)
	}
}

func apiGetContextFromIO(f *frame) {
	io := object[moduleIO](f, 0, headIO)
	if io == nil {
		return
	}
	if io.ctx == nil {
		io.ctx = newContext(io.t.m, nil, true)
		io.ctx.flags |= ctxTemporary
	}
	f.setPtr(io.ctx.addr())
}

func apiGetKeyNameFromIO(f *frame) {
	if io := object[moduleIO](f, 0, headIO); io != nil && io.key != nil {
		f.setPtr(io.key.addr())
	}
}

func apiGetDbIdFromIO(f *frame) {
	if io := object[moduleIO](f, 0, headIO); io != nil {
		f.setInt(int64(io.db))
	}
}

func apiLogIOError(f *frame) {
	if io := object[moduleIO](f, 0, headIO); io != nil {
		host.srv.Log(level(cstring(f.uptr(1))), "<%s> %s", io.t.m.name, f.sprintf(f.uptr(2), 3))
	}
}

func apiSaveDataTypeToString(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	t := f.dataType(2)
	if t == nil {
		return
	}
	if t.methods.rdbSave == 0 {
		f.misuse("the type " + t.name + " has no rdb_save")
		return
	}
	if w := plainWriter(); t.save(w, f.uptr(1), nil) {
		s := newString(w.B, true)
		ctx.track(headString, s.addr())
		f.setPtr(s.addr())
	}
}

// loadDataType answers the value that a string holds.
func (f *frame) loadDataType(encver int32) {
	s := f.string(0)
	if s == nil {
		return
	}
	t := f.dataType(1)
	if t == nil {
		return
	}
	if t.methods.rdbLoad == 0 {
		f.misuse("the type " + t.name + " has no rdb_load")
		return
	}
	// The module may free the string while it loads.
	f.setPtr(t.load(bytes.Clone(s.bytes()), encver, nil, false))
}

func apiLoadDataTypeFromString(f *frame)       { f.loadDataType(0) }
func apiLoadDataTypeFromStringEncver(f *frame) { f.loadDataType(f.i32(2)) }

package abi

import (
	"berth/internal/store"
)

func apiCreateDataType(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	name := cstring(f.uptr(1))
	code := typeCode([]byte(name), f.i32(2))
	if !ctx.module.onLoad || code == 0 || host.dataType(name) != nil {
		return
	}
	methods := readMethods(f.uptr(3))
	if methods.version == 0 {
		return
	}
	t := &dataType{m: ctx.module, code: code, name: name, methods: methods}
	t.id = store.AddModuleType(t)
	t.p = newHandle(headType, t, true)
	ctx.module.types = append(ctx.module.types, t)
	f.setPtr(t.p)
}

// dataType returns argument i, a type, or nil after reporting misuse.
func (f *frame) dataType(i int) *dataType { return object[dataType](f, i, headType) }

func apiModuleTypeSetValue(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	t := f.dataType(1)
	if t == nil {
		return
	}
	if k.mode&modeWrite == 0 {
		f.setOK(false)
		return
	}
	host.srv.SetModule(k.db, k.name, store.ModuleValue{Type: t.id, Value: f.uptr(2)})
	f.setOK(true)
}

// moduleEntry returns the entry of the key in argument 0 if it has a module's
// value, otherwise nil. The key may be NULL.
func (f *frame) moduleEntry() *store.Entry {
	if f.int(0) == 0 {
		return nil
	}
	if k := f.key(0); k != nil {
		if e := k.entry(); e != nil && e.Type() == store.Module {
			return e
		}
	}
	return nil
}

// isDataType reports whether a value is one that a module made.
func isDataType(v store.ModuleValue) bool {
	_, ok := v.Of().(*dataType)
	return ok
}

func apiModuleTypeGetType(f *frame) {
	if e := f.moduleEntry(); e != nil {
		if t, ok := e.Module().Of().(*dataType); ok {
			f.setPtr(t.p)
		}
	}
}

func apiModuleTypeGetValue(f *frame) {
	if e := f.moduleEntry(); e != nil {
		// What is kept for a module that is not loaded is no business of others.
		if v := e.Module(); isDataType(v) {
			f.setPtr(v.Value)
		}
	}
}

func apiModuleTypeReplaceValue(f *frame) {
	k := f.key(0)
	if k == nil {
		return
	}
	t := f.dataType(1)
	if t == nil {
		return
	}
	e := k.entry()
	if k.mode&modeWrite == 0 || e == nil || e.Type() != store.Module || e.Module().Type != t.id {
		f.setOK(false)
		return
	}
	put(f.uptr(3), e.Module().Value)
	e.SetModule(f.uptr(2))
	f.setOK(true)
}

func apiGetKeyNameFromOptCtx(f *frame) {
	if o := object[optCtx](f, 0, headOptCtx); o != nil {
		f.setPtr(o.from.addr())
	}
}

func apiGetToKeyNameFromOptCtx(f *frame) {
	if o := object[optCtx](f, 0, headOptCtx); o != nil && o.to != nil {
		f.setPtr(o.to.addr())
	}
}

func apiGetDbIdFromOptCtx(f *frame) {
	if o := object[optCtx](f, 0, headOptCtx); o != nil {
		f.setInt(int64(o.db))
	}
}

func apiGetToDbIdFromOptCtx(f *frame) {
	if o := object[optCtx](f, 0, headOptCtx); o != nil {
		f.setInt(int64(o.toDB))
	}
}

package abi

import (
	"slices"

	"berth/internal/server"
)

// filter is RedisModuleCommandFilter.
type filter struct {
	m  *Module
	f  *server.Filter
	p  uintptr
	fn uintptr
}

// filterCall is RedisModuleCommandFilterCtx: one command on its way through
// one filter. argv are strings that the call owns.
type filterCall struct {
	call    *server.FilterCall
	argv    []*stringCell
	changed bool
}

// filterNoSelf is REDISMODULE_CMDFILTER_NOSELF.
const filterNoSelf = 1

func apiRegisterCommandFilter(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	fl := &filter{m: ctx.module, fn: f.uptr(1)}
	fl.f = &server.Filter{Func: fl.run, NoSelf: f.i32(2)&filterNoSelf != 0, Owner: ctx.module}
	fl.p = newHandle(headFilter, fl, true)
	fl.m.filters[fl] = true
	host.srv.AddFilter(fl.f)
	f.setPtr(fl.p)
}

func apiUnregisterCommandFilter(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	fl := object[filter](f, 1, headFilter)
	if fl == nil {
		return
	}
	if fl.m != ctx.module {
		f.setOK(false)
		return
	}
	fl.remove()
	f.setOK(true)
}

func (fl *filter) remove() {
	host.srv.RemoveFilter(fl.f)
	delete(fl.m.filters, fl)
	freeHandle(fl.p, true)
}

// run passes a command through the module's function.
func (fl *filter) run(call *server.FilterCall) {
	fc := &filterCall{call: call}
	for _, a := range call.Argv {
		fc.argv = append(fc.argv, newString(a, true))
	}
	p := newHandle(headFilterCall, fc, true)
	fl.m.call(server.ByFilter, fl.fn, uint64(p), 0, 0, 0, 0, 0)
	freeHandle(p, true)
	if fc.changed {
		call.Argv = make([][]byte, len(fc.argv))
		for i, s := range fc.argv {
			call.Argv[i] = slices.Clone(s.bytes())
		}
	}
	for _, s := range fc.argv {
		s.release(true)
	}
}

func apiCommandFilterArgsCount(f *frame) {
	if fc := object[filterCall](f, 0, headFilterCall); fc != nil {
		f.setInt(int64(len(fc.argv)))
	}
}

func apiCommandFilterArgGet(f *frame) {
	fc := object[filterCall](f, 0, headFilterCall)
	if fc == nil {
		return
	}
	if i := int(f.i32(1)); i >= 0 && i < len(fc.argv) {
		f.setPtr(fc.argv[i].addr())
	}
}

// filterArg returns the call, the position in argument 1 and the string in
// argument 2, whose reference passes to the call.
func (f *frame) filterArg(most func(n int) int) (*filterCall, int, *stringCell) {
	fc := object[filterCall](f, 0, headFilterCall)
	if fc == nil {
		return nil, 0, nil
	}
	s := f.string(2)
	if s == nil {
		return nil, 0, nil
	}
	i := int(f.i32(1))
	if i < 0 || i > most(len(fc.argv)) {
		f.setOK(false)
		return nil, 0, nil
	}
	fc.changed = true
	f.setOK(true)
	return fc, i, s
}

func apiCommandFilterArgInsert(f *frame) {
	if fc, i, s := f.filterArg(func(n int) int { return n }); fc != nil {
		fc.argv = slices.Insert(fc.argv, i, s)
	}
}

func apiCommandFilterArgReplace(f *frame) {
	if fc, i, s := f.filterArg(func(n int) int { return n - 1 }); fc != nil {
		fc.argv[i].release(true)
		fc.argv[i] = s
	}
}

func apiCommandFilterArgDelete(f *frame) {
	fc := object[filterCall](f, 0, headFilterCall)
	if fc == nil {
		return
	}
	i := int(f.i32(1))
	if i < 0 || i >= len(fc.argv) {
		f.setOK(false)
		return
	}
	fc.argv[i].release(true)
	fc.argv = slices.Delete(fc.argv, i, i+1)
	fc.changed = true
	f.setOK(true)
}

func apiCommandFilterGetClientId(f *frame) {
	if fc := object[filterCall](f, 0, headFilterCall); fc != nil {
		f.setInt(int64(fc.call.Client.ID))
	}
}

package abi

import "slices"

// sharedAPI is a function that one module offers to others by name.
type sharedAPI struct {
	m  *Module
	fn uintptr
}

func apiExportSharedAPI(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	name := cstring(f.uptr(1))
	if _, taken := host.shared[name]; taken {
		f.setOK(false)
		return
	}
	host.shared[name] = sharedAPI{ctx.module, f.uptr(2)}
	ctx.module.apis = append(ctx.module.apis, name)
	f.setOK(true)
}

func apiGetSharedAPI(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	api, ok := host.shared[cstring(f.uptr(1))]
	if !ok {
		return
	}
	if !slices.Contains(ctx.module.uses, api.m) {
		ctx.module.uses = append(ctx.module.uses, api.m)
	}
	f.setPtr(api.fn)
}

package abi

import "bytes"

// prefixes are the names under which functions are asked for.
var prefixes = [][]byte{[]byte("RedisModule_"), []byte("ValkeyModule_")}

func apiGetApi(f *frame) {
	name := cview(f.uptr(0))
	for _, p := range prefixes {
		if rest, ok := bytes.CutPrefix(name, p); ok {
			i, ok := apiIndex[string(rest)]
			if m := host.running; ok && i == fnBlockedClientDisconnected && m != nil {
				m.freeTakesContext = true
			}
			if ok && apiAddr[i] != 0 {
				addr := heapFunc(host.running, i)
				if addr == 0 {
					addr = apiAddr[i]
				}
				put(f.uptr(1), addr)
				f.setOK(true)
				return
			}
		}
	}
	put(f.uptr(1), uintptr(0))
	f.setOK(false)
}

// apiSetModuleAttribs gives a module its name. RedisModule_Init calls it once
// it has asked IsModuleNameBusy.
func apiSetModuleAttribs(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	m := ctx.module
	if m.name != "" {
		return // Redis ignores a second call as well
	}
	m.name, m.version, m.apiver = cstring(f.uptr(1)), int(f.i32(2)), int(f.i32(3))
	m.meter.Name = m.name
}

func apiIsModuleNameBusy(f *frame) {
	f.setBool(host.Module(cstring(f.uptr(0))) != nil)
}

func apiSetModuleOptions(f *frame) {
	if ctx := f.ctx(0); ctx != nil {
		ctx.module.options = int(f.i32(1))
	}
}

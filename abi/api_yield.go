package abi

// yieldClients is REDISMODULE_YIELD_FLAG_CLIENTS.
const yieldClients = 2

func apiYield(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	running := host.running
	host.srv.YieldNow(&ctx.yield, cstring(f.uptr(2)), f.i32(1)&yieldClients != 0)
	host.running = running
}

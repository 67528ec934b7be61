package abi

import (
	"os"

	"berth/internal/server"
)

// level translates a level's name; an unknown one counts as verbose.
func level(name string) server.Level {
	switch name {
	case "debug":
		return server.LogDebug
	case "notice":
		return server.LogNotice
	case "warning":
		return server.LogWarning
	}
	return server.LogVerbose
}

func apiLog(f *frame) {
	name := "module"
	if ctx, ok := f.optCtx(0); ctx != nil && ctx.module != nil {
		name = ctx.module.name
	} else if !ok {
		return
	}
	host.srv.Log(level(cstring(f.uptr(1))), "<%s> %s", name, f.sprintf(f.uptr(2), 3))
}

func api_Assert(f *frame) {
	host.srv.Log(server.LogWarning, "=== ASSERTION FAILED in module %s ===", f.callerName())
	host.srv.Log(server.LogWarning, "==> %s:%d '%s' is not true", cstring(f.uptr(1)), f.i32(2), cstring(f.uptr(0)))
	os.Exit(1) // the module asked for the end of the process
}

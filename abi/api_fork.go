package abi

import (
	"math"

	"berth/internal/config"
	"berth/internal/server"
)

func apiFork(f *frame) {
	pid, errno := host.fork(f.uptr(0), f.uptr(1))
	if errno != 0 {
		host.srv.Log(server.LogWarning, "Can't fork for module: %s", config.SysText(errno))
		f.errno = int32(errno)
	}
	f.setInt(int64(pid))
}

func apiExitFromChild(f *frame) {
	if !host.srv.InFork() {
		f.misuse("this is not the process that was forked")
		return
	}
	host.forked.tell(forkDirtied, uint64(privateMemory()))
	exitProcess(int(f.i32(0)))
}

func apiSendChildHeartbeat(f *frame) {
	if host.srv.InFork() {
		host.forked.tell(forkProgress, math.Float64bits(f.float(0)))
	}
}

func apiKillForkChild(f *frame) {
	f.setOK(host.killFork(int(f.i32(0))))
}

package abi

import (
	"berth/internal/server"
)

// The flags of a context, by the interface's bits. Those that belong to what
// berth has not (replicas) are never set.
const (
	flagLua          = 1 << 0
	flagMulti        = 1 << 1
	flagMaster       = 1 << 2
	flagAOF          = 1 << 6
	flagRDB          = 1 << 7
	flagMaxMemory    = 1 << 8
	flagEvict        = 1 << 9
	flagOOM          = 1 << 10
	flagOOMWarning   = 1 << 11
	flagLoading      = 1 << 13
	flagActiveChild  = 1 << 18
	flagMultiDirty   = 1 << 19
	flagIsChild      = 1 << 20
	flagDenyBlocking = 1 << 21
	flagRESP3        = 1 << 22
	flagStartup      = 1 << 24
	flagsAll         = 1<<25 - 1
)

// oomWarning is the share of maxmemory from which modules are warned.
const oomWarning = 0.75

func apiGetContextFlags(f *frame) {
	ctx, ok := f.optCtx(0)
	if !ok {
		return
	}
	flags := ctx.stateFlags()
	if limit := host.srv.Config.Values.MaxMemory; limit > 0 {
		used := float64(host.srv.UsedMemory()) / float64(limit)
		flags |= flagMaxMemory |
			flagIf(flagEvict, host.srv.Config.String("maxmemory-policy") != "noeviction") |
			flagIf(flagOOM, used > 1) |
			flagIf(flagOOMWarning, used > oomWarning)
	}
	f.setInt(flags)
}

// stateFlags are all flags but those about memory. The context may be nil.
func (ctx *Context) stateFlags() int64 {
	s := host.srv
	flags := flagMaster |
		flagIf(flagLua, s.ScriptRunning()) |
		flagIf(flagMulti, s.InExec()) |
		flagIf(flagLoading, s.Loading()) |
		flagIf(flagActiveChild, s.SnapshotRunning() != nil || s.ForkRunning()) |
		flagIf(flagIsChild, s.InFork()) |
		flagIf(flagAOF, s.AppendOnly()) |
		flagIf(flagRDB, len(s.Config.Values.SavePoints) > 0) |
		flagIf(flagStartup, !s.Started())
	if ctx == nil || ctx.client == nil {
		return flags
	}
	c := ctx.client
	flags |= flagIf(flagDenyBlocking, c.Flags&server.FlagDenyBlocking != 0) | flagIf(flagRESP3, c.RESP == 3)
	if ctx.blocked != nil {
		c = ctx.blocked.b.Client()
	}
	return flags | flagIf(flagMultiDirty, c != nil && c.Flags&(server.FlagDirtyCAS|server.FlagDirtyExec) != 0)
}

func flagIf(flag int64, on bool) int64 {
	if on {
		return flag
	}
	return 0
}

func apiGetContextFlagsAll(f *frame) { f.setInt(flagsAll) }

// The bits of the other sets that modules may ask for.
const (
	moduleOptionsAll = 1<<4 - 1
	notifyAll        = 1<<15 - 1
)

func apiGetModuleOptionsAll(f *frame)             { f.setInt(moduleOptionsAll) }
func apiGetKeyspaceNotificationFlagsAll(f *frame) { f.setInt(notifyAll) }
func apiGetTypeMethodVersion(f *frame)            { f.setInt(typeMethodVersion) }

func apiGetUsedMemoryRatio(f *frame) {
	if limit := host.srv.Config.Values.MaxMemory; limit != 0 {
		f.setFloat32(float32(float64(host.srv.UsedMemory()) / float64(limit)))
	}
}

// apiAvoidReplicaTraffic answers whether writes should wait for clients that
// are paused.
func apiAvoidReplicaTraffic(f *frame) { f.setBool(host.srv.Paused() != server.PauseNone) }

// apiResetDataset empties all databases, and begins a new append-only file if it is
// to.
func apiResetDataset(f *frame) {
	if host.srv.Frozen() {
		f.misuse("nothing can be changed while a key is about to go")
		return
	}
	s := host.srv
	restart := f.i32(0) != 0 && s.AppendOnly()
	if restart {
		s.StopAppendOnly()
	}
	s.Dirty += int64(s.FlushDB(-1, f.i32(1) != 0))
	if restart {
		_ = s.StartAppendOnly() // an error is in the log
	}
}

func apiGetCommandKeys(f *frame) { f.commandKeys(0) }

func apiGetCommandKeysWithFlags(f *frame) { f.commandKeys(f.uptr(4)) }

// commandKeys answers where the keys of a command are, as an array that the
// module frees, and through flagsOut what is done to each.
func (f *frame) commandKeys(flagsOut uintptr) {
	st := beginCall()
	defer endCall(st)
	for _, p := range addresses(f.uptr(1), int(f.i32(2))) {
		if !f.addString(st, p) {
			return
		}
	}
	argv := st.args()
	put(f.uptr(3), int32(0))
	if len(argv) == 0 {
		f.fail(errnoNoCommand)
		return
	}
	cmd := host.srv.LookupArgv(argv)
	switch {
	case cmd == nil:
		f.fail(errnoNoCommand)
		return
	case !cmd.HasKeys():
		f.fail(errnoZero)
		return
	case cmd.Arity > 0 && cmd.Arity != len(argv) || len(argv) < -cmd.Arity:
		f.fail(errnoInvalid)
		return
	}
	keys, ok := cmd.FindKeys(argv)
	if !ok || len(keys) == 0 {
		f.fail(errnoZero)
		return
	}
	put(f.uptr(3), int32(len(keys)))
	positions := host.running.lendC(4 * len(keys))
	flags := uintptr(0)
	if flagsOut != 0 {
		flags = host.running.lendC(4 * len(keys))
		put(flagsOut, flags)
	}
	for i, k := range keys {
		put(positions+uintptr(i)*4, int32(k.Pos))
		if flags != 0 {
			put(flags+uintptr(i)*4, int32(k.Flags))
		}
	}
	f.setPtr(positions)
}

// streamID is RedisModuleStreamID.
type streamID struct{ ms, seq uint64 }

func apiStringToStreamID(f *frame) {
	s := f.string(0)
	if s == nil {
		return
	}
	id, ok := server.ParseAnyStreamID(s.bytes())
	if ok {
		putID(f.uptr(1), id)
	}
	f.setOK(ok)
}

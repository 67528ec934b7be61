package abi

import (
	"berth/internal/persist/snapshot"
	"berth/internal/resp"
	"berth/internal/server"
	"berth/internal/store"
)

var _ snapshot.Rewriter = (*dataType)(nil)

// RewriteValue implements snapshot.Rewriter.
func (t *dataType) RewriteValue(key store.ModuleKey, v uintptr) (cmds []byte, ok, can bool) {
	if t.methods.aofRewrite == 0 || t.gone.Load() {
		return nil, false, false
	}
	io, done := t.newIO(nil, &key)
	defer done()
	io.emits, io.w = true, plainWriter()
	io.with(func(p uint64) {
		t.m.call(server.ByDataType, t.methods.aofRewrite, p, uint64(io.key.addr()), uint64(v), 0, 0, 0)
	})
	return io.w.B, !io.failed && !t.gone.Load(), true
}

// apiEmitAOF writes a command that has a part in making the value again. One that
// nobody could run fails the rewrite.
func apiEmitAOF(f *frame) {
	io := object[moduleIO](f, 0, headIO)
	switch {
	case io == nil || io.failed:
		return
	case !io.emits:
		f.misuse("no value is being written as commands")
		return
	}
	name := cview(f.uptr(1))
	if host.srv.LookupFull(name) == nil {
		io.failEmit("tried to emit unknown command '" + string(name) + "'")
		f.errno = errnoInvalid
		return
	}
	st := beginCall()
	defer endCall(st)
	st.add(name)
	format := cview(f.uptr(2))
	if !f.callArgs(st, format) {
		io.failEmit("tried to call RedisModule_EmitAOF() with wrong format specifiers '" + string(format) + "'")
		f.errno = errnoInvalid
		return
	}
	argv := st.args()
	io.w.B = resp.AppendArray(io.w.B, len(argv))
	for _, arg := range argv {
		io.w.B = resp.AppendBulk(io.w.B, arg)
	}
}

// failEmit notes why a value cannot be written as commands.
func (io *moduleIO) failEmit(why string) {
	host.srv.Log(server.LogWarning, "Fatal: AOF method for module data type '%s' %s", io.t.name, why)
	io.failed = true
}

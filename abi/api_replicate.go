package abi

import "berth/internal/server"

// What a module replicates is propagated with all that its command, or the
// callback in which it does so, changes: to the append-only file and to replicas.

func apiReplicateVerbatim(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if host.srv.Propagating() && len(ctx.cells) != 0 {
		host.srv.Propagate(int(ctx.cell.db), ctx.args(), server.ToAll)
	}
	host.srv.Dirty++
	f.setOK(true)
}

// args are the arguments of the context's command, whatever the module did to the
// array it was given.
func (ctx *Context) args() [][]byte {
	argv := make([][]byte, len(ctx.cells))
	for i, p := range ctx.cells {
		argv[i] = stringAt(p).bytes()
	}
	return argv
}

func apiReplicate(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	if host.srv.LookupFull(cview(f.uptr(1))) == nil {
		f.setOK(false)
		return
	}
	st := beginCall()
	defer endCall(st)
	st.add(cview(f.uptr(1)))
	if !f.callArgs(st, cview(f.uptr(2))) {
		f.setOK(false)
		return
	}
	host.srv.Propagate(int(ctx.cell.db), st.args(), st.flags.targets)
	host.srv.Dirty++
	f.setOK(true)
}

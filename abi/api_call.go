package abi

import (
	"errors"

	"berth/internal/server"
)

// callFlags are what the letters of a Call format ask for besides arguments.
type callFlags struct {
	exec     server.ExecuteOptions
	resp3    bool
	autoResp bool
	asErrors bool
	// mayWait allows the command to wait, for which the module gets a promise.
	mayWait bool
	// targets are those that A and R leave, ! or not.
	targets server.Target
}

// callArgs reads the variable arguments of a Call by its format into st, its flags
// too. ok is false for a format that has an unknown letter or asks for what is not there.
func (f *frame) callArgs(st *callState, format []byte) (ok bool) {
	v := f.varargs(3)
	propagate := false
	fl := &st.flags
	fl.exec.Propagate = server.ToAll
	for _, letter := range format {
		switch letter {
		case 'c':
			st.add(cview(v.ptr()))
		case 's':
			if !f.addString(st, v.ptr()) {
				return false
			}
		case 'b':
			p := v.ptr()
			st.add(cbytes(p, int(v.int())))
		case 'l':
			st.addInt(int64(v.int()))
		case 'v':
			p := v.ptr()
			for i := range uintptr(v.int()) {
				if !f.addString(st, *(*uintptr)(at(p + i*8))) {
					return false
				}
			}
		case '!':
			propagate = true
		case 'A':
			fl.exec.Propagate &^= server.ToAOF
		case 'R':
			fl.exec.Propagate &^= server.ToReplicas
		case '3':
			fl.resp3 = true
		case '0':
			fl.autoResp = true
		case 'C':
			// The rights of the context's user: there is one user, who may
			// do everything.
		case 'S':
			fl.exec.ScriptMode = true
		case 'W':
			fl.exec.NoWrites = true
		case 'M':
			fl.exec.RespectOOM = true
		case 'E':
			fl.asErrors = true
		case 'K':
			fl.mayWait = true
		case 'D':
			fl.exec.DryRun = true
			fl.asErrors = true
		default:
			return false
		}
	}
	fl.targets = fl.exec.Propagate
	if !propagate {
		fl.exec.Propagate = 0
	}
	return true
}

// addString adds a string that a module passed, or reports that it is none.
func (f *frame) addString(st *callState, p uintptr) bool {
	if headOf(p) != headString {
		f.misusePointer(p, headString)
		return false
	}
	st.add(stringAt(p).bytes())
	return true
}

// refusalErrno is the number that tells a module why its call was refused.
func refusalErrno(err error) int32 {
	switch {
	case errors.Is(err, server.ErrUnknownCommand):
		return errnoNoCommand
	case errors.Is(err, server.ErrArity):
		return errnoInvalid
	case errors.Is(err, server.ErrNotInScript):
		return errnoScript
	}
	return errnoNoSpace
}

// apiCall runs a command for a module. It replies NULL with errno for a command
// that must not run, or, if the format asks for it, the refusal as an error.
func apiCall(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	// Should a bad pointer end the call the state is the collector's: a deferred
	// endCall would cost every call for that.
	st := beginCall()
	st.add(cview(f.uptr(1)))
	if !f.callArgs(st, cview(f.uptr(2))) {
		f.fail(errnoBadType)
		endCall(st)
		return
	}
	fl := &st.flags
	o := &st.options
	o.DB, o.RESP, o.Flags, o.Owner = int(ctx.cell.db), 2, server.FlagModule|server.FlagDenyBlocking, ctx.module
	var p *promise
	if fl.mayWait {
		o.Flags = server.FlagModule
		p = &promise{m: ctx.module}
		fl.exec.WhenDone = p.done
	}
	if fl.resp3 || fl.autoResp && ctx.cell.resp3 != 0 {
		o.RESP = 3
	}
	f.errno = errnoZero
	c := st.fake()
	fl.exec.Owner = ctx.module
	prev := host.running
	err := host.srv.Execute(c, st.args(), &fl.exec)
	host.running = prev
	switch {
	case err == nil && fl.exec.DryRun:
		f.setPtr(0)
	case err == nil && c.Waits():
		st.client = nil // it is busy
		p.keep(c)
		ctx.givePromise(f, p)
	case err == nil:
		if cmd := c.Command(); cmd != nil && cmd.HasQuickForm() {
			remember(f.uptr(1), cmd)
		}
		ctx.giveReply(f, c)
	case !fl.asErrors:
		f.fail(refusalErrno(err))
	default:
		// As in Redis, errno tells the reason beside the reply.
		f.errno = refusalErrno(err)
		c.WriteError(err.Error())
		ctx.giveReply(f, c)
	}
	endCall(st)
}

// giveReply answers what a fake client was replied, which the module frees.
func (ctx *Context) giveReply(f *frame, c *server.Client) {
	r := newReply(ctx)
	sound := c.RepliedOnce()
	r.buf, r.errors = c.SwapOutput(r.buf), c.TakeErrors()
	r.parse(sound)
	if ctx.flags&ctxAutoMemory == 0 && cap(r.buf) <= keptReply && r.attrs == nil {
		r.cell.quick = 1
	}
	ctx.track(headReply, r.cell.addr())
	f.setPtr(r.cell.addr())
}

// givePromise answers a promise, which the module frees with the lock held.
func (ctx *Context) givePromise(f *frame, p *promise) {
	r := newReply(ctx)
	r.cell.kind, r.promise = replyPromise, p
	ctx.track(headReply, r.cell.addr())
	f.setPtr(r.cell.addr())
}

package abi

import (
	"errors"
	"strconv"
	"strings"

	"berth/internal/resp"
	"berth/internal/server"
)

// callFlags are what the letters of a Call format ask for besides arguments.
type callFlags struct {
	exec     server.ExecuteOptions
	resp3    bool
	autoResp bool
	asErrors bool
}

// callArgs reads the variable arguments of a Call by its format. ok is false
// for a format that has an unknown letter or asks for what is not there.
func (f *frame) callArgs(name, format string) (argv [][]byte, fl callFlags, ok bool) {
	argv = append(argv, []byte(name))
	v := f.varargs(3)
	for _, letter := range []byte(format) {
		switch letter {
		case 'c':
			argv = append(argv, []byte(cstring(v.ptr())))
		case 's':
			s, ok := f.argString(v.ptr())
			if !ok {
				return nil, fl, false
			}
			argv = append(argv, s)
		case 'b':
			p := v.ptr()
			argv = append(argv, append([]byte{}, cbytes(p, int(v.int()))...))
		case 'l':
			argv = append(argv, strconv.AppendInt(nil, int64(v.int()), 10))
		case 'v':
			p := v.ptr()
			for _, a := range addresses(p, int(v.int())) {
				s, ok := f.argString(a)
				if !ok {
					return nil, fl, false
				}
				argv = append(argv, s)
			}
		case '!', 'A', 'R':
			// Where a write is propagated to. There is neither a log nor a
			// replica to keep it from.
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
		case 'D':
			fl.exec.DryRun = true
			fl.asErrors = true
		default:
			return nil, fl, false
		}
	}
	return argv, fl, true
}

// argString copies the bytes of a string that a module passed, or reports that
// it is none.
func (f *frame) argString(p uintptr) ([]byte, bool) {
	if headOf(p) != headString {
		f.misusePointer(p, headString)
		return nil, false
	}
	return append([]byte{}, stringAt(p).bytes()...), true
}

// addresses reads an array of n pointers.
func addresses(p uintptr, n int) []uintptr {
	out := make([]uintptr, 0, max(n, 0))
	for i := range n {
		out = append(out, *(*uintptr)(at(p + uintptr(i)*8)))
	}
	return out
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
	name, format := cstring(f.uptr(1)), cstring(f.uptr(2))
	argv, fl, ok := f.callArgs(name, format)
	if !ok {
		f.fail(errnoBadType)
		return
	}
	o := server.FakeOptions{DB: int(ctx.cell.db), RESP: 2, Flags: server.FlagModule | server.FlagDenyBlocking, Owner: ctx.module}
	if fl.resp3 || fl.autoResp && ctx.cell.resp3 != 0 {
		o.RESP = 3
	}
	f.errno = errnoZero
	c := host.srv.NewFakeClient(o)
	fl.exec.Owner = ctx.module
	prev := host.running
	err := host.srv.Execute(c, argv, fl.exec)
	host.running = prev
	if err != nil {
		if !fl.asErrors {
			f.fail(refusalErrno(err))
			return
		}
		// As in Redis, errno tells the reason beside the reply.
		f.errno = refusalErrno(err)
		ctx.giveReply(f, resp.AppendError(nil, strings.NewReplacer("\r", " ", "\n", " ").Replace(err.Error())))
		return
	}
	if fl.exec.DryRun {
		f.setPtr(0)
		return
	}
	ctx.giveReply(f, c.TakeOutput())
}

// giveReply answers a captured reply, which the module frees.
func (ctx *Context) giveReply(f *frame, proto []byte) {
	r := parseReply(proto)
	r.ctx = ctx
	p := r.handle(true)
	ctx.track(headReply, p)
	f.setPtr(p)
}

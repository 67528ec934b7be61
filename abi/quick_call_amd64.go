package abi

// quickCall serves calls of commands that have a quick form, with arguments of which no
// more than three words come behind the format: those are in registers.
func quickCall(a *quickArgs) bool {
	ctx, name := a.ctx(0), a.uptr(1)
	if ctx == nil || name == 0 || threadPointer() != loopThread || !ctx.tracksMore() {
		return false
	}
	cmd := *byName(name)
	if cmd == nil {
		return false
	}
	args, n, ok := a.callWords(ctx)
	if !ok || !cmd.Called(cview(name), 1+n) {
		return false
	}
	// The object behind the cell, and its buffer, are taken as an earlier reply left them.
	p := replyCells.local
	if p == 0 {
		return false
	}
	c := replyAt(p)
	r := (*callReply)(*objectSlot(p))
	if r == nil || r.cell != c || r.errors != nil || r.attrs != nil || r.promise != nil {
		return false
	}
	size := host.srv.CallQuietly(cmd, int(ctx.cell.db), args[0], args[1], r.buf[:cap(r.buf)])
	if size < 0 {
		return false
	}
	replyCells.takeLocal()
	r.ctx, r.buf, r.resp3 = ctx.ref(), r.buf[:size], false
	c.fillHead(p, r.buf)
	c.size, c.plain = uint64(size), 1
	if ctx.flags&ctxAutoMemory == 0 && cap(r.buf) <= keptReply {
		c.quick = 1
	}
	ctx.trackNow(headReply, p)
	*(*int32)(at(loopErrno)) = 0
	a.ret = uint64(p)
	return true
}

// callWords are a Call's arguments behind the format, and how many they are. ok is false
// for other numbers, and for a format that asks for more than that a command runs.
func (a *quickArgs) callWords(ctx *Context) (args [2][]byte, n int, ok bool) {
	format, word := a.uptr(2), 3
	if format == 0 {
		return args, 0, false
	}
	for ; ; format++ {
		letter, words := *(*byte)(at(format)), 1
		switch letter {
		case 0:
			return args, n, n > 0
		case '!', 'A', 'R', 'E', 'M', 'S', 'W':
			continue
		case '0':
			if ctx.cell.resp3 != 0 {
				return args, 0, false
			}
			continue
		case 'b':
			words = 2
		}
		if n == len(args) || word+words > numInts {
			return args, 0, false
		}
		switch letter {
		case 'c':
			args[n] = cview(a.uptr(word))
		case 's':
			s := a.string(word)
			if s == nil {
				return args, 0, false
			}
			args[n] = s.bytes()
		case 'b':
			if args[n], ok = a.bytes(word); !ok {
				return args, 0, false
			}
		default:
			return args, 0, false
		}
		n++
		word += words
	}
}

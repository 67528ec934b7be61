package abi

import "berth/internal/resp"

// laters are the places in what a context has gathered where lengths are missing that
// the module did not know yet. Headers are put in when it does, unless what is gathered
// must go to the client before.
type laters struct {
	n  int
	at [8]uint16
}

// openLater begins an array of a length to be told, if it can be gathered.
func (ctx *Context) openLater() bool {
	l, cell := &ctx.laters, ctx.cell
	if cell.wpos == 0 || l.n >= len(l.at) {
		return false
	}
	l.at[l.n&7] = uint16(cell.wpos - cell.wbase)
	l.n++
	return true
}

// closeLater tells the length of the innermost of these arrays, if there is one and room
// for its header.
func (ctx *Context) closeLater(n int64) bool {
	l, cell := &ctx.laters, ctx.cell
	if l.n == 0 || n < 0 || n > 1<<40 {
		return false
	}
	from, end := int(l.at[(l.n-1)&7]), int(cell.wpos-cell.wbase)
	size := resp.ArraySize(int(n))
	if from > end || end+size > scratchSize {
		return false
	}
	copy(ctx.scratch[from+size:], ctx.scratch[from:end])
	resp.PutArray(ctx.scratch[from:from+size], int(n))
	cell.wpos += uintptr(size)
	l.n--
	return true
}

// flushLaters hands all to the client that is gathered up to the last length that is
// missing, whose header has the client's own place from now on. It returns how much.
func (ctx *Context) flushLaters() (from int) {
	for _, at := range ctx.laters.at[:ctx.laters.n] {
		ctx.client.WriteRaw(ctx.scratch[from:at])
		ctx.depth = append(ctx.depth, ctx.client.Defer())
		from = int(at)
	}
	ctx.laters.n = 0
	return from
}

package abi

import "strconv"

// callReply returns argument i, a live call reply, or nil. NULL is allowed where the
// interface gives it a meaning, and reported by nobody.
func (f *frame) callReply(i int) *replyCell {
	if f.int(i) == 0 {
		return nil
	}
	return f.liveReply(i)
}

// liveReply is callReply where NULL is a mistake like any other.
func (f *frame) liveReply(i int) *replyCell {
	p := f.uptr(i)
	if headOf(p) == headReply {
		return replyAt(p)
	}
	f.misusePointer(p, headReply)
	return nil
}

func apiFreeCallReply(f *frame) {
	c := f.callReply(0)
	if c == nil || c.root != c.addr() {
		return // parts go with the whole
	}
	r := c.whole()
	r.context().untrack(c.root)
	r.free(f.locked())
}

func apiCallReplyType(f *frame) {
	f.setInt(replyUnknown)
	if c := f.callReply(0); c != nil {
		f.setInt(int64(c.kind))
	}
}

func apiCallReplyInteger(f *frame) {
	const least = -1 << 63 // what an answer that is no integer reads as
	f.setInt(least)
	if c := f.callReply(0); c != nil && c.kind == replyInteger {
		f.setInt(c.n)
	}
}

func apiCallReplyDouble(f *frame) {
	const least = -1 << 63
	f.setFloat(least)
	if c := f.callReply(0); c != nil && c.kind == replyDouble {
		text, _, _ := replyLine(c.wire())
		d, _ := strconv.ParseFloat(string(text), 64)
		f.setFloat(d)
	}
}

func apiCallReplyBool(f *frame) {
	f.setInt(-1 << 31)
	if c := f.callReply(0); c != nil && c.kind == replyBool {
		f.setInt(c.n)
	}
}

func apiCallReplyLength(f *frame) {
	f.setInt(0)
	if c := f.callReply(0); c != nil {
		f.setInt(int64(c.len))
	}
}

// text answers the bytes of a node of one of two kinds.
func (f *frame) text(kind, other int32) *replyCell {
	c := f.callReply(0)
	f.setPtr(0)
	if c == nil || c.kind != kind && c.kind != other {
		return nil
	}
	put(f.uptr(1), c.len)
	f.setPtr(c.str)
	return c
}

func apiCallReplyStringPtr(f *frame) { f.text(replyString, replyError) }

func apiCallReplyBigNumber(f *frame) { f.text(replyBigNumber, replyBigNumber) }

func apiCallReplyVerbatim(f *frame) {
	if c := f.text(replyVerbatim, replyVerbatim); c != nil {
		put(f.uptr(2), addrOf(&c.n))
	}
}

func apiCallReplyProto(f *frame) {
	f.setPtr(0)
	if c := f.callReply(0); c != nil {
		put(f.uptr(1), c.size)
		f.setPtr(c.proto)
	}
}

// element answers element i of a node of the given kind.
func (f *frame) element(kind int32) {
	c := f.callReply(0)
	f.setPtr(0)
	if i := f.int(1); c != nil && c.kind == kind && i < c.len {
		if base := c.elements(f.locked()); base != 0 {
			f.setPtr(base + uintptr(i)*cellSize)
		}
	}
}

func apiCallReplyArrayElement(f *frame) { f.element(replyArray) }
func apiCallReplySetElement(f *frame)   { f.element(replySet) }

// pair answers key and value of a node of the given kind.
func (f *frame) pair(kind int32) {
	c, i := f.callReply(0), f.int(1)
	f.setOK(false)
	if c == nil || c.kind != kind || i >= c.len {
		return
	}
	if base := c.elements(f.locked()); base != 0 {
		put(f.uptr(2), base+uintptr(2*i)*cellSize)
		put(f.uptr(3), base+uintptr(2*i+1)*cellSize)
		f.setOK(true)
	}
}

func apiCallReplyMapElement(f *frame)       { f.pair(replyMap) }
func apiCallReplyAttributeElement(f *frame) { f.pair(replyAttribute) }

func apiCallReplyAttribute(f *frame) {
	if c := f.callReply(0); c != nil {
		f.setPtr(c.whole().attrs[c.addr()])
	}
}

func apiCreateStringFromCallReply(f *frame) {
	c := f.callReply(0)
	f.setPtr(0)
	if c == nil {
		return
	}
	var tmp [20]byte
	var b []byte
	switch c.kind {
	case replyString, replyError, replyBigNumber, replyVerbatim:
		b = c.text()
	case replyInteger:
		b = strconv.AppendInt(tmp[:0], c.n, 10)
	default:
		return
	}
	s := newString(b, f.locked())
	c.whole().context().track(headString, s.addr())
	f.setPtr(s.addr())
}

func apiReplyWithCallReply(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	node := f.liveReply(1)
	if node == nil {
		return
	}
	c := ctx.reply(f)
	if c == nil {
		return
	}
	r := node.whole()
	if r.resp3 && c.RESP < 3 {
		f.setOK(false)
		return
	}
	if a := r.attrs[node.addr()]; a != 0 {
		c.WriteRaw(replyAt(a).wire())
	}
	c.WriteRaw(node.wire())
	if node == r.cell {
		c.CountErrors(r.errors)
		r.errors = nil
	}
	f.setOK(true)
}

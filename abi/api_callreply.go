package abi

// callReply returns argument i, a live call reply, or nil. NULL is allowed
// where the interface gives it a meaning, and reported by nobody.
func (f *frame) callReply(i int) *callReply {
	if f.int(i) == 0 {
		return nil
	}
	return object[callReply](f, i, headReply)
}

// bytesOut answers a pointer to b, NULL for none, and its length through the
// pointer in argument i.
func (f *frame) bytesOut(i int, b []byte) {
	put(f.uptr(i), uint64(len(b)))
	if cap(b) == 0 {
		f.setPtr(0)
		return
	}
	f.setPtr(addrOf(&b[:1][0]))
}

func apiFreeCallReply(f *frame) {
	r := f.callReply(0)
	if r == nil || r.root != nil {
		return // parts go with the whole
	}
	r.context().untrack(r.p)
	r.free(f.locked())
}

func apiCallReplyType(f *frame) {
	f.setInt(replyUnknown)
	if r := f.callReply(0); r != nil {
		f.setInt(int64(r.kind))
	}
}

func apiCallReplyInteger(f *frame) {
	const least = -1 << 63 // what an answer that is no integer reads as
	f.setInt(least)
	if r := f.callReply(0); r != nil && r.kind == replyInteger {
		f.setInt(r.n)
	}
}

func apiCallReplyDouble(f *frame) {
	const least = -1 << 63
	f.setFloat(least)
	if r := f.callReply(0); r != nil && r.kind == replyDouble {
		f.setFloat(r.f)
	}
}

func apiCallReplyBool(f *frame) {
	f.setInt(-1 << 31)
	if r := f.callReply(0); r != nil && r.kind == replyBool {
		f.setInt(r.n)
	}
}

func apiCallReplyLength(f *frame) {
	f.setInt(0)
	if r := f.callReply(0); r != nil {
		f.setInt(int64(r.length()))
	}
}

// text answers the bytes of a node of one of the kinds.
func (f *frame) text(kinds ...int) *callReply {
	r := f.callReply(0)
	f.setPtr(0)
	if r == nil {
		return nil
	}
	for _, k := range kinds {
		if r.kind == k {
			f.bytesOut(1, r.str)
			return r
		}
	}
	return nil
}

func apiCallReplyStringPtr(f *frame) { f.text(replyString, replyError) }

func apiCallReplyBigNumber(f *frame) { f.text(replyBigNumber) }

func apiCallReplyVerbatim(f *frame) {
	if r := f.text(replyVerbatim); r != nil {
		put(f.uptr(2), addrOf(&r.format))
	}
}

func apiCallReplyProto(f *frame) {
	f.setPtr(0)
	if r := f.callReply(0); r != nil {
		f.bytesOut(1, r.proto)
	}
}

// element answers element i of a node of the given kind.
func (f *frame) element(kind int) {
	r := f.callReply(0)
	f.setPtr(0)
	if i := f.int(1); r != nil && r.kind == kind && i < uint64(r.count) {
		f.setPtr(r.below()[i].handle(f.locked()))
	}
}

func apiCallReplyArrayElement(f *frame) { f.element(replyArray) }
func apiCallReplySetElement(f *frame)   { f.element(replySet) }

// pair answers key and value of a node of the given kind.
func (f *frame) pair(kind int) {
	r := f.callReply(0)
	i := f.int(1)
	if r == nil || r.kind != kind || i >= uint64(r.count/2) {
		f.setOK(false)
		return
	}
	locked := f.locked()
	elems := r.below()
	put(f.uptr(2), elems[2*i].handle(locked))
	put(f.uptr(3), elems[2*i+1].handle(locked))
	f.setOK(true)
}

func apiCallReplyMapElement(f *frame)       { f.pair(replyMap) }
func apiCallReplyAttributeElement(f *frame) { f.pair(replyAttribute) }

func apiCallReplyAttribute(f *frame) {
	if r := f.callReply(0); r != nil && r.attr != nil {
		f.setPtr(r.attr.handle(f.locked()))
	}
}

func apiCreateStringFromCallReply(f *frame) {
	r := f.callReply(0)
	f.setPtr(0)
	if r == nil {
		return
	}
	var b []byte
	switch r.kind {
	case replyString, replyError, replyInteger, replyBigNumber, replyVerbatim:
		b = r.str
	default:
		return
	}
	locked := f.locked()
	s := newString(b, locked)
	r.context().track(headString, s.addr())
	f.setPtr(s.addr())
}

func apiReplyWithCallReply(f *frame) {
	ctx := f.ctx(0)
	if ctx == nil {
		return
	}
	r := object[callReply](f, 1, headReply)
	if r == nil {
		return
	}
	c := ctx.reply(f)
	if c == nil {
		return
	}
	if root := r.rootOf(); root.resp3 && c.RESP < 3 {
		f.setOK(false)
		return
	}
	if r.attr != nil {
		c.WriteRaw(r.attr.proto)
	}
	c.WriteRaw(r.proto)
	c.CountErrors(r.errors)
	r.errors = nil
	f.setOK(true)
}

func (r *callReply) rootOf() *callReply {
	if r.root != nil {
		return r.root
	}
	return r
}

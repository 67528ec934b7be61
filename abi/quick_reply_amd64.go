package abi

// reply is argument i, a call reply, or nil.
func (a *quickArgs) reply(i int) *replyCell {
	if p := a.uptr(i); headOf(p) == headReply {
		return replyAt(p)
	}
	return nil
}

// elementsNow are the node's elements, if they are there or can be made without an
// allocation.
func (c *replyCell) elementsNow() uintptr {
	count := c.count()
	if count == 0 {
		return 0
	}
	if c.n != 0 {
		return uintptr(c.n)
	}
	class := runClass(count)
	if replyAt(c.root).plain == 0 || class == nil {
		return 0
	}
	base := class.takeLocal()
	if base != 0 {
		c.fillBelow(base, 0, belowReply(c.wire()))
		c.setElements(base)
	}
	return base
}

// element is the frame's.
func (a *quickArgs) element(kind int32) bool {
	c, i := a.reply(0), a.ints[1]
	if c == nil || c.kind != kind || i >= c.len {
		return false
	}
	base := c.elementsNow()
	a.ret = uint64(base) + i*cellSize
	return base != 0
}

func quickCallReplyArrayElement(a *quickArgs) bool { return a.element(replyArray) }

func quickCallReplySetElement(a *quickArgs) bool { return a.element(replySet) }

func quickCallReplyMapElement(a *quickArgs) bool {
	c, i := a.reply(0), a.ints[1]
	if c == nil || c.kind != replyMap || i >= c.len {
		return false
	}
	base := c.elementsNow()
	if base == 0 {
		return false
	}
	put(a.uptr(2), base+uintptr(2*i)*cellSize)
	put(a.uptr(3), base+uintptr(2*i+1)*cellSize)
	a.setOK(true)
	return true
}

func quickCreateStringFromCallReply(a *quickArgs) bool {
	c := a.reply(0)
	if c == nil {
		return false
	}
	ctx := c.whole().context()
	if !ctx.tracksMore() {
		return false
	}
	p := uintptr(0)
	switch c.kind {
	case replyString, replyError, replyBigNumber, replyVerbatim:
		p = quickString(c.text())
	case replyInteger:
		p = quickNumber(c.n)
	}
	if p == 0 {
		return false
	}
	ctx.trackNow(headString, p)
	a.ret = uint64(p)
	return true
}

// quickFreeCallReply frees a reply whose elements, if any were made, have none of their
// own. What the root has besides stays for the next reply, as the leaf function leaves it.
func quickFreeCallReply(a *quickArgs) bool {
	c := a.reply(0)
	if c == nil || c.root != c.addr() {
		return false
	}
	r, count, base := c.whole(), 0, uintptr(0)
	if c.plain == 0 || r.promise != nil || cap(r.buf) > keptReply {
		return false
	}
	if n := c.count(); n != 0 && c.n != 0 {
		count, base = n, uintptr(c.n)
	}
	if count*cellSize > keptRun {
		return false
	}
	for i := range uintptr(count) {
		if e := replyAt(base + i*cellSize); e.count() != 0 && e.n != 0 {
			return false
		}
	}
	for i := range uintptr(count) {
		replyAt(base + i*cellSize).head = headFree
	}
	if count != 0 {
		runClass(count).giveLocal(base)
	}
	r.context().untrack(c.root)
	replyCells.giveLocal(c.root)
	return true
}

// quickReplyWithCallReply passes on what needs no second look.
func quickReplyWithCallReply(a *quickArgs) bool {
	c := a.reply(1)
	if c == nil || replyAt(c.root).plain == 0 || c.size == 0 {
		return false
	}
	b := a.room(int(c.size))
	if b == nil {
		return false
	}
	copy(b, c.wire())
	return a.gathered(len(b))
}

package server

import (
	"berth/internal/ds"
	"berth/internal/resp"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"lindex":    cmdLindex,
		"linsert":   cmdLinsert,
		"llen":      cmdLlen,
		"lmove":     cmdLmove,
		"lmpop":     cmdLmpop,
		"lpop":      cmdPop,
		"lpos":      cmdLpos,
		"lpush":     cmdPush,
		"lpushx":    cmdPush,
		"lrange":    cmdLrange,
		"lrem":      cmdLrem,
		"lset":      cmdLset,
		"ltrim":     cmdLtrim,
		"rpop":      cmdPop,
		"rpoplpush": cmdLmove,
		"rpush":     cmdPush,
		"rpushx":    cmdPush,
	})
}

// isLeft reports whether the command's name begins with the letter for the
// head of a list.
func (c *Client) isLeft() bool { return c.cmd.Name[0] == 'l' }

// listOf is the list of an entry of the client's database.
func (c *Client) listOf(e *store.Entry) store.ListValue { return c.DBStore().List(e) }

// writeElem replies an element of a value.
func (c *Client) writeElem(e ds.Elem) {
	if n, ok := e.Int(); ok {
		c.WriteBulkInt(n)
		return
	}
	if c.ready() { // as WriteBulk, whose frame is saved
		c.out = resp.AppendBulk(c.out, e.Bytes(nil))
	}
}

// pop replies the items at one end and takes them out.
func (c *Client) pop(l store.ListValue, left bool, n int) {
	i := 0
	if !left {
		i = l.Len() - 1
	}
	it := l.Iter(i, !left)
	for range n {
		e, _ := it.Next()
		c.writeElem(e)
	}
	l.Pop(left, n)
}

func sideEvent(left bool, l, r string) string {
	if left {
		return l
	}
	return r
}

// cmdPush is LPUSH, RPUSH, LPUSHX and RPUSHX key element [element ...].
func cmdPush(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		if c.cmd.Name[len(c.cmd.Name)-1] == 'x' {
			c.WriteInt(0)
			return
		}
		e = c.srv.AddList(c.DB, argv[1])
	}
	left, l := c.isLeft(), c.listOf(e)
	l.Push(left, argv[2:]...)
	n := l.Len()
	c.srv.changed(NotifyList, sideEvent(left, "lpush", "rpush"), argv[1], c.DB)
	c.srv.Dirty += int64(len(argv) - 3)
	c.WriteInt(int64(n))
}

// popped does what follows from taking items out of a list.
func (c *Client) popped(l store.ListValue, key []byte, left bool, n int) {
	empty := l.Len() == 0
	c.srv.changed(NotifyList, sideEvent(left, "lpop", "rpop"), key, c.DB)
	c.srv.Dirty += int64(n - 1)
	if empty {
		c.dropEmptied(key)
	}
}

// cmdPop is LPOP and RPOP key [count].
func cmdPop(c *Client, argv [][]byte) {
	if len(argv) > 3 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	count, counted := 1, len(argv) == 3
	if counted {
		n, ok := ParseInt(argv[2])
		if !ok || n < 0 {
			c.WriteError("ERR value is out of range, must be positive")
			return
		}
		count = int(n)
	}
	e, ok := c.writeTyped(argv[1], store.List)
	switch {
	case !ok:
		return
	case e == nil && counted:
		c.WriteNullArray()
		return
	case e == nil:
		c.WriteNull()
		return
	case count == 0:
		c.WriteArray(0)
		return
	}
	left, l := c.isLeft(), c.listOf(e)
	count = min(count, l.Len())
	if counted {
		c.WriteArray(count)
	}
	c.pop(l, left, count)
	c.popped(l, argv[1], left, count)
}

// cmdLlen is LLEN key.
func cmdLlen(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.List)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(c.listOf(e).Len()))
	}
}

// at turns an index, which counts from the end below zero, into one from the
// beginning.
func at(i, n int) (int, bool) {
	if i < 0 {
		i += n
	}
	return i, i >= 0 && i < n
}

// cmdLindex is LINDEX key index.
func cmdLindex(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		c.WriteNull()
		return
	}
	i, ok := c.indexOf(argv[2])
	if !ok {
		return
	}
	l := c.listOf(e)
	if i, ok = at(i, l.Len()); ok {
		c.writeElem(l.At(i))
	} else {
		c.WriteNull()
	}
}

// cmdLinsert is LINSERT key BEFORE|AFTER pivot element.
func cmdLinsert(c *Client, argv [][]byte) {
	after := equalFold(argv[2], "after")
	if !after && !equalFold(argv[2], "before") {
		c.WriteError(ErrTextSyntax)
		return
	}
	e, ok := c.writeTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		c.WriteInt(0)
		return
	}
	l, pivot, found := c.listOf(e), ds.NeedleOf(argv[3]), -1
	l.Reserve(argv[4])
	l.Each(0, false, func(i int, item ds.Elem) bool {
		if pivot.Is(item) {
			found = i
		}
		return found < 0
	})
	if found < 0 {
		c.WriteInt(-1)
		return
	}
	l.Insert(found, argv[4], after)
	n := l.Len()
	c.srv.changed(NotifyList, "linsert", argv[1], c.DB)
	c.WriteInt(int64(n))
}

// bounds turns a range with negative indexes into one within n items; ok is
// false when it is empty.
func bounds(start, end, n int) (int, int, bool) {
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end += n
	}
	end = min(end, n-1)
	return start, end, start <= end && start < n
}

// cmdLrange is LRANGE key start stop.
func cmdLrange(c *Client, argv [][]byte) {
	start, ok1 := c.indexOf(argv[2])
	if !ok1 {
		return
	}
	end, ok2 := c.indexOf(argv[3])
	if !ok2 {
		return
	}
	e, ok := c.readTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		c.WriteArray(0)
		return
	}
	l := c.listOf(e)
	start, end, ok = bounds(start, end, l.Len())
	if !ok {
		c.WriteArray(0)
		return
	}
	c.WriteArray(end - start + 1)
	it := l.Iter(start, false)
	for range end - start + 1 {
		item, _ := it.Next()
		c.writeElem(item)
	}
}

// cmdLrem is LREM key count element.
func cmdLrem(c *Client, argv [][]byte) {
	count, ok := c.indexOf(argv[2])
	if !ok {
		return
	}
	e, ok := c.writeTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		c.WriteInt(0)
		return
	}
	limit := max(count, -count)
	if limit < 0 {
		limit = 0 // the lowest number has no negative: as in C, no limit
	}
	l := c.listOf(e)
	n := l.Remove(argv[3], limit, count < 0)
	if n == 0 {
		c.WriteInt(0)
		return
	}
	empty := l.Len() == 0
	c.srv.changed(NotifyList, "lrem", argv[1], c.DB)
	if empty {
		c.dropEmptied(argv[1])
	}
	c.WriteInt(int64(n))
}

// cmdLset is LSET key index element.
func cmdLset(c *Client, argv [][]byte) {
	e := c.LookupWrite(argv[1])
	if e == nil {
		c.WriteError(ErrTextNoKey)
		return
	}
	if e.Type() != store.List {
		c.WrongType()
		return
	}
	i, ok := c.indexOf(argv[2])
	if !ok {
		return
	}
	l := c.listOf(e)
	l.Reserve(argv[3])
	if i, ok = at(i, l.Len()); !ok {
		c.WriteError(ErrTextOutOfRange)
		return
	}
	l.Set(i, argv[3])
	c.srv.changed(NotifyList, "lset", argv[1], c.DB)
	c.WriteOK()
}

// cmdLtrim is LTRIM key start stop.
func cmdLtrim(c *Client, argv [][]byte) {
	start, ok1 := c.indexOf(argv[2])
	if !ok1 {
		return
	}
	end, ok2 := c.indexOf(argv[3])
	if !ok2 {
		return
	}
	e, ok := c.writeTyped(argv[1], store.List)
	if !ok {
		return
	}
	if e == nil {
		c.WriteOK()
		return
	}
	l := c.listOf(e)
	start, end, ok = bounds(start, end, l.Len())
	if !ok {
		start, end = 1, 0
	}
	before := l.Len()
	l.Trim(start, end)
	left := l.Len()
	c.srv.changed(NotifyList, "ltrim", argv[1], c.DB)
	c.srv.Dirty += int64(before-left) - 1 // perhaps nothing is gone
	if left == 0 {
		c.dropEmptied(argv[1])
	}
	c.WriteOK()
}

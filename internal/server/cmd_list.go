package server

import (
	"berth/internal/ds"
	"berth/internal/store"
)

func init() {
	const group = "list"
	wr := Write | DenyOOM
	registerFamily([]*Command{
		define(group, "lpush", -3, wr|Fast, catListWrite, "1.0.0", "O(1)", "Prepends one or more elements to a list. Creates the key if it doesn't exist.", cmdPush).keys(1, 1, 1, keyInserts),
		define(group, "rpush", -3, wr|Fast, catListWrite, "1.0.0", "O(1)", "Appends one or more elements to a list. Creates the key if it doesn't exist.", cmdPush).keys(1, 1, 1, keyInserts),
		define(group, "lpushx", -3, wr|Fast, catListWrite, "2.2.0", "O(1)", "Prepends one or more elements to a list only when the list exists.", cmdPush).keys(1, 1, 1, keyInserts),
		define(group, "rpushx", -3, wr|Fast, catListWrite, "2.2.0", "O(1)", "Appends an element to a list only when the list exists.", cmdPush).keys(1, 1, 1, keyInserts),
		define(group, "lpop", -2, Write|Fast, catListWrite, "1.0.0", "O(N)", "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.", cmdPop).keys(1, 1, 1, keyPops),
		define(group, "rpop", -2, Write|Fast, catListWrite, "1.0.0", "O(N)", "Returns and removes the last elements of a list. Deletes the list if the last element was popped.", cmdPop).keys(1, 1, 1, keyPops),
		define(group, "llen", 2, ReadOnly|Fast, catListRead, "1.0.0", "O(1)", "Returns the length of a list.", cmdLlen).keys(1, 1, 1, keyReadsNo),
		define(group, "lindex", 3, ReadOnly, catListRead, "1.0.0", "O(N)", "Returns an element from a list by its index.", cmdLindex).keys(1, 1, 1, keyReads),
		define(group, "linsert", 5, wr, catListWrite, "2.2.0", "O(N)", "Inserts an element before or after another element in a list.", cmdLinsert).keys(1, 1, 1, keyInserts),
		define(group, "lrange", 4, ReadOnly, catListRead, "1.0.0", "O(S+N)", "Returns a range of elements from a list.", cmdLrange).keys(1, 1, 1, keyReads),
		define(group, "lrem", 4, Write, catListWrite, "1.0.0", "O(N+M)", "Removes elements from a list. Deletes the list if the last element was removed.", cmdLrem).keys(1, 1, 1, KeyRW|KeyDelete),
		define(group, "lset", 4, wr, catListWrite, "1.0.0", "O(N)", "Sets the value of an element in a list by its index.", cmdLset).keys(1, 1, 1, keyUpdates),
		define(group, "ltrim", 4, Write, catListWrite, "1.0.0", "O(N)", "Removes elements from both ends a list. Deletes the list if all elements were trimmed.", cmdLtrim).keys(1, 1, 1, KeyRW|KeyDelete),
		define(group, "lpos", -3, ReadOnly, catListRead, "6.0.6", "O(N)", "Returns the index of matching elements in a list.", cmdLpos).keys(1, 1, 1, keyReads),
		define(group, "lmove", 5, wr, catListWrite, "6.2.0", "O(1)", "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.", cmdLmove).
			keys(1, 1, 1, keyPops).keys(2, 2, 1, keyInserts).oldRange(1, 2, 1),
		define(group, "rpoplpush", 3, wr, catListWrite, "1.2.0", "O(1)", "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.", cmdLmove).
			keys(1, 1, 1, keyPops).keys(2, 2, 1, keyInserts).oldRange(1, 2, 1),
		define(group, "lmpop", -4, Write|MovableKeys, catListWrite, "7.0.0", "O(N+M)", "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.", cmdLmpop).
			keyNum(1, keyPops),
	})
}

// oldRange sets the old form of a command's key positions.
func (cmd *Command) oldRange(first, last, step int) *Command {
	cmd.FirstKey, cmd.LastKey, cmd.KeyStep = first, last, step
	return cmd
}

// keyNum says that argument i is the number of keys that follow it.
func (cmd *Command) keyNum(i int, flags KeyFlag) *Command {
	cmd.KeySpecs = append(cmd.KeySpecs, KeySpec{
		Flags: flags, Begin: BeginIndex, Index: i, Find: FindKeyNum, KeyNumIdx: 0, FirstKey: 1, Step: 1,
	})
	return cmd
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
	c.WriteBulk(e.Bytes(nil))
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
	l.Trim(start, end)
	empty := l.Len() == 0
	c.srv.changed(NotifyList, "ltrim", argv[1], c.DB)
	if empty {
		c.dropEmptied(argv[1])
	}
	c.WriteOK()
}

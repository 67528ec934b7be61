package server

import (
	"math"

	"berth/internal/ds"
	"berth/internal/store"
)

// cmdLpos is LPOS key element [RANK rank] [COUNT count] [MAXLEN len].
func cmdLpos(c *Client, argv [][]byte) {
	rank, count, maxlen := int64(1), int64(-1), int64(0)
	for i := 3; i < len(argv); i += 2 {
		if i+1 >= len(argv) {
			c.WriteError(ErrTextSyntax)
			return
		}
		n, ok := ParseInt(argv[i+1])
		switch {
		case equalFold(argv[i], "rank"):
			if !ok {
				c.WriteError(ErrTextNotInteger)
				return
			}
			if n == math.MinInt64 {
				c.WriteError("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
				return
			}
			if n == 0 {
				c.WriteError("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
					"or use negative to start from the end of the list")
				return
			}
			rank = n
		case equalFold(argv[i], "count"):
			if !ok || n < 0 {
				c.WriteError("ERR COUNT can't be negative")
				return
			}
			count = n
		case equalFold(argv[i], "maxlen"):
			if !ok || n < 0 {
				c.WriteError("ERR MAXLEN can't be negative")
				return
			}
			maxlen = n
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	e, ok := c.readTyped(argv[1], store.List)
	if !ok {
		return
	}
	var found []int
	if e != nil {
		found = positions(c.listOf(e), argv[2], rank, max(count, -1), maxlen)
	}
	if count >= 0 {
		c.WriteArray(len(found))
		for _, i := range found {
			c.WriteInt(int64(i))
		}
		return
	}
	if len(found) == 0 {
		c.WriteNull()
		return
	}
	c.WriteInt(int64(found[0]))
}

// positions finds where a list holds item: from match number rank on, as many
// as count says (all for 0, one for -1), looking at maxlen items at most.
func positions(l store.ListValue, item []byte, rank, count, maxlen int64) (found []int) {
	from, back := 0, false
	if rank < 0 {
		from, back, rank = l.Len()-1, true, -rank
	}
	x := ds.NeedleOf(item)
	looked := int64(0)
	l.Each(from, back, func(i int, have ds.Elem) bool {
		looked++
		if x.Is(have) {
			if rank--; rank <= 0 {
				found = append(found, i)
			}
		}
		if count != 0 && int64(len(found)) >= max(count, 1) {
			return false
		}
		return maxlen == 0 || looked < maxlen
	})
	return found
}

// parseSide reads LEFT or RIGHT, replying the error itself.
func (c *Client) parseSide(arg []byte) (left, ok bool) {
	switch {
	case equalFold(arg, "left"):
		return true, true
	case equalFold(arg, "right"):
		return false, true
	}
	c.WriteError(ErrTextSyntax)
	return false, false
}

// cmdLmove is LMOVE source destination LEFT|RIGHT LEFT|RIGHT, RPOPLPUSH source
// destination, and BLMOVE and BRPOPLPUSH, which have a timeout behind that.
func cmdLmove(c *Client, argv [][]byte) {
	args, blocking, limit := argv, c.cmd.Flags&Blocking != 0, int64(0)
	if blocking {
		args = argv[:len(argv)-1]
	}
	from, to := false, true
	if len(args) == 5 {
		var ok bool
		if from, ok = c.parseSide(args[3]); !ok {
			return
		}
		if to, ok = c.parseSide(args[4]); !ok {
			return
		}
	}
	if blocking {
		var ok bool
		if limit, ok = c.waitSeconds(argv[len(argv)-1]); !ok {
			return
		}
	}
	src, ok := c.writeTyped(argv[1], store.List)
	switch {
	case !ok:
	case src != nil:
		c.move(argv[1], argv[2], src, from, to)
		if blocking && len(args) == 5 {
			c.insteadOf(5).Word("LMOVE").Args(args[1:])
		} else if blocking {
			c.insteadOf(3).Word("RPOPLPUSH").Args(args[1:])
		}
	case blocking && c.mayWait():
		c.wait(waiting{kind: waitList, from: 1, n: 1, limit: limit})
	default:
		c.WriteNull()
	}
}

// move moves an item from an end of one list to an end of another, which may be
// the same.
func (c *Client) move(from, to []byte, src *store.Entry, head, toHead bool) {
	dst, ok := c.writeTyped(to, store.List)
	if !ok {
		return
	}
	l := c.listOf(src)
	item := l.Peek(head).Append(nil) // the lists may be the same
	c.WriteBulk(item)
	l.Pop(head, 1)
	if dst == nil {
		dst = c.srv.AddList(c.DB, to)
	}
	c.listOf(dst).Push(toHead, item)
	c.srv.changed(NotifyList, sideEvent(toHead, "lpush", "rpush"), to, c.DB)
	c.srv.changed(NotifyList, sideEvent(head, "lpop", "rpop"), from, c.DB)
	c.dropEmptied(from)
}

// cmdLmpop is LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count], and BLMPOP
// timeout numkeys key [key ...] LEFT|RIGHT [COUNT count].
func cmdLmpop(c *Client, argv [][]byte) {
	m, ok := c.parseMpop(argv)
	if !ok {
		return
	}
	left, ok := c.parseSide(argv[m.side])
	if !ok || !m.options(c, argv) {
		return
	}
	for _, key := range argv[m.first:m.side] {
		e, ok := c.writeTyped(key, store.List)
		if !ok {
			return
		}
		if e == nil {
			continue
		}
		l := c.listOf(e)
		k := int(min(m.count, int64(l.Len())))
		c.WriteArray(2)
		c.WriteBulk(key)
		c.WriteArray(k)
		c.pop(l, left, k)
		c.insteadPop(key, sideEvent(left, "LPOP", "RPOP"), k)
		c.popped(l, key, left, k)
		return
	}
	m.nothing(c, waitList)
}

// insteadPop has a plain pop of n items propagated in place of the running command.
func (c *Client) insteadPop(key []byte, word string, n int) {
	c.insteadOf(3).Word(word).Arg(key).Int(int64(n))
}

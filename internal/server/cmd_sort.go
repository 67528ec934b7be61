package server

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"berth/internal/ds"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"sort":    cmdSort,
		"sort_ro": cmdSort,
	})
	keyFinders["sort"] = sortKeys
	keyFinders["sort_ro"] = func(*Command, [][]byte) ([]KeyRef, bool) { return []KeyRef{{Pos: 1, Flags: KeyRO | KeyAccess}}, true }
}

// sortKeys finds the keys of SORT: the first argument, and the last that STORE
// names.
func sortKeys(_ *Command, argv [][]byte) ([]KeyRef, bool) {
	keys := []KeyRef{{Pos: 1, Flags: KeyRO | KeyAccess}}
	for i := 2; i < len(argv); i++ {
		switch {
		case equalFold(argv[i], "limit"):
			i += 2
		case equalFold(argv[i], "get"), equalFold(argv[i], "by"):
			i++
		case equalFold(argv[i], "store") && i+1 < len(argv):
			keys = append(keys[:1], KeyRef{Pos: i + 1, Flags: KeyOW | KeyUpdate})
			i++
		}
	}
	return keys, true
}

// sorting is SORT as it is asked for.
type sorting struct {
	desc, alpha bool
	unsorted    bool
	start       int64
	count       int64 // -1 for all
	by          []byte
	get         [][]byte
	to          []byte
}

// sortItem is an element with what it is sorted by.
type sortItem struct {
	name  []byte
	score float64
	text  []byte // nil for nothing
}

// parse reads the options, replying the error.
func (q *sorting) parse(c *Client, args [][]byte) bool {
	q.count = -1
	for ; len(args) > 0; args = args[1:] {
		more := len(args) - 1
		switch word := args[0]; {
		case equalFold(word, "asc"):
			q.desc = false
		case equalFold(word, "desc"):
			q.desc = true
		case equalFold(word, "alpha"):
			q.alpha = true
		case more > 1 && equalFold(word, "limit"):
			var ok1, ok2 bool
			if q.start, ok1 = ParseInt(args[1]); ok1 {
				q.count, ok2 = ParseInt(args[2])
			}
			if !ok1 || !ok2 {
				c.WriteError(ErrTextNotInteger)
				return false
			}
			args = args[2:]
		case more > 0 && c.cmd.Flags&ReadOnly == 0 && equalFold(word, "store"):
			q.to = args[1]
			args = args[1:]
		case more > 0 && equalFold(word, "by"):
			q.by = args[1]
			if bytes.IndexByte(q.by, '*') < 0 {
				q.unsorted = true
			}
			args = args[1:]
		case more > 0 && equalFold(word, "get"):
			q.get = append(q.get, args[1])
			args = args[1:]
		default:
			c.WriteError(ErrTextSyntax)
			return false
		}
	}
	return true
}

// cmdSort is SORT key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern
// ...]] [ASC|DESC] [ALPHA] [STORE destination], and SORT_RO without STORE.
func cmdSort(c *Client, argv [][]byte) {
	var q sorting
	if !q.parse(c, argv[2:]) {
		return
	}
	e := c.LookupRead(argv[1])
	if e != nil && e.Type() == store.Set && q.unsorted && (q.to != nil || c.Flags&FlagScript != 0) {
		// A set has no order that could be stored, or that a script could rely on: the result must not depend on it.
		q.unsorted, q.alpha, q.by = false, true, nil
	}
	items, ok := q.items(c, e)
	if !ok {
		c.WrongType()
		return
	}
	if !q.unsorted && !q.sort(c, items) {
		c.WriteError("ERR One or more scores can't be converted into double")
		return
	}
	items = q.limit(items)
	if q.to != nil {
		q.store(c, items)
		return
	}
	c.WriteArray(len(items) * max(len(q.get), 1))
	for _, item := range items {
		if len(q.get) == 0 {
			c.WriteBulk(item.name)
		}
		for _, pattern := range q.get {
			if val, ok := c.byPattern(pattern, item.name); ok {
				c.WriteBulk(val)
			} else {
				c.WriteNull()
			}
		}
	}
}

// items are the elements of a value, in its own order or, if that is asked for, in
// the opposite one.
func (q *sorting) items(c *Client, e *store.Entry) (items []sortItem, ok bool) {
	if e == nil {
		return nil, true
	}
	add := func(elem ds.Elem) bool {
		items = append(items, sortItem{name: elem.Append(nil)})
		return true
	}
	switch e.Type() {
	case store.List:
		c.listOf(e).Each(0, false, func(_ int, elem ds.Elem) bool { return add(elem) })
	case store.Set:
		c.setOf(e).Each(add)
	case store.ZSet:
		z := c.zsetOf(e)
		c.keep(e.Key()) // a snapshot may be in the middle of the listpack
		z.ToTree()
		it := z.Iter(0, false)
		for member, _, ok := it.Next(); ok; member, _, ok = it.Next() {
			add(member)
		}
	default:
		return nil, false
	}
	if q.unsorted && q.desc && e.Type() != store.Set {
		slices.Reverse(items)
	}
	return items, true
}

// sort orders the elements; false if one of them is no number where it should be.
func (q *sorting) sort(c *Client, items []sortItem) bool {
	good := true
	for i := range items {
		item := &items[i]
		by, ok := item.name, true
		if q.by != nil {
			by, ok = c.byPattern(q.by, item.name)
		}
		switch {
		case !ok:
		case q.alpha:
			item.text = append([]byte{}, by...)
		default:
			text := cString(by)
			f, small, err := toDouble(strings.TrimLeft(text, " \t\n\v\f\r"))
			if text == "" {
				f, err = 0, nil
			}
			item.score = f
			good = good && err == nil && !small && !math.IsNaN(f)
		}
	}
	if !good {
		return false
	}
	slices.SortStableFunc(items, func(a, b sortItem) int {
		n := 0
		switch {
		case !q.alpha:
			if n = cmp.Compare(a.score, b.score); n == 0 {
				n = bytes.Compare(a.name, b.name)
			}
		case a.text == nil || b.text == nil:
			n = cmp.Compare(b2i(a.text != nil), b2i(b.text != nil))
		default:
			n = bytes.Compare(a.text, b.text)
		}
		if q.desc {
			return -n
		}
		return n
	})
	return true
}

func (q *sorting) limit(items []sortItem) []sortItem {
	n := int64(len(items))
	start := min(max(q.start, 0), n)
	end := n
	if q.count >= 0 {
		end = min(start+min(q.count, n), n)
	}
	return items[start:end]
}

// store puts the result in place of what the destination holds.
func (q *sorting) store(c *Client, items []sortItem) {
	if len(items) == 0 {
		c.dropOld(q.to)
		c.WriteInt(0)
		return
	}
	db := c.DBStore()
	loose := db.LooseList(q.to)
	l, n := db.List(loose), 0
	push := func(b []byte) {
		l.Push(false, b)
		n++
	}
	for _, item := range items {
		if len(q.get) == 0 {
			push(item.name)
		}
		for _, pattern := range q.get {
			val, _ := c.byPattern(pattern, item.name)
			push(append([]byte{}, val...)) // it may lie in the database
		}
	}
	l.Convert()
	c.srv.PutEntry(c.DB, loose)
	c.srv.Notify(NotifyList, "sortstore", q.to, c.DB)
	c.srv.Dirty += int64(n)
	c.WriteInt(int64(n))
}

// byPattern finds the string that a pattern names when an element takes the place
// of its asterisk: the element itself for #, a hash's field behind ->. The result
// may alias the database.
func (c *Client) byPattern(pattern, name []byte) ([]byte, bool) {
	if string(pattern) == "#" {
		return name, true
	}
	star := bytes.IndexByte(pattern, '*')
	if star < 0 {
		return nil, false
	}
	tail := pattern[star+1:]
	var field []byte
	if i := bytes.Index(tail, []byte("->")); i >= 0 && i+2 < len(tail) {
		tail, field = tail[:i], tail[i+2:]
	}
	key := slices.Concat(pattern[:star], name, tail)
	e := c.LookupRead(key)
	switch {
	case e == nil:
	case field == nil && e.Type() == store.String:
		return e.Bytes(nil), true
	case field != nil && e.Type() == store.Hash:
		if val, ok := c.hashOf(e).Get(field); ok {
			return val.Bytes(nil), true
		}
	}
	return nil, false
}

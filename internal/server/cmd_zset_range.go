package server

import (
	"bytes"
	"strings"

	"berth/internal/ds"
	"berth/internal/store"
)

// ScoreRange is an interval of scores.
type ScoreRange struct {
	Min, Max     float64
	MinEx, MaxEx bool // the ends do not belong to it
}

// Ranks are the ranks of the members in the range: from lo up to, but not
// including, hi.
func (r *ScoreRange) Ranks(z store.ZSetValue) (lo, hi int) {
	lo = z.Partition(func(_ ds.Elem, score float64) bool {
		return score < r.Min || r.MinEx && score == r.Min
	})
	hi = z.Partition(func(_ ds.Elem, score float64) bool {
		return score < r.Max || !r.MaxEx && score == r.Max
	})
	return lo, max(lo, hi)
}

// parseScoreRange reads both ends as commands take them.
func parseScoreRange(low, high []byte) (r ScoreRange, ok bool) {
	end := func(b []byte, ex *bool) (float64, bool) {
		if len(b) > 0 && b[0] == '(' {
			*ex = true
			b = b[1:]
		}
		return rangeDouble(b)
	}
	var ok1, ok2 bool
	r.Min, ok1 = end(low, &r.MinEx)
	r.Max, ok2 = end(high, &r.MaxEx)
	return r, ok1 && ok2
}

// LexEnd is an end of a range of members that have one score: a byte string, or
// what lies before or after all of them.
type LexEnd struct {
	Value []byte
	Ex    bool // the value does not belong to the range
	Side  int  // below zero for -, above for +
}

// before reports whether a member lies before the end's value, or on it if on is
// set.
func (l *LexEnd) before(member ds.Elem, on bool) bool {
	if l.Side != 0 {
		return l.Side > 0
	}
	var tmp [20]byte
	n := bytes.Compare(member.Bytes(tmp[:]), l.Value)
	return n < 0 || n == 0 && on
}

// ParseLexEnd reads an end as commands take it. It aliases b.
func ParseLexEnd(b []byte) (l LexEnd, ok bool) {
	if len(b) == 0 {
		return l, false
	}
	switch b[0] {
	case '-':
		l.Side, l.Ex = -1, true
		return l, len(b) == 1 || b[1] == 0
	case '+':
		l.Side, l.Ex = 1, true
		return l, len(b) == 1 || b[1] == 0
	case '(':
		l.Value, l.Ex = b[1:], true
	case '[':
		l.Value = b[1:]
	default:
		return l, false
	}
	return l, true
}

// LexRange is an interval of members that have one score.
type LexRange struct{ Min, Max LexEnd }

// Ranks are the ranks of the members in the range; see ScoreRange.
func (r *LexRange) Ranks(z store.ZSetValue) (lo, hi int) {
	lo = z.Partition(func(member ds.Elem, _ float64) bool { return r.Min.before(member, r.Min.Ex) })
	hi = z.Partition(func(member ds.Elem, _ float64) bool { return r.Max.before(member, !r.Max.Ex) })
	return lo, max(lo, hi)
}

func parseLexRange(low, high []byte) (r LexRange, ok bool) {
	var ok1, ok2 bool
	r.Min, ok1 = ParseLexEnd(low)
	r.Max, ok2 = ParseLexEnd(high)
	return r, ok1 && ok2
}

// rankRange turns first and last, which count from the end below zero, into ranks
// like those of ScoreRange.Ranks.
func rankRange(first, last int64, n int) (lo, hi int) {
	size := int64(n)
	if first < 0 {
		first = max(first+size, 0)
	}
	if last < 0 {
		last += size
	}
	last = min(last, size-1)
	if first > last {
		return 0, 0
	}
	return int(first), int(last) + 1
}

// by says what the ends of a range are.
type by uint8

const (
	byRank by = iota
	byScore
	byLex
)

// zrange is a range of a sorted set as a command asks for it.
type zrange struct {
	by            by
	first, last   int64
	score         ScoreRange
	lex           LexRange
	rev           bool
	limited       bool
	offset, limit int64
	scores        bool
}

// parseEnds reads the ends of a range, replying the error itself.
func (r *zrange) parseEnds(c *Client, low, high []byte) bool {
	ok := false
	switch r.by {
	case byScore:
		if r.score, ok = parseScoreRange(low, high); !ok {
			c.WriteError("ERR min or max is not a float")
		}
		return ok
	case byLex:
		if r.lex, ok = parseLexRange(low, high); !ok {
			c.WriteError("ERR min or max not valid string range item")
		}
		return ok
	}
	if r.first, ok = ParseInt(low); ok {
		r.last, ok = ParseInt(high)
	}
	if !ok {
		c.WriteError(ErrTextNotInteger)
	}
	return ok
}

// ranks are the ranks of the members in the range, its limit left out.
func (r *zrange) ranks(z store.ZSetValue) (lo, hi int) {
	switch r.by {
	case byScore:
		return r.score.Ranks(z)
	case byLex:
		return r.lex.Ranks(z)
	}
	n := z.Len()
	lo, hi = rankRange(r.first, r.last, n)
	if r.rev && lo < hi {
		lo, hi = n-hi, n-lo
	}
	return lo, hi
}

// parse reads the options of ZRANGE and its kin, and then the ends, which are the
// arguments before them. What r has already is not an option.
func (r *zrange) parse(c *Client, ends, options [][]byte, auto, stored bool) bool {
	for i := 0; i < len(options); i++ {
		word := options[i]
		switch {
		case !stored && equalFold(word, "withscores"):
			r.scores = true
		case equalFold(word, "limit") && i+2 < len(options):
			var ok1, ok2 bool
			if r.offset, ok1 = ParseInt(options[i+1]); ok1 {
				r.limit, ok2 = ParseInt(options[i+2])
			}
			if !ok1 || !ok2 {
				c.WriteError(ErrTextNotInteger)
				return false
			}
			r.limited = true
			i += 2
		case auto && !r.rev && equalFold(word, "rev"):
			r.rev = true
		case auto && r.by == byRank && equalFold(word, "bylex"):
			r.by = byLex
		case auto && r.by == byRank && equalFold(word, "byscore"):
			r.by = byScore
		default:
			c.WriteError(ErrTextSyntax)
			return false
		}
	}
	if !r.limited {
		r.limit = -1
	}
	switch {
	case r.limit != -1 && r.by == byRank:
		c.WriteError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
		return false
	case r.scores && r.by == byLex:
		c.WriteError("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
		return false
	}
	if r.rev && r.by != byRank {
		return r.parseEnds(c, ends[1], ends[0])
	}
	return r.parseEnds(c, ends[0], ends[1])
}

// span is where to begin, and how many members to take, in the direction of the
// range.
func (r *zrange) span(z store.ZSetValue) (rank, n int) {
	lo, hi := r.ranks(z)
	n = hi - lo
	skip := 0
	if r.by != byRank {
		if r.offset < 0 || r.offset >= int64(n) {
			return 0, 0
		}
		skip = int(r.offset)
		n -= skip
		if r.limit >= 0 {
			n = int(min(int64(n), r.limit))
		}
	}
	if r.rev {
		return hi - 1 - skip, n
	}
	return lo + skip, n
}

// cmdZrange is ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count]
// [WITHSCORES], and ZREVRANGE, Z[REV]RANGEBYSCORE and Z[REV]RANGEBYLEX.
func cmdZrange(c *Client, argv [][]byte) {
	var r zrange
	name := c.cmd.Name
	r.rev = strings.HasPrefix(name, "zrev")
	switch {
	case strings.HasSuffix(name, "byscore"):
		r.by = byScore
	case strings.HasSuffix(name, "bylex"):
		r.by = byLex
	}
	if !r.parse(c, argv[2:4], argv[4:], name == "zrange", false) {
		return
	}
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	if e == nil {
		c.WriteArray(0)
		return
	}
	z := c.zsetOf(e)
	rank, n := r.span(z)
	c.writeRange(z, rank, n, r.rev, r.scores)
}

// writeRange replies n members from a rank on.
func (c *Client) writeRange(z store.ZSetValue, rank, n int, back, scores bool) {
	if scores && c.RESP == 2 {
		c.WriteArray(2 * n)
	} else {
		c.WriteArray(n)
	}
	it := z.Iter(rank, back)
	if !scores {
		for range n {
			member, _ := it.Member()
			c.writeElem(member)
		}
		return
	}
	for range n {
		member, score, _ := it.Next()
		if c.RESP == 3 {
			c.WriteArray(2)
		}
		c.writeElem(member)
		c.WriteDouble(score)
	}
}

// cmdZrangestore is ZRANGESTORE destination source start stop [BYSCORE|BYLEX] [REV]
// [LIMIT offset count].
func cmdZrangestore(c *Client, argv [][]byte) {
	var r zrange
	if !r.parse(c, argv[3:5], argv[5:], true, true) {
		return
	}
	e, ok := c.readTyped(argv[2], store.ZSet)
	if !ok {
		return
	}
	if e == nil {
		c.WriteInt(0)
		c.dropOld(argv[1])
		return
	}
	z := c.zsetOf(e)
	rank, n := r.span(z)
	enc := store.ListPack
	if set := &c.srv.keyspace.settings; r.by == byRank && n > set.ZSetMaxListpackEntries {
		enc = store.SkipList
	}
	db := c.DBStore()
	loose := db.LooseZSet(argv[1], enc)
	result, it := db.ZSet(loose), z.Iter(rank, r.rev)
	var tmp [20]byte
	for range n {
		member, score, _ := it.Next()
		result.Add(member.Bytes(tmp[:]), score)
	}
	c.storeZSet(argv[1], loose, "zrangestore")
}

// storeZSet puts the result of a command in place of what the key holds, or
// deletes that if the result is empty, and replies the number of members.
func (c *Client) storeZSet(key []byte, loose *store.Entry, event string) {
	db := c.DBStore()
	n := db.ZSet(loose).Len()
	if n == 0 {
		db.Discard(loose)
		c.WriteInt(0)
		c.dropOld(key)
		return
	}
	c.srv.PutEntry(c.DB, loose)
	c.WriteInt(int64(n))
	c.srv.Notify(NotifyZSet, event, key, c.DB)
	c.srv.Dirty++
}

// countRange is ZCOUNT and ZLEXCOUNT.
func (c *Client) countRange(argv [][]byte, by by) {
	r := zrange{by: by}
	if !r.parseEnds(c, argv[2], argv[3]) {
		return
	}
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		lo, hi := r.ranks(c.zsetOf(e))
		n = hi - lo
	}
	c.WriteInt(int64(n))
}

// cmdZcount is ZCOUNT key min max.
func cmdZcount(c *Client, argv [][]byte) { c.countRange(argv, byScore) }

// cmdZlexcount is ZLEXCOUNT key min max.
func cmdZlexcount(c *Client, argv [][]byte) { c.countRange(argv, byLex) }

// cmdZremrange is ZREMRANGEBYRANK, ZREMRANGEBYSCORE and ZREMRANGEBYLEX key min max.
func cmdZremrange(c *Client, argv [][]byte) {
	var r zrange
	switch c.cmd.Name {
	case "zremrangebyscore":
		r.by = byScore
	case "zremrangebylex":
		r.by = byLex
	}
	if !r.parseEnds(c, argv[2], argv[3]) {
		return
	}
	e, ok := c.writeTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		z := c.zsetOf(e)
		lo, hi := r.ranks(z)
		n = hi - lo
		z.RemoveRange(lo, n)
	}
	if n > 0 {
		c.shrunk(NotifyZSet, c.cmd.Name, argv[1])
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

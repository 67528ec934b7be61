package server

import (
	"math"
	"slices"
	"strings"

	"berth/internal/ds"
	"berth/internal/store"
)

// source is a key that sorted sets are computed from: a sorted set, a set whose
// members count as having the score 1, or nothing.
type source struct {
	e      *store.Entry
	z      store.ZSetValue
	s      store.SetValue
	isSet  bool
	weight float64
}

func (s *source) len() int {
	switch {
	case s.e == nil:
		return 0
	case s.isSet:
		return s.s.Len()
	}
	return s.z.Len()
}

// each calls fn for every member until it returns false.
func (s *source) each(fn func(member ds.Elem, score float64) bool) {
	switch {
	case s.e == nil:
	case s.isSet:
		s.s.Each(func(member ds.Elem) bool { return fn(member, 1) })
	default:
		it := s.z.Iter(0, false)
		for member, score, ok := it.Next(); ok && fn(member, score); member, score, ok = it.Next() {
		}
	}
}

func (s *source) score(member []byte) (float64, bool) {
	switch {
	case s.e == nil:
		return 0, false
	case s.isSet:
		return 1, s.s.Has(member)
	}
	return s.z.Score(member)
}

// combination is what ZUNION and its kin are asked for.
type combination struct {
	sources   []source
	aggregate func(a, b float64) float64
	scores    bool
	limit     int64
}

func sumScores(a, b float64) float64 { return number(a + b) }

func minScore(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func maxScore(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// number is f, or 0 where infinities gave none.
func number(f float64) float64 {
	if math.IsNaN(f) {
		return 0
	}
	return f
}

// cmdZcombine is ZUNION, ZINTER and ZDIFF numkeys key [key ...] [WEIGHTS weight
// [weight ...]] [AGGREGATE SUM|MIN|MAX] [WITHSCORES], and Z{UNION,INTER,DIFF}STORE
// destination numkeys …
func cmdZcombine(c *Client, argv [][]byte) {
	name, stored := strings.CutSuffix(c.cmd.Name, "store")
	var to []byte
	args := argv[1:]
	if stored {
		to, args = argv[1], argv[2:]
	}
	var q combination
	if !q.parse(c, args, name, stored) {
		return
	}
	db := c.DBStore()
	loose := db.LooseZSet(to, store.SkipList)
	result := db.ZSet(loose)
	switch name {
	case "zunion":
		q.union(result)
	case "zinter":
		q.intersect(func(member []byte, score float64) bool {
			result.Add(member, score)
			return true
		})
	default:
		q.subtract(result)
	}
	if stored {
		result.Shrink()
		c.storeZSet(to, loose, c.cmd.Name)
		return
	}
	c.writeRange(result, 0, result.Len(), false, q.scores)
	db.Discard(loose)
}

// cmdZintercard is ZINTERCARD numkeys key [key ...] [LIMIT limit].
func cmdZintercard(c *Client, argv [][]byte) {
	var q combination
	if !q.parse(c, argv[1:], c.cmd.Name, false) {
		return
	}
	n := int64(0)
	q.intersect(func([]byte, float64) bool {
		n++
		return n != q.limit
	})
	c.WriteInt(n)
}

// parse reads the arguments from the number of keys on, replying errors itself.
func (q *combination) parse(c *Client, args [][]byte, name string, stored bool) bool {
	n, ok := ParseInt(args[0])
	switch {
	case !ok:
		c.WriteError(ErrTextNotInteger)
		return false
	case n < 1:
		c.WriteError("ERR at least 1 input key is needed for '" + c.cmd.Name + "' command")
		return false
	case n > int64(len(args)-1):
		c.WriteError(ErrTextSyntax)
		return false
	}
	q.aggregate = sumScores
	q.sources = make([]source, n)
	for i := range q.sources {
		if !q.sources[i].find(c, args[1+i]) {
			return false
		}
	}
	if !q.options(c, args[1+n:], name, stored) {
		return false
	}
	if name != "zdiff" {
		slices.SortStableFunc(q.sources, func(a, b source) int { return a.len() - b.len() })
	}
	return true
}

func (s *source) find(c *Client, key []byte) bool {
	s.weight = 1
	e := c.LookupRead(key)
	if e == nil {
		return true
	}
	switch e.Type() {
	case store.ZSet:
		s.z = c.zsetOf(e)
	case store.Set:
		s.s, s.isSet = c.setOf(e), true
	default:
		c.WrongType()
		return false
	}
	s.e = e
	return true
}

func (q *combination) options(c *Client, args [][]byte, name string, stored bool) bool {
	card := name == "zintercard"
	weighted := name != "zdiff" && !card
	for len(args) > 0 {
		switch {
		case weighted && len(args) > len(q.sources) && equalFold(args[0], "weights"):
			for i := range q.sources {
				w, ok := c.doubleOf(args[1+i], "ERR weight value is not a float")
				if !ok {
					return false
				}
				q.sources[i].weight = w
			}
			args = args[1+len(q.sources):]
		case weighted && len(args) > 1 && equalFold(args[0], "aggregate"):
			switch {
			case equalFold(args[1], "sum"):
				q.aggregate = sumScores
			case equalFold(args[1], "min"):
				q.aggregate = minScore
			case equalFold(args[1], "max"):
				q.aggregate = maxScore
			default:
				c.WriteError(ErrTextSyntax)
				return false
			}
			args = args[2:]
		case !stored && !card && equalFold(args[0], "withscores"):
			q.scores = true
			args = args[1:]
		case card && len(args) > 1 && equalFold(args[0], "limit"):
			n, ok := ParseInt(args[1])
			if !ok || n < 0 {
				c.WriteError("ERR LIMIT can't be negative")
				return false
			}
			q.limit = n
			args = args[2:]
		default:
			c.WriteError(ErrTextSyntax)
			return false
		}
	}
	return true
}

// union adds the members of all sources to an empty result.
func (q *combination) union(result store.ZSetValue) {
	var tmp [20]byte
	for i := range q.sources {
		s := &q.sources[i]
		s.each(func(member ds.Elem, score float64) bool {
			name := member.Bytes(tmp[:])
			score = number(score * s.weight)
			if old, ok := result.Score(name); !ok {
				result.Add(name, score)
			} else if score = q.aggregate(old, score); math.Float64bits(score) != math.Float64bits(old) {
				// -0 and 0 are equal, but are not written alike.
				result.Update(name, score)
			}
			return true
		})
	}
}

// intersect calls fn for the members that all sources have, until it returns
// false.
func (q *combination) intersect(fn func(member []byte, score float64) bool) {
	first, others := &q.sources[0], q.sources[1:]
	var tmp [20]byte
	first.each(func(member ds.Elem, own float64) bool {
		name := member.Bytes(tmp[:])
		score := number(own * first.weight)
		for i := range others {
			o := &others[i]
			value, ok := own, true
			if o.e != first.e {
				value, ok = o.score(name)
			}
			if !ok {
				return true
			}
			score = q.aggregate(score, value*o.weight)
		}
		return fn(name, score)
	})
}

// subtract adds the members of the first source that no other has to an empty
// result.
func (q *combination) subtract(result store.ZSetValue) {
	first, others := &q.sources[0], q.sources[1:]
	var tmp [20]byte
	first.each(func(member ds.Elem, score float64) bool {
		name := member.Bytes(tmp[:])
		for i := range others {
			if _, ok := others[i].score(name); ok {
				return true
			}
		}
		result.Add(name, score)
		return true
	})
}

package server

import (
	"math"
	"strconv"

	"berth/internal/ds"
	"berth/internal/resp"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"zadd":             cmdZadd,
		"zcard":            cmdZcard,
		"zcount":           cmdZcount,
		"zdiff":            cmdZcombine,
		"zdiffstore":       cmdZcombine,
		"zincrby":          cmdZadd,
		"zinter":           cmdZcombine,
		"zintercard":       cmdZintercard,
		"zinterstore":      cmdZcombine,
		"zlexcount":        cmdZlexcount,
		"zmpop":            cmdZmpop,
		"zmscore":          cmdZmscore,
		"zpopmax":          cmdZpop,
		"zpopmin":          cmdZpop,
		"zrandmember":      cmdZrandmember,
		"zrange":           cmdZrange,
		"zrangebylex":      cmdZrange,
		"zrangebyscore":    cmdZrange,
		"zrangestore":      cmdZrangestore,
		"zrank":            cmdZrank,
		"zrem":             cmdZrem,
		"zremrangebylex":   cmdZremrange,
		"zremrangebyrank":  cmdZremrange,
		"zremrangebyscore": cmdZremrange,
		"zrevrange":        cmdZrange,
		"zrevrangebylex":   cmdZrange,
		"zrevrangebyscore": cmdZrange,
		"zrevrank":         cmdZrank,
		"zscan":            cmdZscan,
		"zscore":           cmdZscore,
		"zunion":           cmdZcombine,
		"zunionstore":      cmdZcombine,
	})
}

// zsetOf is the sorted set of an entry of the client's database.
func (c *Client) zsetOf(e *store.Entry) store.ZSetValue { return c.DBStore().ZSet(e) }

// AddZSet adds an empty sorted set under a key that is not there, for about size
// members, the first of width bytes.
func (s *Server) AddZSet(db int, key []byte, size, width int) *store.Entry {
	e := s.DBAt(db).AddZSet(key, size, width)
	s.placed(db, e, key, true)
	return e
}

// ScoreMode says what adding to a sorted set may do.
type ScoreMode uint8

// The modes.
const (
	ScoreNX   ScoreMode = 1 << iota // only new members
	ScoreXX                         // only members that are there
	ScoreGT                         // only to a higher score
	ScoreLT                         // only to a lower score
	ScoreIncr                       // the score is added to the old one
)

// ScoreResult says what adding to a sorted set did.
type ScoreResult uint8

// The results.
const (
	ScoreSame    ScoreResult = iota // the member has that score
	ScoreAdded                      // it is new
	ScoreUpdated                    // it has another score now
	ScoreNothing                    // the mode ruled it out
	ScoreNaN                        // the sum is no number
)

// AddScore adds a member to a sorted set, or changes its score, as far as mode
// allows, and returns the score that it has then.
func AddScore(z store.ZSetValue, member []byte, score float64, mode ScoreMode) (float64, ScoreResult) {
	old, ok := z.Score(member)
	if !ok {
		if mode&ScoreXX != 0 {
			return 0, ScoreNothing
		}
		z.Add(member, score)
		return score, ScoreAdded
	}
	if mode&ScoreNX != 0 {
		return old, ScoreNothing
	}
	if mode&ScoreIncr != 0 {
		if score += old; math.IsNaN(score) {
			return 0, ScoreNaN
		}
	}
	switch {
	case mode&ScoreLT != 0 && score >= old, mode&ScoreGT != 0 && score <= old:
		return old, ScoreNothing
	case score == old:
		return score, ScoreSame
	}
	z.Update(member, score)
	return score, ScoreUpdated
}

// scoreModes are the options of ZADD.
var scoreModes = []struct {
	word string
	mode ScoreMode
}{{"nx", ScoreNX}, {"xx", ScoreXX}, {"gt", ScoreGT}, {"lt", ScoreLT}, {"incr", ScoreIncr}}

// parseScoreModes reads the options of ZADD and returns where the scores begin.
func parseScoreModes(argv [][]byte) (mode ScoreMode, ch bool, at int) {
	for at = 2; at < len(argv); at++ {
		found := false
		for _, m := range scoreModes {
			if equalFold(argv[at], m.word) {
				mode |= m.mode
				found = true
			}
		}
		if equalFold(argv[at], "ch") {
			ch, found = true, true
		}
		if !found {
			break
		}
	}
	return mode, ch, at
}

// cmdZadd is ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]
// and ZINCRBY key increment member.
func cmdZadd(c *Client, argv [][]byte) {
	mode, ch, at := ScoreIncr, false, 2
	if c.cmd.Name == "zadd" {
		mode, ch, at = parseScoreModes(argv)
	}
	pairs := argv[at:]
	switch {
	case len(pairs)%2 != 0 || len(pairs) == 0:
		c.WriteError(ErrTextSyntax)
		return
	case mode&(ScoreNX|ScoreXX) == ScoreNX|ScoreXX:
		c.WriteError("ERR XX and NX options at the same time are not compatible")
		return
	case mode&ScoreNX != 0 && mode&(ScoreGT|ScoreLT) != 0 || mode&(ScoreGT|ScoreLT) == ScoreGT|ScoreLT:
		c.WriteError("ERR GT, LT, and/or NX options at the same time are not compatible")
		return
	case mode&ScoreIncr != 0 && len(pairs) > 2:
		c.WriteError("ERR INCR option supports a single increment-element pair")
		return
	}
	// All scores are looked at before anything is changed.
	var few [8]float64
	scores := few[:0]
	for i := 0; i < len(pairs); i += 2 {
		f, ok := c.doubleOf(pairs[i], "")
		if !ok {
			return
		}
		scores = append(scores, f)
	}
	c.putScores(argv[1], pairs, scores, mode, ch)
}

// putScores adds pairs, of which the second is the member, to the sorted set
// under a key, and replies as ZADD does. It is the part of ZADD behind its syntax.
func (c *Client) putScores(key []byte, pairs [][]byte, scores []float64, mode ScoreMode, ch bool) {
	e, ok := c.writeTyped(key, store.ZSet)
	if !ok {
		return
	}
	if e == nil {
		if mode&ScoreXX != 0 {
			if mode&ScoreIncr != 0 {
				c.WriteNull()
			} else {
				c.WriteInt(0)
			}
			return
		}
		e = c.srv.AddZSet(c.DB, key, len(scores), len(pairs[1]))
	} else {
		c.zsetOf(e).Reserve(len(scores))
	}
	c.addScores(key, c.zsetOf(e), pairs, scores, mode, ch)
}

// addScores does the work of ZADD on a sorted set that is there.
func (c *Client) addScores(key []byte, z store.ZSetValue, pairs [][]byte, scores []float64, mode ScoreMode, ch bool) {
	added, updated := 0, 0
	var last float64
	var result ScoreResult
	for i, score := range scores {
		last, result = AddScore(z, pairs[2*i+1], score, mode)
		switch result {
		case ScoreAdded:
			added++
		case ScoreUpdated:
			updated++
		}
		if result == ScoreNaN {
			break
		}
	}
	switch {
	case result == ScoreNaN:
		c.WriteError("ERR resulting score is not a number (NaN)")
	case mode&ScoreIncr != 0 && result == ScoreNothing:
		c.WriteNull()
	case mode&ScoreIncr != 0:
		c.WriteDouble(last)
	case ch:
		c.WriteInt(int64(added + updated))
	default:
		c.WriteInt(int64(added))
	}
	if added+updated > 0 {
		event := "zadd"
		if mode&ScoreIncr != 0 {
			event = "zincr"
		}
		c.srv.changed(NotifyZSet, event, key, c.DB)
		c.srv.Dirty += int64(added + updated - 1)
	}
}

// cmdZrem is ZREM key member [member ...].
func cmdZrem(c *Client, argv [][]byte) {
	e, ok := c.writeTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	n := 0
	if e != nil {
		z := c.zsetOf(e)
		for _, member := range argv[2:] {
			if z.Remove(member) {
				if n++; z.Len() == 0 {
					break
				}
			}
		}
	}
	if n > 0 {
		c.shrunk(NotifyZSet, "zrem", argv[1])
		c.srv.Dirty += int64(n - 1)
	}
	c.WriteInt(int64(n))
}

// cmdZcard is ZCARD key.
func cmdZcard(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.ZSet)
	switch {
	case !ok:
	case e == nil:
		c.WriteInt(0)
	default:
		c.WriteInt(int64(c.zsetOf(e).Len()))
	}
}

// writeScore replies the score of a member, null if it or the set is not there.
func (c *Client) writeScore(e *store.Entry, member []byte) {
	if e != nil {
		if score, ok := c.zsetOf(e).Score(member); ok {
			c.WriteDouble(score)
			return
		}
	}
	c.WriteNull()
}

// cmdZscore is ZSCORE key member.
func cmdZscore(c *Client, argv [][]byte) {
	if e, ok := c.readTyped(argv[1], store.ZSet); ok {
		c.writeScore(e, argv[2])
	}
}

// cmdZmscore is ZMSCORE key member [member ...].
func cmdZmscore(c *Client, argv [][]byte) {
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	c.WriteArray(len(argv) - 2)
	for _, member := range argv[2:] {
		c.writeScore(e, member)
	}
}

// cmdZrank is ZRANK and ZREVRANK key member [WITHSCORE].
func cmdZrank(c *Client, argv [][]byte) {
	if len(argv) > 4 {
		c.WriteError(wrongArity(c.cmd))
		return
	}
	scores := len(argv) == 4
	if scores && !equalFold(argv[3], "withscore") {
		c.WriteError(ErrTextSyntax)
		return
	}
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	if e != nil {
		z := c.zsetOf(e)
		if rank, score, ok := z.Rank(argv[2]); ok {
			if c.cmd.Name == "zrevrank" {
				rank = z.Len() - 1 - rank
			}
			if scores {
				c.WriteArray(2)
			}
			c.WriteInt(int64(rank))
			if scores {
				c.WriteDouble(score)
			}
			return
		}
	}
	if scores {
		c.WriteNullArray()
	} else {
		c.WriteNull()
	}
}

// cmdZscan is ZSCAN key cursor [MATCH pattern] [COUNT count].
func cmdZscan(c *Client, argv [][]byte) {
	c.scanValue(argv, store.ZSet, func(e *store.Entry, cursor uint64, add func(name, val ds.Elem)) uint64 {
		enc := e.Encoding()
		return c.zsetOf(e).Scan(cursor, func(member ds.Elem, score float64) {
			add(member, ds.Raw(ScannedScore(enc, score)))
		})
	})
}

// ScannedScore is a score as scans of a sorted set give it: what a listpack holds,
// but seventeen digits of what a tree does, as in Redis.
func ScannedScore(enc store.Encoding, score float64) []byte {
	if enc == store.ListPack || math.IsInf(score, 0) {
		return resp.FormatDouble(nil, score)
	}
	return strconv.AppendFloat(nil, score, 'g', 17, 64)
}

package sessiontest

import "strconv"

// score is a number that both servers print alike: 7.0 shows more digits of
// others than 7.2. None is out of range, since SORT of the older server finds the
// error of that in whatever it converts next.
func (g *Gen) score() string {
	switch g.IntN(30) {
	case 0:
		return g.pick("inf", "-inf", "+inf", "1e3", "0x10", ".5", "nan", "", "x", " 1", "1 ")
	case 1:
		return g.pick("-4503599627370496", "4503599627370497", "1e15", "100000000000")
	}
	return strconv.Itoa(g.IntN(12)-4) + g.pick("", "", "", ".5", ".25")
}

func (g *Gen) scoreEnd() string {
	return g.pick("", "", "(") + g.pick(g.score(), g.score(), "-inf", "+inf")
}

func (g *Gen) lexEnd() string {
	return g.pick("-", "+", "["+g.member(), "("+g.member(), "["+g.member(), g.pick("", "x", "+x"))
}

func (g *Gen) limit() []string {
	return []string{"LIMIT", strconv.Itoa(g.IntN(5) - 1), strconv.Itoa(g.IntN(6) - 1)}
}

func genZSet(g *Gen) []string {
	key := g.key()
	switch g.IntN(26) {
	case 0, 1, 2, 3, 4, 5:
		args := join("ZADD", key, g.options(6, []string{"NX"}, []string{"XX"}, []string{"GT"}, []string{"LT"}, []string{"CH"}, []string{"INCR"}))
		for range 1 + g.IntN(5)*g.IntN(2) {
			args = append(args, g.score(), g.member())
		}
		return args
	case 6:
		return join("ZINCRBY", key, g.score(), g.member())
	case 7, 8:
		return join("ZREM", key, g.members(3))
	case 9:
		return join(g.pick("ZSCORE", "ZRANK", "ZREVRANK"), key, g.member())
	case 10:
		return join("ZMSCORE", key, g.members(4))
	case 11:
		return join("ZRANGE", key, g.index(), g.index(), g.options(25, []string{"REV"}, []string{"WITHSCORES"}))
	case 12:
		return join("ZRANGE", key, g.scoreEnd(), g.scoreEnd(), "BYSCORE", g.options(25, []string{"REV"}, []string{"WITHSCORES"}, g.limit()))
	case 13:
		return join(g.pick("ZRANGEBYSCORE", "ZREVRANGEBYSCORE"), key, g.scoreEnd(), g.scoreEnd(), g.options(25, []string{"WITHSCORES"}, g.limit()))
	case 14:
		return join("ZREVRANGE", key, g.index(), g.index(), g.maybe(50, "WITHSCORES"))
	case 15:
		return join("ZCOUNT", key, g.scoreEnd(), g.scoreEnd())
	case 16:
		return join("ZREMRANGEBYSCORE", key, g.scoreEnd(), g.scoreEnd())
	case 17:
		return join("ZREMRANGEBYRANK", key, g.index(), g.index())
	case 18:
		return join(g.pick("ZPOPMIN", "ZPOPMAX"), key, g.maybe(50, g.index()))
	case 19:
		keys := g.keys(3)
		return join("ZMPOP", strconv.Itoa(len(keys)), keys, g.caps(g.pick("MIN", "MAX")), g.maybe(40, "COUNT", g.index()))
	case 20, 21:
		keys := g.keys(3)
		weights := []string{"WEIGHTS"}
		for range keys {
			weights = append(weights, g.pick("1", "2", "0.5", "-1", "0", "x"))
		}
		return join(g.pick("ZUNION", "ZINTER"), strconv.Itoa(len(keys)), keys, g.options(30, weights, []string{"AGGREGATE", g.pick("SUM", "MIN", "MAX", "X")}), g.maybe(60, "WITHSCORES"))
	case 22:
		keys := g.keys(3)
		return join(g.pick("ZUNIONSTORE", "ZINTERSTORE", "ZDIFFSTORE"), key, strconv.Itoa(len(keys)), keys)
	case 23:
		keys := g.keys(3)
		return join(g.pick("ZDIFF", "ZINTERCARD"), strconv.Itoa(len(keys)), keys)
	case 24:
		return join("ZRANGESTORE", key, g.key(), g.index(), g.index(), g.maybe(30, "REV"))
	}
	return genZSetOther(g, key)
}

func genZSetOther(g *Gen, key string) []string {
	switch g.IntN(6) {
	case 0:
		// Members of one score, for the ranges by name.
		args := []string{"ZADD", "lex" + g.count(2)}
		for range 1 + g.IntN(4) {
			args = append(args, "0", g.member())
		}
		return args
	case 1:
		return join(g.pick("ZRANGEBYLEX", "ZREVRANGEBYLEX"), "lex"+g.count(2), g.lexEnd(), g.lexEnd(), g.options(30, g.limit()))
	case 2:
		return join(g.pick("ZLEXCOUNT", "ZREMRANGEBYLEX"), "lex"+g.count(2), g.lexEnd(), g.lexEnd())
	case 3:
		return join("ZSCAN", key, "0", "COUNT", "1000")
	case 4:
		return join("ZRANDMEMBER", key, strconv.Itoa(g.IntN(20)-10), g.maybe(30, "WITHSCORES"))
	}
	return join("ZCARD", key)
}

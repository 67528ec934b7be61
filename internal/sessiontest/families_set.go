package sessiontest

import "strconv"

func (g *Gen) member() string {
	switch g.IntN(40) {
	case 0:
		return g.pick("", "m\x00", "a member that is longer than what a small set may hold in its compact form, by some bytes", g.integer())
	case 1, 2, 3, 4, 5, 6, 7, 8:
		return "m" + strconv.Itoa(g.IntN(8))
	}
	return strconv.Itoa(g.IntN(16))
}

func (g *Gen) members(n int) []string {
	out := make([]string, 1+g.IntN(n))
	for i := range out {
		out[i] = g.member()
	}
	return out
}

func genSet(g *Gen) []string {
	key := g.key()
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4, 5:
		return join("SADD", key, g.members(8))
	case 6, 7:
		return join("SREM", key, g.members(4))
	case 8:
		return join("SISMEMBER", key, g.member())
	case 9:
		return join("SMISMEMBER", key, g.members(5))
	case 10:
		return join(g.pick("SCARD", "SMEMBERS"), key)
	case 11:
		return join("SMOVE", key, g.key(), g.member())
	case 12:
		// Which one is chance; all of them is not.
		return join(g.pick("SPOP", "SRANDMEMBER"), g.pick("nosuch", key), g.pick("1000", "0", "-1", "x"))
	case 13, 14:
		return join(g.pick("SINTER", "SUNION", "SDIFF"), g.keys(4))
	case 15, 16:
		return join(g.pick("SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"), key, g.keys(3))
	case 17:
		keys := g.keys(3)
		return join("SINTERCARD", g.pick(strconv.Itoa(len(keys)), strconv.Itoa(len(keys)), strconv.Itoa(len(keys)), g.index()), keys, g.maybe(40, "LIMIT", g.index()))
	case 18:
		return join("SSCAN", key, g.pick("0", "0", "0", g.junk()), g.options(25, []string{"COUNT", g.pick("1000", g.index())}, []string{"MATCH", g.pick("*", "m*", "1?", "nosuch")}))
	}
	return join("OBJECT", "ENCODING", key)
}

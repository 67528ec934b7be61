package sessiontest

import "strconv"

func (g *Gen) field() string {
	if g.IntN(60) == 0 {
		return g.pick("", "f\x00", "a field that is longer than what a small hash may hold in its compact form, by some", "12345")
	}
	return "f" + strconv.Itoa(g.IntN(14))
}

func (g *Gen) fields(n int) []string {
	out := make([]string, 1+g.IntN(n))
	for i := range out {
		out[i] = g.field()
	}
	return out
}

func genHash(g *Gen) []string {
	key := g.key()
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4:
		args := []string{g.pick("HSET", "HSET", "HMSET"), key}
		for range 1 + g.IntN(5) {
			args = append(args, g.field(), g.pick(g.value(), g.value(), g.integer(), g.double()))
		}
		if g.IntN(30) == 0 {
			args = args[:len(args)-1]
		}
		return args
	case 5:
		return join("HSETNX", key, g.field(), g.value())
	case 6:
		return join("HGET", key, g.field())
	case 7:
		return join("HMGET", key, g.fields(5))
	case 8:
		return join(g.pick("HGETALL", "HKEYS", "HVALS"), key)
	case 9:
		return join("HLEN", key)
	case 10:
		return join("HSTRLEN", key, g.field())
	case 11:
		return join("HEXISTS", key, g.field())
	case 12, 13:
		return join("HDEL", key, g.fields(6))
	case 14, 15:
		return join("HINCRBY", key, g.field(), g.pick(g.integer(), g.integer(), g.count(100), g.junk()))
	case 16:
		return join("HINCRBYFLOAT", key, g.field(), g.double())
	case 17:
		return join("HRANDFIELD", key, g.maybe(60, strconv.Itoa(g.IntN(30)-15)), g.maybe(20, "WITHVALUES"))
	case 18:
		return join("HSCAN", key, g.pick("0", "0", "0", g.junk()), g.options(25, []string{"COUNT", g.pick("1000", g.index())}, []string{"MATCH", g.pick("*", "f1*", "nosuch")}))
	}
	return join("OBJECT", "ENCODING", key)
}

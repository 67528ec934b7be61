package sessiontest

import (
	"strconv"
	"strings"
)

// family makes random commands of one kind. They may be about any key: types
// meet.
type family struct {
	name string
	// weight is how often its turn comes.
	weight int
	gen    func(g *Gen) []string
}

// families are all of them. Each family's file adds its own.
var families = []family{
	{"strings", 5, genString},
	{"numbers", 3, genNumber},
	{"lists", 8, genList},
	{"hashes", 8, genHash},
	{"sets", 8, genSet},
	{"sorted sets", 10, genZSet},
	{"streams", 10, genStream},
	{"bitmaps", 5, genBitmap},
	{"hyperloglogs", 3, genHyperLogLog},
	{"places", 4, genGeo},
	{"sorting", 2, genSort},
	{"keys", 4, genKey},
	{"times", 3, genTime},
	{"scripts", 6, genScript},
	{"transactions", 1, genTransaction},
}

// Command is a random command.
func (g *Gen) Command() []string {
	total := 0
	for _, f := range families {
		total += f.weight
	}
	n := g.IntN(total)
	for _, f := range families {
		if n -= f.weight; n < 0 {
			args := g.mangle(f.gen(g))
			if withScore(args) {
				args = args[:3]
			}
			return args
		}
	}
	return nil
}

// withScore says that a command has the further argument that 7.2 takes: WITHSCORE.
func withScore(args []string) bool {
	return len(args) == 4 && strings.HasSuffix(strings.ToUpper(args[0]), "RANK") && args[0][0]|0x20 == 'z'
}

func (g *Gen) expiryOptions() [][]string {
	return [][]string{{"EX", g.seconds()}, {"PX", millis(g.seconds())}, {"EXAT", g.stamp()}, {"PXAT", millis(g.stamp())}}
}

func genString(g *Gen) []string {
	key := g.key()
	switch g.IntN(18) {
	case 0, 1:
		return join("SET", key, g.value())
	case 2:
		return join("SET", key, g.value(), g.options(18, append(g.expiryOptions(), []string{"NX"}, []string{"XX"}, []string{"GET"}, []string{"KEEPTTL"})...))
	case 3:
		return join("GET", key)
	case 4:
		return join("GETEX", key, g.options(15, append(g.expiryOptions(), []string{"PERSIST"})...))
	case 5:
		return join("GETDEL", key)
	case 6:
		return join("GETSET", key, g.value())
	case 7:
		return join("SETNX", key, g.value())
	case 8:
		return join("SETEX", key, g.seconds(), g.value())
	case 9:
		return join("PSETEX", key, millis(g.seconds()), g.value())
	case 10:
		return join("MGET", g.keys(4))
	case 11:
		args := []string{g.pick("MSET", "MSETNX")}
		for range 1 + g.IntN(3) {
			args = append(args, g.key(), g.value())
		}
		return args
	case 12, 13:
		return join("APPEND", key, g.value())
	case 14:
		return join("STRLEN", key)
	case 15:
		offset := g.pick(g.count(60), g.count(60), g.count(60), "-1", g.junk(), "536870911", "536870912", "9223372036854775807")
		value := g.value()
		if len(offset) > 8 && value == "" {
			value = "x" // an empty value at a far offset is allowed
		}
		if offset == "536870911" {
			value = "xx" // half a gigabyte is for another test
		}
		return join("SETRANGE", key, offset, value)
	case 16:
		return join(g.pick("GETRANGE", "SUBSTR"), key, g.index(), g.index())
	}
	return join("LCS", key, g.key(), g.options(40, []string{"LEN"}, []string{"IDX"}, []string{"IDX"}, []string{"MINMATCHLEN", g.index()}, []string{"WITHMATCHLEN"}))
}

func genNumber(g *Gen) []string {
	switch g.IntN(6) {
	case 0:
		return join(g.pick("INCR", "DECR"), g.key())
	case 1, 2:
		return join(g.pick("INCRBY", "DECRBY"), g.key(), g.pick(g.integer(), g.integer(), g.junk()))
	case 3:
		return join("SET", g.key(), g.pick(g.integer(), g.double()))
	}
	return join("INCRBYFLOAT", g.key(), g.double())
}

func genList(g *Gen) []string {
	key := g.key()
	side := func() string { return g.caps(g.pick("LEFT", "RIGHT")) }
	switch g.IntN(18) {
	case 0, 1, 2:
		return join(g.pick("LPUSH", "RPUSH"), key, g.values(6))
	case 3:
		return join(g.pick("LPUSHX", "RPUSHX"), key, g.values(3))
	case 4:
		return join(g.pick("LPOP", "RPOP"), key)
	case 5:
		return join(g.pick("LPOP", "RPOP"), key, g.index())
	case 6:
		return join("LLEN", key)
	case 7:
		return join("LINDEX", key, g.index())
	case 8:
		return join("LSET", key, g.index(), g.value())
	case 9:
		return join("LINSERT", key, g.caps(g.pick("BEFORE", "AFTER")), g.value(), g.value())
	case 10:
		return join("LRANGE", key, g.index(), g.index())
	case 11:
		return join("LREM", key, g.index(), g.value())
	case 12:
		// Mostly ranges that leave something.
		if g.IntN(3) > 0 {
			return join("LTRIM", key, g.count(3), g.pick("-1", "-2", "20"))
		}
		return join("LTRIM", key, g.index(), g.index())
	case 13:
		return join("LPOS", key, g.value(), g.options(30, []string{"RANK", g.index()}, []string{"COUNT", g.index()}, []string{"MAXLEN", g.index()}))
	case 14:
		return join("LMOVE", key, g.key(), side(), side())
	case 15:
		return join("RPOPLPUSH", key, g.key())
	case 16:
		keys := g.keys(4)
		n := strconv.Itoa(len(keys))
		if g.IntN(10) == 0 {
			n = g.index()
		}
		return join("LMPOP", n, keys, side(), g.options(40, []string{"COUNT", g.index()}))
	}
	return join("LRANGE", key, "0", "-1")
}

func genKey(g *Gen) []string {
	key := g.key()
	switch g.IntN(16) {
	case 0:
		return join(g.pick("DEL", "UNLINK"), g.keys(2))
	case 1:
		return join(g.pick("EXISTS", "TOUCH"), g.keys(4))
	case 2:
		return join("TYPE", key)
	case 3:
		return join("KEYS", g.pick("*", "k*", "k?", "k[1-3]*", "k[^1-3]", "*1", "nosuch", "[", "k\\1", "", "?\x00*"))
	case 4:
		return join("SCAN", g.pick("0", "0", "0", "0", g.junk()), "COUNT", g.pick("1000", "1000", "1000", g.index()), g.options(25,
			[]string{"MATCH", g.pick("*", "k1*", "k?")}, []string{"TYPE", g.pick("string", "list", "hash", "STRING", "nosuch")}))
	case 5, 6:
		return join(g.pick("RENAME", "RENAMENX"), key, g.key())
	case 7, 8:
		return join("COPY", key, g.key(), g.options(20, []string{"REPLACE"}, []string{"DB", g.pick("0", "1", "2", g.index())}))
	case 9:
		return join("MOVE", key, g.pick("0", "1", "2", g.index()))
	case 10:
		if g.IntN(3) == 0 {
			return join("SWAPDB", g.pick("0", "1", "2", g.index()), g.pick("0", "1", "2"))
		}
		return join("SELECT", g.pick("0", "0", "0", "0", "1", "2", g.index()))
	case 11, 12:
		return join("OBJECT", g.caps("ENCODING"), key)
	case 13:
		return join("DBSIZE")
	case 14:
		return join("OBJECT", g.pick("REFCOUNT", "FREQ", "NOSUCH"), "nosuch")
	}
	return join("RANDOMKEY")
}

func genTime(g *Gen) []string {
	key := g.key()
	conds := func() []string { return g.options(15, []string{"NX"}, []string{"XX"}, []string{"GT"}, []string{"LT"}) }
	switch g.IntN(10) {
	case 0:
		return join("EXPIRE", key, g.seconds(), conds())
	case 1:
		return join("PEXPIRE", key, millis(g.seconds()), conds())
	case 2, 3:
		return join("EXPIREAT", key, g.stamp(), conds())
	case 4, 5:
		return join("PEXPIREAT", key, millis(g.stamp()), conds())
	case 6:
		return join(g.pick("TTL", "PTTL"), key)
	case 7, 8:
		return join(g.pick("EXPIRETIME", "PEXPIRETIME"), key)
	}
	return join("PERSIST", key)
}

func genTransaction(g *Gen) []string {
	return join(g.pick("MULTI", "EXEC", "EXEC", "EXEC", "DISCARD", "UNWATCH"))
}

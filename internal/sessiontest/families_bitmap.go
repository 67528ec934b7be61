package sessiontest

import "strconv"

func genBitmap(g *Gen) []string {
	key := g.key()
	offset := func() string { return g.pick(g.count(80), g.count(80), g.count(80), g.junk(), "4294967296") }
	unit := g.maybe(40, g.caps(g.pick("BIT", "BYTE", "BIT", "X")))
	switch g.IntN(12) {
	case 0, 1, 2:
		return join("SETBIT", key, offset(), g.pick("0", "1", "1", "2"))
	case 3:
		return join("GETBIT", key, offset())
	case 4, 5:
		if g.IntN(3) == 0 {
			return join("BITCOUNT", key)
		}
		return join("BITCOUNT", key, g.index(), g.index(), unit)
	case 6:
		return join("BITPOS", key, g.pick("0", "1"), g.index(), g.index(), unit)
	case 7:
		return join("BITPOS", key, g.pick("0", "1", "2"), g.maybe(50, g.index()))
	case 8, 9:
		return join("BITOP", g.caps(g.pick("AND", "OR", "XOR", "NOT")), key, g.keys(3))
	}
	args := []string{g.pick("BITFIELD", "BITFIELD", "BITFIELD_RO"), key}
	for range 1 + g.IntN(3) {
		typ := g.pick("u", "i") + g.pick("1", "5", "8", "8", "16", "31", "32", "63", strconv.Itoa(g.IntN(70)))
		at := g.pick("", "", "#") + g.count(20)
		switch g.IntN(5) {
		case 0:
			args = append(args, "GET", typ, at)
		case 1:
			args = append(args, "SET", typ, at, g.integer())
		case 2, 3:
			args = append(args, "INCRBY", typ, at, g.integer())
		case 4:
			args = append(args, "OVERFLOW", g.pick("WRAP", "SAT", "FAIL", "X"))
		}
	}
	return args
}

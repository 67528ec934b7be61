package sessiontest

func genHyperLogLog(g *Gen) []string {
	key := g.key()
	switch g.IntN(12) {
	case 0, 1, 2, 3:
		args := []string{"PFADD", key}
		for range g.IntN(8) {
			args = append(args, g.pick(g.junk(), g.count(10_000)))
		}
		return args
	case 4:
		// Enough elements to make one dense.
		args := []string{"PFADD", key}
		for range 200 {
			args = append(args, g.count(1_000_000))
		}
		return args
	case 5, 6, 7:
		return join("PFCOUNT", g.keys(3))
	case 8:
		return join("PFMERGE", g.keys(4))
	case 9:
		return join("GET", key)
	case 10:
		return join("PFDEBUG", g.caps(g.pick("ENCODING", "DECODE", "TODENSE", "X")), key)
	}
	return join("STRLEN", key)
}

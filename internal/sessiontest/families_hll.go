package sessiontest

import "strconv"

// genHyperLogLog has keys of its own. In a value that other commands have damaged,
// PFADD of redis-server adds elements up to the damage before it fails; berth adds
// all or none.
func genHyperLogLog(g *Gen) []string {
	sketch := func() string { return "hll" + strconv.Itoa(g.IntN(5)) }
	key := sketch()
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
		return join("PFCOUNT", sketch(), g.maybe(50, sketch(), g.key()))
	case 8:
		return join("PFMERGE", sketch(), sketch(), g.maybe(50, sketch()))
	case 9:
		return join("GET", key)
	case 10:
		return join("PFDEBUG", g.caps(g.pick("ENCODING", "DECODE", "TODENSE", "X")), key)
	}
	return join("STRLEN", key)
}

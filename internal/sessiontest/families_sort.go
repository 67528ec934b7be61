package sessiontest

func genSort(g *Gen) []string {
	cmd := g.pick("SORT", "SORT", "SORT_RO")
	// Where elements are equal by what others hold, their order is chance if they are
	// sorted by bytes.
	order := g.options(40, []string{"BY", g.pick("k*", "nosuch*", "k*->f1", "*")})
	if g.IntN(2) == 0 {
		order = []string{"ALPHA"}
	}
	// What Redis stores of a numeric sort depends on its errno: see staleRange.
	to := []string(nil)
	if len(order) == 1 {
		to = g.maybe(30, "STORE", g.key())
	}
	return join(cmd, g.key(), order, g.options(25, []string{"LIMIT", g.index(), g.index()},
		[]string{"GET", g.pick("#", "k*", "k*->f2", "plain")}, []string{"DESC"}, []string{"ASC"}), to)
}

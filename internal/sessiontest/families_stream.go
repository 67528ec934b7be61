package sessiontest

import "strconv"

// streamID is an ID that both servers make the same of: none of the time.
func (g *Gen) streamID() string {
	switch g.IntN(30) {
	case 0:
		return g.pick("x", "0", "1-x", "-", "+", "18446744073709551615", "1-1-1", "", "01-1", "0-0")
	case 1, 2, 3:
		return strconv.Itoa(g.IntN(40))
	}
	return strconv.Itoa(g.IntN(40)) + "-" + strconv.Itoa(g.IntN(3))
}

func (g *Gen) streamEnd() string {
	return g.pick("", "", "(") + g.pick(g.streamID(), g.streamID(), "-", "+")
}

func (g *Gen) streamKey() string { return "st" + strconv.Itoa(g.IntN(4*g.Spread)) }

func (g *Gen) streamGroup() string { return "g" + strconv.Itoa(g.IntN(2)) }

func (g *Gen) streamIDs(n int) []string {
	out := make([]string, 1+g.IntN(n))
	for i := range out {
		out[i] = g.streamID()
	}
	return out
}

func genStream(g *Gen) []string {
	key := g.pick(g.streamKey(), g.streamKey(), g.streamKey(), g.streamKey(), g.streamKey(), g.key())
	trim := g.pick("MAXLEN", "MINID")
	threshold := []string{trim, g.pick("", "", "=", "~"), strconv.Itoa(g.IntN(20))}
	if threshold[1] == "" {
		threshold = []string{trim, threshold[2]}
	}
	switch g.IntN(20) {
	case 0, 1, 2, 3, 4:
		args := []string{"XADD", key}
		if g.IntN(6) == 0 {
			args = append(args, threshold...)
		}
		args = append(args, g.pick(g.streamID(), strconv.Itoa(g.IntN(40))+"-*"))
		for range 1 + g.IntN(3) {
			args = append(args, g.pick("a", "b", "c", g.field()), g.value())
		}
		return args
	case 5, 6:
		return join(g.pick("XRANGE", "XREVRANGE"), key, g.streamEnd(), g.streamEnd(), g.maybe(30, "COUNT", g.index()))
	case 7:
		return join("XDEL", key, g.streamIDs(3))
	case 8:
		return join("XTRIM", key, threshold, g.maybe(10, "LIMIT", g.index()))
	case 9:
		return join("XLEN", key)
	case 10:
		return join("XREAD", g.maybe(50, "COUNT", g.index()), "STREAMS", key, g.streamKey(), g.streamID(), g.pick("$", g.streamID()))
	case 11:
		if g.IntN(8) == 0 {
			// Rarely: all that the others are about goes with it.
			return join("DEL", key)
		}
		return join("XINFO", "GROUPS", key)
	}
	return genStreamGroup(g, key)
}

func genStreamGroup(g *Gen, key string) []string {
	group, consumer := g.streamGroup(), "c"+strconv.Itoa(g.IntN(3))
	switch g.IntN(11) {
	case 0:
		return join("XGROUP", "CREATE", key, group, g.pick("0", "$", g.streamID()), g.maybe(30, "MKSTREAM"), g.maybe(10, "ENTRIESREAD", g.index()))
	case 1:
		return join("XGROUP", "SETID", key, group, g.pick("0", "$", g.streamID()), g.maybe(30, "ENTRIESREAD", g.count(9)))
	case 2:
		return join("XGROUP", g.pick("CREATECONSUMER", "DELCONSUMER", "CREATECONSUMER", "CREATECONSUMER"), key, group, consumer)
	case 3, 4, 5:
		return join("XREADGROUP", "GROUP", group, consumer, g.maybe(50, "COUNT", g.count(4)), g.maybe(10, "NOACK"), "STREAMS", key, g.pick(">", ">", ">", "0", g.streamID()))
	case 6:
		return join("XACK", key, group, g.streamIDs(4))
	case 7:
		return join("XPENDING", key, group)
	case 8:
		return join("XCLAIM", key, group, consumer, "0", g.streamIDs(3), g.options(15, []string{"FORCE"}, []string{"JUSTID"}, []string{"RETRYCOUNT", g.count(5)}, []string{"LASTID", g.streamID()}))
	case 9:
		return join("XAUTOCLAIM", key, group, consumer, "0", g.pick("0", "-", g.streamID()), g.maybe(40, "COUNT", g.count(5)), g.maybe(20, "JUSTID"))
	}
	if g.IntN(20) == 0 {
		return join("XGROUP", "DESTROY", key, group)
	}
	return join("XINFO", "GROUPS", key)
}

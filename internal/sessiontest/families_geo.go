package sessiontest

import (
	"fmt"
	"strconv"
)

// place is a longitude and a latitude: mostly within one country, so that searches
// find something.
func (g *Gen) place() []string {
	switch g.IntN(12) {
	case 0:
		return []string{fmt.Sprint(g.Float64()*360 - 180), fmt.Sprint(g.Float64()*170 - 85)}
	case 1:
		return []string{g.pick("180", "-180", "181", g.score()), g.pick("85.05112878", "-85.05112878", "86", g.double())}
	}
	return []string{fmt.Sprint(5 + g.Float64()*10), fmt.Sprint(47 + g.Float64()*8)}
}

func (g *Gen) unit() string { return g.pick("m", "km", "km", "KM", "mi", "ft", "x") }

func (g *Gen) length() string {
	return g.pick("0", "1000", "200", "500", strconv.Itoa(g.IntN(30_000)), g.score())
}

// placeKey is a key of which most hold places.
func (g *Gen) placeKey() string {
	if g.IntN(10) == 0 {
		return g.key()
	}
	return "geo" + strconv.Itoa(g.IntN(4))
}

func (g *Gen) searchOptions() []string {
	return join(g.maybe(30, "WITHDIST"), g.maybe(30, "WITHHASH"), g.maybe(30, "WITHCOORD"), g.maybe(40, "COUNT", g.count(20)),
		g.maybe(50, g.pick("ASC", "DESC")), g.maybe(3, "ANY"), g.maybe(3, "BAD"))
}

func genGeo(g *Gen) []string {
	key := g.placeKey()
	switch g.IntN(12) {
	case 0, 1, 2:
		args := join("GEOADD", key, g.maybe(20, g.pick("NX", "XX", "CH")))
		for range 1 + g.IntN(4) {
			args = join(args, g.place(), "p"+strconv.Itoa(g.IntN(200)))
		}
		return args
	case 3:
		return join("GEODIST", key, "p"+g.count(200), "p"+g.count(200), g.maybe(50, g.unit()))
	case 4:
		return join(g.pick("GEOPOS", "GEOHASH"), key, "p"+g.count(200), "p"+g.count(200), g.member())
	case 5:
		return join(g.pick("GEORADIUS", "GEORADIUS_RO"), key, g.place(), g.length(), g.unit(), g.searchOptions())
	case 6:
		return join(g.pick("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"), key, "p"+g.count(200), g.length(), g.unit(), g.searchOptions())
	case 7:
		// Stored distances are left out: their last digits are those of the
		// machine's sine.
		return join("GEORADIUS", key, g.place(), g.length(), g.unit(), g.maybe(40, "COUNT", g.count(20)), "STORE", g.placeKey())
	}
	from := join("FROMLONLAT", g.place())
	if g.IntN(3) == 0 {
		from = []string{"FROMMEMBER", "p" + g.count(200)}
	}
	by := []string{"BYRADIUS", g.length(), g.unit()}
	if g.IntN(2) == 0 {
		by = []string{"BYBOX", g.length(), g.length(), g.unit()}
	}
	if g.IntN(4) == 0 {
		return join("GEOSEARCHSTORE", g.placeKey(), key, from, by, g.maybe(40, "COUNT", g.count(20)))
	}
	return join("GEOSEARCH", key, from, by, g.searchOptions())
}

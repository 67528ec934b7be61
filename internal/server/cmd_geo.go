package server

import (
	"math"
	"strconv"

	"berth/internal/geo"
	"berth/internal/store"
)

func init() {
	const group = "geo"
	const read, write = CatRead | CatGeo, CatWrite | CatGeo
	const search = "O(N+log(M)) where N is the number of elements in the grid-aligned bounding box area around the shape provided as the filter and M is the number of items inside the shape"
	const radius = "O(N+log(M)) where N is the number of elements inside the bounding box of the circular area delimited by center and radius and M is the number of items inside the index."
	registerFamily([]*Command{
		define(group, "geoadd", -5, Write|DenyOOM, write, "3.2.0", "O(log(N)) for each item added, where N is the number of elements in the sorted set.", "Adds one or more members to a geospatial index. The key is created if it doesn't exist.", cmdGeoadd).keys(1, 1, 1, keyUpdates),
		define(group, "geodist", -4, ReadOnly, read, "3.2.0", "O(1)", "Returns the distance between two members of a geospatial index.", cmdGeodist).keys(1, 1, 1, keyReads),
		define(group, "geohash", -2, ReadOnly, read, "3.2.0", "O(1) for each member requested.", "Returns members from a geospatial index as geohash strings.", cmdGeohash).keys(1, 1, 1, keyReads),
		define(group, "geopos", -2, ReadOnly, read, "3.2.0", "O(1) for each member requested.", "Returns the longitude and latitude of members from a geospatial index.", cmdGeopos).keys(1, 1, 1, keyReads),
		define(group, "geosearch", -7, ReadOnly, read, "6.2.0", search, "Queries a geospatial index for members inside an area of a box or a circle.", cmdGeosearch).keys(1, 1, 1, keyReads),
		define(group, "geosearchstore", -8, Write|DenyOOM, write, "6.2.0", search, "Queries a geospatial index for members inside an area of a box or a circle, optionally stores the result.", cmdGeosearch).
			keys(1, 1, 1, keySets).keys(2, 2, 1, keyReads).oldRange(1, 2, 1),
		define(group, "georadius", -6, Write|DenyOOM|MovableKeys, write, "3.2.0", radius, "Queries a geospatial index for members within a distance from a coordinate, optionally stores the result.", cmdGeosearch).
			keys(1, 1, 1, keyReads).keyWord("STORE", 6, 0, 0, keySets).keyWord("STOREDIST", 6, 0, 0, keySets),
		define(group, "georadius_ro", -6, ReadOnly, read, "3.2.10", radius, "Returns members from a geospatial index that are within a distance from a coordinate.", cmdGeosearch).keys(1, 1, 1, keyReads),
		define(group, "georadiusbymember", -5, Write|DenyOOM|MovableKeys, write, "3.2.0", radius, "Queries a geospatial index for members within a distance from a member, optionally stores the result.", cmdGeosearch).
			keys(1, 1, 1, keyReads).keyWord("STORE", 5, 0, 0, keySets).keyWord("STOREDIST", 5, 0, 0, keySets),
		define(group, "georadiusbymember_ro", -5, ReadOnly, read, "3.2.10", radius, "Returns members from a geospatial index that are within a distance from a member.", cmdGeosearch).keys(1, 1, 1, keyReads),
	})
}

// pointOf reads a longitude and a latitude, replying an error if they are none.
func (c *Client) pointOf(longitude, latitude []byte) (p geo.Point, ok bool) {
	if p.Longitude, ok = c.doubleOf(longitude, ""); !ok {
		return p, false
	}
	if p.Latitude, ok = c.doubleOf(latitude, ""); !ok {
		return p, false
	}
	if !p.Valid() {
		c.WriteError("ERR invalid longitude,latitude pair " + sixDigits(p.Longitude) + "," + sixDigits(p.Latitude))
		return p, false
	}
	return p, true
}

// sixDigits is a number as C's %f prints it.
func sixDigits(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'f', 6, 64)
}

// unitOf is a unit of length in metres.
func (c *Client) unitOf(arg []byte) (metres float64, ok bool) {
	switch {
	case equalFold(arg, "m"):
		return 1, true
	case equalFold(arg, "km"):
		return 1000, true
	case equalFold(arg, "ft"):
		return 0.3048, true
	case equalFold(arg, "mi"):
		return 1609.34, true
	}
	c.WriteError("ERR unsupported unit provided. please use M, KM, FT, MI")
	return 0, false
}

// cmdGeoadd is GEOADD key [NX|XX] [CH] longitude latitude member [longitude
// latitude member ...]: ZADD with places as the scores.
func cmdGeoadd(c *Client, argv [][]byte) {
	var mode ScoreMode
	ch, at := false, 2
options:
	for ; at < len(argv); at++ {
		switch {
		case equalFold(argv[at], "nx"):
			mode |= ScoreNX
		case equalFold(argv[at], "xx"):
			mode |= ScoreXX
		case equalFold(argv[at], "ch"):
			ch = true
		default:
			break options
		}
	}
	triples := argv[at:]
	if len(triples) == 0 || len(triples)%3 != 0 || mode == ScoreNX|ScoreXX {
		c.WriteError(ErrTextSyntax)
		return
	}
	var fewScores [8]float64
	var fewPairs [16][]byte
	scores, pairs := fewScores[:0], fewPairs[:0]
	for i := 0; i < len(triples); i += 3 {
		p, ok := c.pointOf(triples[i], triples[i+1])
		if !ok {
			return
		}
		scores = append(scores, geo.Encode(p, geo.Steps).Score())
		pairs = append(pairs, nil, triples[i+2])
	}
	c.putScores(argv[1], pairs, scores, mode, ch)
}

// writeDistance replies a distance with four digits behind the point.
func (c *Client) writeDistance(f float64) {
	var tmp [64]byte
	c.WriteBulk(strconv.AppendFloat(tmp[:0], f, 'f', 4, 64))
}

// writePoint replies a place.
func (c *Client) writePoint(p geo.Point) {
	c.WriteArray(2)
	for _, f := range [2]float64{p.Longitude, p.Latitude} {
		var tmp [32]byte
		b := strconv.AppendFloat(tmp[:0], f, 'f', 17, 64)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
		if b[len(b)-1] == '.' {
			b = b[:len(b)-1]
		}
		c.WriteLongDouble(b)
	}
}

// cmdGeodist is GEODIST key member1 member2 [M|KM|FT|MI].
func cmdGeodist(c *Client, argv [][]byte) {
	unit := 1.0
	if len(argv) > 5 {
		c.WriteError(ErrTextSyntax)
		return
	}
	if len(argv) == 5 {
		var ok bool
		if unit, ok = c.unitOf(argv[4]); !ok {
			return
		}
	}
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	if e == nil {
		c.WriteNull()
		return
	}
	z := c.zsetOf(e)
	score1, ok1 := z.Score(argv[2])
	score2, ok2 := z.Score(argv[3])
	if !ok1 || !ok2 {
		c.WriteNull()
		return
	}
	c.writeDistance(geo.Distance(geo.FromScore(score1), geo.FromScore(score2)) / unit)
}

// eachPlace calls found or missing for each member that a command names.
func (c *Client) eachPlace(argv [][]byte, found func(geo.Point), missing func()) {
	e, ok := c.readTyped(argv[1], store.ZSet)
	if !ok {
		return
	}
	c.WriteArray(len(argv) - 2)
	for _, member := range argv[2:] {
		var score float64
		ok := e != nil
		if ok {
			score, ok = c.zsetOf(e).Score(member)
		}
		if ok {
			found(geo.FromScore(score))
		} else {
			missing()
		}
	}
}

// cmdGeohash is GEOHASH key [member ...].
func cmdGeohash(c *Client, argv [][]byte) {
	c.eachPlace(argv, func(p geo.Point) {
		text := geo.Text(p)
		c.WriteBulk(text[:])
	}, c.WriteNull)
}

// cmdGeopos is GEOPOS key [member ...].
func cmdGeopos(c *Client, argv [][]byte) { c.eachPlace(argv, c.writePoint, c.WriteNullArray) }

package server

import (
	"math"
	"strconv"

	"berth/internal/geo"
	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"geoadd":               cmdGeoadd,
		"geodist":              cmdGeodist,
		"geohash":              cmdGeohash,
		"geopos":               cmdGeopos,
		"georadius":            cmdGeosearch,
		"georadius_ro":         cmdGeosearch,
		"georadiusbymember":    cmdGeosearch,
		"georadiusbymember_ro": cmdGeosearch,
		"geosearch":            cmdGeosearch,
		"geosearchstore":       cmdGeosearch,
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
	if w := c.insteadOf(at + 2*len(scores)); w != nil {
		w.Word("zadd").Args(argv[1:at])
		for i, score := range scores {
			w.Int(int64(score)).Arg(pairs[2*i+1])
		}
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

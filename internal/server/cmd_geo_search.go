package server

import (
	"cmp"
	"slices"

	"berth/internal/ds"
	"berth/internal/geo"
	"berth/internal/store"
)

// geoForm is what a command of the family takes.
type geoForm struct {
	from, options int  // the argument of the source key, and the first option
	search        bool // GEOSEARCH's options: where and how far
	member        bool // around the place of a member
	store         bool // STORE and STOREDIST with a key
	storesAlways  bool // the result is stored
}

var geoForms = map[string]geoForm{
	"geosearch":            {from: 1, options: 2, search: true},
	"geosearchstore":       {from: 2, options: 3, search: true, storesAlways: true},
	"georadius":            {from: 1, options: 6, store: true},
	"georadius_ro":         {from: 1, options: 6},
	"georadiusbymember":    {from: 1, options: 5, member: true, store: true},
	"georadiusbymember_ro": {from: 1, options: 5, member: true},
}

// geoQuery is a search as it is asked for.
type geoQuery struct {
	shape                         geo.Shape
	unit                          float64 // in metres
	fromMember, fromPlace         bool
	byRadius, byBox               bool
	withDist, withHash, withPlace bool
	sorted, desc                  bool
	count                         int64 // 0 for all
	any                           bool  // the first that are found will do
	to                            []byte
	storeDist                     bool
}

// geoHit is a member that lies within the shape.
type geoHit struct {
	member ds.Elem
	score  float64
	place  geo.Point
	metres float64
}

// cmdGeosearch is GEOSEARCH key FROMMEMBER member | FROMLONLAT longitude latitude
// BYRADIUS radius unit | BYBOX width height unit [ASC|DESC] [COUNT count [ANY]]
// [WITHCOORD] [WITHDIST] [WITHHASH], GEOSEARCHSTORE destination source … [STOREDIST],
// and GEORADIUS key longitude latitude radius unit … [STORE key] [STOREDIST key] and
// its kin.
func cmdGeosearch(c *Client, argv [][]byte) {
	form := geoForms[c.cmd.Name]
	e, ok := c.readTyped(argv[form.from], store.ZSet)
	if !ok {
		return
	}
	var q geoQuery
	if form.storesAlways {
		q.to = argv[1]
	}
	if !q.around(c, form, e, argv) || !q.parse(c, form, e, argv[form.options:]) || !q.check(c, form, argv[0]) {
		return
	}
	switch {
	case e == nil && q.to == nil:
		c.WriteArray(0)
		return
	case e == nil:
		c.WriteInt(0)
		c.dropOld(q.to)
		return
	}
	hits := q.find(c.zsetOf(e))
	if q.to == nil {
		q.write(c, hits)
		return
	}
	event := "georadiusstore"
	if form.search {
		event = "geosearchstore"
	}
	q.keep(c, hits, event)
}

// around reads the arguments of GEORADIUS and its kin before the options.
func (q *geoQuery) around(c *Client, form geoForm, e *store.Entry, argv [][]byte) (ok bool) {
	switch {
	case form.search:
		return true
	case !form.member:
		if q.shape.Center, ok = c.pointOf(argv[2], argv[3]); !ok {
			return false
		}
	case e == nil:
		return true // the options are looked at all the same
	default:
		if !q.placeOf(c, e, argv[2]) {
			return false
		}
	}
	return q.radius(c, argv[form.options-2:])
}

// placeOf makes a member's place the centre.
func (q *geoQuery) placeOf(c *Client, e *store.Entry, member []byte) bool {
	score, ok := c.zsetOf(e).Score(member)
	if !ok {
		c.WriteError("ERR could not decode requested zset member")
		return false
	}
	q.shape.Center = geo.FromScore(score)
	return true
}

// radius reads a radius and its unit.
func (q *geoQuery) radius(c *Client, args [][]byte) bool {
	r, ok := c.doubleOf(args[0], "ERR need numeric radius")
	if !ok {
		return false
	}
	if r < 0 {
		c.WriteError("ERR radius cannot be negative")
		return false
	}
	if q.unit, ok = c.unitOf(args[1]); !ok {
		return false
	}
	q.shape.Box, q.shape.Radius = false, r*q.unit
	return true
}

// box reads a width, a height and their unit.
func (q *geoQuery) box(c *Client, args [][]byte) bool {
	w, ok := c.doubleOf(args[0], "ERR need numeric width")
	if !ok {
		return false
	}
	h, ok := c.doubleOf(args[1], "ERR need numeric height")
	if !ok {
		return false
	}
	if w < 0 || h < 0 {
		c.WriteError("ERR height or width cannot be negative")
		return false
	}
	if q.unit, ok = c.unitOf(args[2]); !ok {
		return false
	}
	q.shape.Box, q.shape.Width, q.shape.Height = true, w*q.unit, h*q.unit
	return true
}

// parse reads the options.
func (q *geoQuery) parse(c *Client, form geoForm, e *store.Entry, args [][]byte) (ok bool) {
	for i := 0; i < len(args); i++ {
		rest := args[i+1:]
		switch arg := args[i]; {
		case equalFold(arg, "withdist"):
			q.withDist = true
		case equalFold(arg, "withhash"):
			q.withHash = true
		case equalFold(arg, "withcoord"):
			q.withPlace = true
		case equalFold(arg, "any"):
			q.any = true
		case equalFold(arg, "asc"):
			q.sorted, q.desc = true, false
		case equalFold(arg, "desc"):
			q.sorted, q.desc = true, true
		case equalFold(arg, "count") && len(rest) > 0:
			if q.count, ok = c.number(rest[0], ErrTextNotInteger); !ok {
				return false
			}
			if q.count <= 0 {
				c.WriteError("ERR COUNT must be > 0")
				return false
			}
			i++
		case form.store && len(rest) > 0 && (equalFold(arg, "store") || equalFold(arg, "storedist")):
			q.to, q.storeDist = rest[0], equalFold(arg, "storedist")
			i++
		case form.storesAlways && equalFold(arg, "storedist"):
			q.storeDist = true
		case form.search && len(rest) > 0 && !q.fromPlace && equalFold(arg, "frommember"):
			if e != nil && !q.placeOf(c, e, rest[0]) {
				return false
			}
			q.fromMember = true
			i++
		case form.search && len(rest) > 1 && !q.fromMember && equalFold(arg, "fromlonlat"):
			if q.shape.Center, ok = c.pointOf(rest[0], rest[1]); !ok {
				return false
			}
			q.fromPlace = true
			i += 2
		case form.search && len(rest) > 1 && !q.byBox && equalFold(arg, "byradius"):
			if !q.radius(c, rest) {
				return false
			}
			q.byRadius = true
			i += 2
		case form.search && len(rest) > 2 && !q.byRadius && equalFold(arg, "bybox"):
			if !q.box(c, rest) {
				return false
			}
			q.byBox = true
			i += 3
		default:
			c.WriteError(ErrTextSyntax)
			return false
		}
	}
	return true
}

// check looks for options that do not go together.
func (q *geoQuery) check(c *Client, form geoForm, name []byte) bool {
	switch {
	case q.to != nil && (q.withDist || q.withHash || q.withPlace):
		what := "STORE option in GEORADIUS"
		if form.storesAlways {
			what = "GEOSEARCHSTORE"
		}
		c.WriteError("ERR " + what + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
	case form.search && !q.fromMember && !q.fromPlace:
		c.WriteError("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + cString(name))
	case form.search && !q.byRadius && !q.byBox:
		c.WriteError("ERR exactly one of BYRADIUS and BYBOX can be specified for " + cString(name))
	case q.any && q.count == 0:
		c.WriteError("ERR the ANY argument requires COUNT argument")
	default:
		return true
	}
	return false
}

// find is the members within the shape: as many as are asked for, in the order
// asked for. They are part of the sorted set.
func (q *geoQuery) find(z store.ZSetValue) (hits []geoHit) {
	var few [9]geo.Range
	limit := int64(-1)
	if q.any {
		limit = q.count
	}
search:
	for _, r := range q.shape.Cover(few[:0]) {
		scores := ScoreRange{Min: r.Min, Max: r.Max, MaxEx: true}
		first, end := scores.Ranks(z)
		it := z.Iter(first, false)
		for range end - first {
			member, score, _ := it.Next()
			place := geo.FromScore(score)
			if metres, ok := q.shape.Distance(place); ok {
				hits = append(hits, geoHit{member, score, place, metres})
				if int64(len(hits)) == limit {
					break search
				}
			}
		}
	}
	switch {
	case q.desc:
		slices.SortStableFunc(hits, func(a, b geoHit) int { return cmp.Compare(b.metres, a.metres) })
	case q.sorted || q.count > 0 && !q.any:
		slices.SortStableFunc(hits, func(a, b geoHit) int { return cmp.Compare(a.metres, b.metres) })
	}
	if q.count > 0 && int64(len(hits)) > q.count {
		hits = hits[:q.count]
	}
	return hits
}

// write replies what was found.
func (q *geoQuery) write(c *Client, hits []geoHit) {
	with := int(b2i(q.withDist) + b2i(q.withHash) + b2i(q.withPlace))
	c.WriteArray(len(hits))
	var tmp [20]byte
	for i := range hits {
		h := &hits[i]
		if with > 0 {
			c.WriteArray(1 + with)
		}
		c.WriteBulk(h.member.Bytes(tmp[:]))
		if q.withDist {
			c.writeDistance(h.metres / q.unit)
		}
		if q.withHash {
			c.WriteInt(int64(h.score))
		}
		if q.withPlace {
			c.writePoint(h.place)
		}
	}
}

// keep stores what was found as a sorted set.
func (q *geoQuery) keep(c *Client, hits []geoHit, event string) {
	db := c.DBStore()
	loose := db.LooseZSet(q.to, store.SkipList)
	result := db.ZSet(loose)
	var tmp [20]byte
	for i := range hits {
		h := &hits[i]
		score := h.score
		if q.storeDist {
			score = h.metres / q.unit
		}
		result.Put(h.member.Bytes(tmp[:]), score)
	}
	result.Shrink()
	c.storeZSet(q.to, loose, event)
	c.srv.Dirty += int64(max(len(hits)-1, 0))
}

package geo

import "math"

const (
	// earthRadius is the quadratic mean radius in metres, after WGS 84.
	earthRadius = 6372797.560856
	// mercatorMax is half of the width of the web Mercator map, in metres.
	mercatorMax = 20037726.37
)

func radians(degrees float64) float64 { return degrees * (math.Pi / 180) }
func degrees(radians float64) float64 { return radians / (math.Pi / 180) }

// Distance is the length in metres of the great circle between two places, by the
// haversine formula.
func Distance(a, b Point) float64 {
	v := math.Sin((radians(b.Longitude) - radians(a.Longitude)) / 2)
	if v == 0 {
		return latitudeDistance(a.Latitude, b.Latitude)
	}
	lat1, lat2 := radians(a.Latitude), radians(b.Latitude)
	u := math.Sin((lat2 - lat1) / 2)
	h := float64(u*u) + float64(math.Cos(lat1)*math.Cos(lat2)*v*v)
	return 2 * earthRadius * math.Asin(math.Sqrt(h))
}

func latitudeDistance(a, b float64) float64 {
	return earthRadius * math.Abs(radians(b)-radians(a))
}

// Shape is a circle, or a rectangle of which each side is as long as its distance
// through the centre. Lengths are in metres.
type Shape struct {
	Center        Point
	Box           bool
	Radius        float64 // of the circle
	Width, Height float64 // of the rectangle
}

// Distance is how far a place lies from the centre, in metres, if it lies within
// the shape.
func (s *Shape) Distance(p Point) (metres float64, ok bool) {
	if s.Box {
		if latitudeDistance(p.Latitude, s.Center.Latitude) > s.Height/2 {
			return 0, false
		}
		if Distance(p, Point{s.Center.Longitude, p.Latitude}) > s.Width/2 {
			return 0, false
		}
		return Distance(s.Center, p), true
	}
	metres = Distance(s.Center, p)
	return metres, metres <= s.Radius
}

// bounds is a rectangle of degrees around the shape.
func (s *Shape) bounds() area {
	width, height := s.Radius, s.Radius
	if s.Box {
		width, height = s.Width/2, s.Height/2
	}
	lat := degrees(height / earthRadius)
	// A degree of longitude is shortest at the edge that is nearer to a pole.
	edge := s.Center.Latitude + lat
	if s.Center.Latitude < 0 {
		edge = s.Center.Latitude - lat
	}
	long := degrees(width / earthRadius / math.Cos(radians(edge)))
	c := s.Center
	return area{Point{c.Longitude - long, c.Latitude - lat}, Point{c.Longitude + long, c.Latitude + lat}}
}

// steps estimates for which cells the shape lies within one and its neighbors.
func (s *Shape) steps() uint8 {
	r := s.Radius
	if s.Box {
		r = math.Sqrt(float64(s.Width/2*(s.Width/2)) + float64(s.Height/2*(s.Height/2)))
	}
	if r == 0 {
		return Steps
	}
	n := -1
	for ; r < mercatorMax; r *= 2 {
		n++
	}
	// Towards the poles the map is stretched.
	switch lat := math.Abs(s.Center.Latitude); {
	case lat > 80:
		n -= 2
	case lat > 66:
		n--
	}
	return uint8(min(max(n, 1), Steps))
}

// A Range is the scores from Min up to, but not including, Max.
type Range struct{ Min, Max float64 }

// The cell of the centre, then the neighbors in the order in which they are
// searched, which the order of unsorted results follows.
var searchOrder = [9]struct{ east, north int }{
	{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1},
}

// Cover appends ranges of scores that hold all places within the shape, and others
// near it.
func (s *Shape) Cover(ranges []Range) []Range {
	bounds, steps := s.bounds(), s.steps()
	h := Encode(s.Center, steps)
	if steps > 1 && !h.reaches(bounds) {
		steps--
		h = Encode(s.Center, steps)
	}
	cell := h.area()
	var last Hash
	for i, at := range searchOrder {
		// Neighbors on a side to which the centre's cell itself reaches beyond the
		// shape hold nothing of it.
		if steps >= 2 && (at.north < 0 && cell.min.Latitude < bounds.min.Latitude ||
			at.north > 0 && cell.max.Latitude > bounds.max.Latitude ||
			at.east < 0 && cell.min.Longitude < bounds.min.Longitude ||
			at.east > 0 && cell.max.Longitude > bounds.max.Longitude) {
			continue
		}
		// Where there are two cells only, those on both sides are one.
		n := h.neighbor(at.east, at.north)
		if n == last {
			continue
		}
		ranges = append(ranges, Range{n.Score(), Hash{n.Bits + 1, steps}.Score()})
		if i > 0 {
			last = n
		}
	}
	return ranges
}

// reaches reports whether the neighbors of h in the four directions reach to the
// edges of an area.
func (h Hash) reaches(a area) bool {
	// Said as it is because the edges of a shape without end are no numbers.
	return !(h.neighbor(0, 1).area().max.Latitude < a.max.Latitude ||
		h.neighbor(0, -1).area().min.Latitude > a.min.Latitude ||
		h.neighbor(1, 0).area().max.Longitude < a.max.Longitude ||
		h.neighbor(-1, 0).area().min.Longitude > a.min.Longitude)
}

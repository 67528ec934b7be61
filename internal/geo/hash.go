package geo

import "math"

// The places that can be stored: the poles cannot.
const (
	LongitudeMin, LongitudeMax = -180.0, 180.0
	LatitudeMin, LatitudeMax   = -85.05112878, 85.05112878
)

// Steps is the precision of stored hashes.
const Steps = 26

// A Point is a place, in degrees.
type Point struct{ Longitude, Latitude float64 }

// Valid reports whether the place can be stored.
func (p Point) Valid() bool {
	return p.Longitude >= LongitudeMin && p.Longitude <= LongitudeMax &&
		p.Latitude >= LatitudeMin && p.Latitude <= LatitudeMax
}

// Hash is a cell of the earth: the more steps, the smaller.
type Hash struct {
	Bits  uint64
	Steps uint8
}

// area is what a hash covers.
type area struct{ min, max Point }

// Encode is the hash of a valid place.
func Encode(p Point, steps uint8) Hash {
	return encode(p, Point{LongitudeMin, LatitudeMin}, Point{LongitudeMax, LatitudeMax}, steps)
}

func encode(p, low, high Point, steps uint8) Hash {
	cells := float64(uint64(1) << steps)
	lat := (p.Latitude - low.Latitude) / (high.Latitude - low.Latitude) * cells
	long := (p.Longitude - low.Longitude) / (high.Longitude - low.Longitude) * cells
	return Hash{spread(uint32(lat)) | spread(uint32(long))<<1, steps}
}

// spread moves the bits of n to the even positions.
func spread(n uint32) uint64 {
	x := uint64(n)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// gather undoes spread.
func gather(x uint64) uint32 {
	x &= 0x5555555555555555
	x = (x | x>>1) & 0x3333333333333333
	x = (x | x>>2) & 0x0f0f0f0f0f0f0f0f
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

func (h Hash) area() area {
	cells := float64(uint64(1) << h.Steps)
	lat, long := gather(h.Bits), gather(h.Bits>>1)
	// The conversions keep the compiler from fusing a product and a sum, which
	// rounds once where Redis rounds twice.
	at := func(n uint32, low, high float64) float64 {
		return low + float64(float64(n)/cells*(high-low))
	}
	return area{
		Point{at(long, LongitudeMin, LongitudeMax), at(lat, LatitudeMin, LatitudeMax)},
		Point{at(long+1, LongitudeMin, LongitudeMax), at(lat+1, LatitudeMin, LatitudeMax)},
	}
}

// Score is the hash as the score of a member of a sorted set.
func (h Hash) Score() float64 { return float64(h.Bits << (2 * (Steps - h.Steps))) }

// FromScore is the place that a score stands for. Any score stands for one.
func FromScore(score float64) Point {
	a := Hash{scoreBits(score), Steps}.area()
	return Point{
		min(max((a.min.Longitude+a.max.Longitude)/2, LongitudeMin), LongitudeMax),
		min(max((a.min.Latitude+a.max.Latitude)/2, LatitudeMin), LatitudeMax),
	}
}

// scoreBits is the integer part of a score, the same on every machine.
func scoreBits(score float64) uint64 {
	switch {
	case score >= 1<<64 || math.IsNaN(score):
		return 0
	case score >= 1<<63:
		return uint64(score-1<<63) + 1<<63
	case score < -1<<63:
		return 1 << 63
	}
	return uint64(int64(score))
}

const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"

// Text is the standard geohash of a place, in eleven characters. It is made from
// 52 bits; the last character, for which there are none, is always 0.
func Text(p Point) [11]byte {
	bits := encode(p, Point{-180, -90}, Point{180, 90}, Steps).Bits
	text := [11]byte{10: '0'}
	for i := range 10 {
		text[i] = alphabet[bits>>(52-5*(i+1))&0x1f]
	}
	return text
}

const (
	evenBits = 0x5555555555555555 // the latitude
	oddBits  = 0xaaaaaaaaaaaaaaaa // the longitude
)

// neighbor is the cell of the same size east and north of h by -1, 0 or 1 cells
// each, going round at the edges.
func (h Hash) neighbor(east, north int) Hash {
	shift := 64 - 2*h.Steps
	move := func(own, other uint64, by int) uint64 {
		bits := h.Bits & own
		// The other coordinate's bits are set, or clear, so that a carry runs
		// through them.
		gaps := other >> shift
		switch by {
		case 1:
			bits += gaps + 1
		case -1:
			bits = (bits | gaps) - (gaps + 1)
		default:
			return bits
		}
		return bits & (own >> shift)
	}
	return Hash{move(oddBits, evenBits, east) | move(evenBits, oddBits, north), h.Steps}
}

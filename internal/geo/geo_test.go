package geo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestScores takes scores and places that redis-server gives.
func TestScores(t *testing.T) {
	for _, tt := range []struct {
		place Point
		score float64
		text  string
	}{
		{Point{13.361389, 38.115556}, 3479099956230698, "sqc8b49rny0"},
		{Point{15.087269, 37.502669}, 3479447370796909, "sqdtr74hyu0"},
	} {
		if got := Encode(tt.place, Steps).Score(); got != tt.score {
			t.Errorf("%v has the score %.0f, want %.0f", tt.place, got, tt.score)
		}
		back := FromScore(tt.score)
		if d := Distance(back, tt.place); d > 1 {
			t.Errorf("%v comes back %v m off", tt.place, d)
		}
		if got := Text(back); string(got[:]) != tt.text {
			t.Errorf("%v is %s, want %s", tt.place, got, tt.text)
		}
	}
}

// TestAnyScore holds that each number stands for a valid place.
func TestAnyScore(t *testing.T) {
	for _, score := range []float64{0, -1, 1e300, -1e300, math.Inf(1), math.Inf(-1), math.NaN(), 1 << 52, 1 << 63, 1 << 64, 0.5} {
		if p := FromScore(score); !p.Valid() {
			t.Errorf("%v stands for %v", score, p)
		}
	}
}

// TestCover holds that every place within a shape lies in one of its ranges, and in
// one only.
func TestCover(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	place := func() Point {
		return Point{r.Float64()*360 - 180, r.Float64()*160 - 80}
	}
	for range 2000 {
		s := Shape{Center: place(), Radius: math.Pow(10, r.Float64()*5+1)}
		if r.IntN(2) == 0 {
			s.Box, s.Width, s.Height = true, math.Pow(10, r.Float64()*4+1), math.Pow(10, r.Float64()*4+1)
		}
		// Near the edges of the map a shape reaches over it, where, as in Redis,
		// nothing is found.
		if b := s.bounds(); !(b.min.Longitude > -180 && b.max.Longitude < 180 && b.min.Latitude > -80 && b.max.Latitude < 80) {
			continue
		}
		ranges := s.Cover(nil)
		reach := degrees(max(s.Radius, s.Width, s.Height) / earthRadius)
		for range 50 {
			p := Point{s.Center.Longitude + (r.Float64()*2-1)*reach*3, s.Center.Latitude + (r.Float64()*2-1)*reach}
			if !p.Valid() {
				continue
			}
			score := Encode(p, Steps).Score()
			p = FromScore(score)
			if _, ok := s.Distance(p); !ok {
				continue
			}
			n := 0
			for _, rg := range ranges {
				if score >= rg.Min && score < rg.Max {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%v lies in %d of the ranges %v of %+v", p, n, ranges, s)
			}
		}
	}
}

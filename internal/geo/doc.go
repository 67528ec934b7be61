// Package geo is the arithmetic of places on the earth: geohashes, which are the
// scores that GEOADD gives to members, distances, and the areas of hashes that
// cover a circle or a rectangle.
//
// A Hash interleaves the bits of a longitude and a latitude, each cut in half as
// many times as the hash has steps. Hashes near to each other are places near to
// each other, so that the places of a square are a range of a sorted set. The
// ranges of coordinates are those of the web Mercator projection (EPSG:3857), and
// 26 steps give the 52 bits that a double holds exactly: both as in Redis, whose
// sorted sets must mean the same here.
package geo

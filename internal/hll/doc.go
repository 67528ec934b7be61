// Package hll estimates how many different elements a set has, in Redis's format
// of HyperLogLogs, to the byte and to the estimate: a header and 16,384 registers
// of six bits, or, while most of them are zero, runs of equal registers.
//
// The algorithm of the estimate is Otmar Ertl's ("New cardinality estimation
// algorithms for HyperLogLog sketches", 2017), the hash is MurmurHash64A.
//
// Values are byte slices: the package neither keeps them nor locks.
package hll

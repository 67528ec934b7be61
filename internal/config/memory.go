package config

import (
	"math/bits"
	"strconv"
	"strings"
)

// memoryUnits are the suffixes of an amount of memory: those that end in b are
// powers of two.
var memoryUnits = map[string]uint64{
	"": 1, "b": 1,
	"k": 1000, "kb": 1 << 10,
	"m": 1000 * 1000, "mb": 1 << 20,
	"g": 1000 * 1000 * 1000, "gb": 1 << 30,
}

// ParseMemory reads an amount of memory such as 100mb, in bytes. A number too
// large for 64 bits counts as the largest; no digits count as 0.
func ParseMemory(s string) (uint64, bool) {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	unit, ok := memoryUnits[strings.ToLower(s[n:])]
	if !ok || n >= 128 {
		return 0, false
	}
	if n == 0 {
		return 0, true
	}
	v, err := strconv.ParseUint(s[:n], 10, 64)
	if err != nil {
		v = 1<<64 - 1
	}
	hi, lo := bits.Mul64(v, unit)
	return lo, hi == 0
}

// FormatMemory writes an amount of memory with the largest unit that needs no
// fraction.
func FormatMemory(n uint64) string {
	for _, u := range []struct {
		size uint64
		name string
	}{{1 << 30, "gb"}, {1 << 20, "mb"}, {1 << 10, "kb"}} {
		if n != 0 && n%u.size == 0 {
			return strconv.FormatUint(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatUint(n, 10)
}

// parseInt reads a decimal number in its one canonical form: no sign but
// minus, no leading zero, no white space.
func parseInt(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil && strconv.FormatInt(v, 10) == s
}

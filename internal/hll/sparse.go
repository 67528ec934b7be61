package hll

import (
	"slices"
	"strconv"
)

// The runs of the sparse encoding: 00nnnnnn are up to 64 zeros, 01nnnnnn nnnnnnnn
// up to 16,384 zeros, 1vvvvvnn up to four registers of a value up to 32. All of
// these numbers are kept less one.
const (
	maxZeros  = 64
	maxVal    = 32
	maxVals   = 4
	longZeros = 0x40
	valBit    = 0x80
)

// run reads the run at the beginning of b: its length and value, and how many
// bytes it takes; 0 if b is too short.
func run(b []byte) (n int, val uint8, size int) {
	switch {
	case b[0]&valBit != 0:
		return int(b[0]&3) + 1, b[0]>>2&0x1f + 1, 1
	case b[0]&longZeros == 0:
		return int(b[0]&0x3f) + 1, 0, 1
	case len(b) < 2:
		return 0, 0, 0
	}
	return (int(b[0]&0x3f)<<8 | int(b[1])) + 1, 0, 2
}

// eachRun calls fn for every run of a sparse one, as long as there are registers
// for it.
func eachRun(b []byte, fn func(first, n int, val uint8)) error {
	first := 0
	for rest := b[headerSize:]; len(rest) > 0; {
		n, val, size := run(rest)
		if size == 0 || first+n > Registers {
			return ErrDamaged
		}
		fn(first, n, val)
		first += n
		rest = rest[size:]
	}
	if first != Registers {
		return ErrDamaged
	}
	return nil
}

func appendZeros(b []byte, n int) []byte {
	if n > maxZeros {
		return append(b, byte((n-1)>>8)|longZeros, byte(n-1))
	}
	return append(b, byte(n-1))
}

func appendVals(b []byte, val uint8, n int) []byte {
	return append(b, (val-1)<<2|byte(n-1)|valBit)
}

// raiseSparse is Raise for a sparse one.
func raiseSparse(b []byte, i int, val uint8, limit int) ([]byte, bool, error) {
	if val > maxVal {
		return promote(b, i, val)
	}
	// The run that has the register, and the one before it.
	at, before, first := headerSize, headerSize, 0
	var n, size int
	var old uint8
	for {
		if at >= len(b) {
			return b, false, ErrDamaged
		}
		if n, old, size = run(b[at:]); size == 0 {
			return b, false, ErrDamaged
		}
		if i < first+n {
			break
		}
		before = at
		at += size
		first += n
	}
	if old >= val {
		return b, false, nil
	}
	var seq [5]byte
	s := seq[:0]
	add := func(count int) {
		switch {
		case count == 0:
		case old == 0:
			s = appendZeros(s, count)
		default:
			s = appendVals(s, old, count)
		}
	}
	add(i - first)
	s = appendVals(s, val, 1)
	add(first + n - 1 - i)
	if len(s) > size && len(b)+len(s)-size > limit {
		return promote(b, i, val)
	}
	b = slices.Replace(b, at, at+size, s...)
	b = joinRuns(b, before)
	Invalidate(b)
	return b, true, nil
}

// joinRuns joins neighbours of one value among the few runs from a place on.
func joinRuns(b []byte, at int) []byte {
	for range 5 {
		if at >= len(b) {
			break
		}
		n, val, size := run(b[at:])
		if val == 0 {
			at += max(size, 1)
			continue
		}
		if at+1 < len(b) && b[at+1]&valBit != 0 {
			if m, next, _ := run(b[at+1:]); next == val && n+m <= maxVals {
				b[at+1] = appendVals(nil, val, n+m)[0]
				b = slices.Delete(b, at, at+1)
				continue
			}
		}
		at++
	}
	return b
}

// promote makes b dense and raises a register.
func promote(b []byte, i int, val uint8) ([]byte, bool, error) {
	d, err := ToDense(b)
	if err != nil {
		return b, false, err
	}
	return d, raise(d, i, val), nil
}

// Decode writes the runs of a sparse one for people to read: z and Z are zeros, v
// is a value with how often it comes.
func Decode(b []byte) string {
	var out []byte
	for rest := b[headerSize:]; len(rest) > 0; {
		n, val, size := run(rest)
		if size == 0 {
			break
		}
		switch {
		case val > 0:
			out = append(out, "v:"...)
			out = strconv.AppendInt(out, int64(val), 10)
			out = append(out, ',')
		case size == 2:
			out = append(out, "Z:"...)
		default:
			out = append(out, "z:"...)
		}
		out = append(strconv.AppendInt(out, int64(n), 10), ' ')
		rest = rest[size:]
	}
	return string(out[:max(len(out)-1, 0)])
}

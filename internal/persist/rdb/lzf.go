package rdb

import (
	"fmt"
	"math"
	"sync"
)

// LZF is a sequence of runs and references. A byte below 32 is followed by that
// many bytes and one more, as they are. Any other begins a reference to bytes
// that came before: its upper three bits are the length less two, with the next
// byte added if they are all set; its lower five bits and the byte behind are
// the distance less one.
const (
	lzfRun      = 32      // the longest run
	lzfDistance = 1 << 13 // the longest distance
	lzfMatch    = 7 + 255 + 2
	lzfMin      = 3 // the shortest reference worth its bytes
)

// lzfPatience is for how many bytes without a reference, as a power of two, each
// place is looked at. Behind that it is every second, and so on: what cannot be
// compressed is soon done with.
const lzfPatience = 6

// lzfBits is the size of a compressor's table: more bits than a processor's inner
// cache holds gain little.
const lzfBits = 14

// compressor has the table that compressing takes. It is kept from string to
// string, for to clear it takes longer than to compress a short one.
type compressor struct {
	// last are the positions behind the last place of a hash, plus base at that
	// time: what is not above base is of an earlier string.
	last [1 << lzfBits]uint32
	base uint32
}

var compressors = sync.Pool{New: func() any { return new(compressor) }}

// appendLZF appends s compressed to at most limit bytes, or returns nil.
func appendLZF(b, s []byte, limit int) []byte {
	if len(s) > math.MaxInt32 {
		return nil
	}
	c := compressors.Get().(*compressor)
	defer compressors.Put(c)
	if c.base > math.MaxUint32-uint32(len(s))-1 {
		*c = compressor{}
	}
	out := c.compress(b, s, limit)
	c.base += uint32(len(s)) + 1
	return out
}

func (c *compressor) compress(out, s []byte, limit int) []byte {
	limit += len(out)
	run := 0 // where the bytes begin that no reference stands for yet
	flush := func(end int) bool {
		for run < end {
			n := min(end-run, lzfRun)
			if len(out)+1+n > limit {
				return false
			}
			out = append(append(out, byte(n-1)), s[run:run+n]...)
			run += n
		}
		return true
	}
	for i := 0; i+lzfMin <= len(s); {
		h := (uint32(s[i])<<16 | uint32(s[i+1])<<8 | uint32(s[i+2])) * 2654435761 >> (32 - lzfBits)
		ref := int(c.last[h]) - int(c.base) - 1
		c.last[h] = c.base + uint32(i+1)
		if ref < 0 || i-ref > lzfDistance || s[ref] != s[i] || s[ref+1] != s[i+1] || s[ref+2] != s[i+2] {
			i += 1 + (i-run)>>lzfPatience
			continue
		}
		n := lzfMin
		for n < lzfMatch && i+n < len(s) && s[ref+n] == s[i+n] {
			n++
		}
		if !flush(i) || len(out)+3 > limit {
			return nil
		}
		off, l := i-ref-1, n-2
		if l < 7 {
			out = append(out, byte(l<<5|off>>8), byte(off))
		} else {
			out = append(out, byte(7<<5|off>>8), byte(l-7), byte(off))
		}
		i += n
		run = i
	}
	if !flush(len(s)) {
		return nil
	}
	return out
}

// expandLZF gives back the n bytes that b was made of.
func expandLZF(b []byte, n uint64) ([]byte, error) {
	// No reference is longer than that for its three bytes: a length beyond is a
	// lie, and no memory is taken for it.
	if n > uint64(len(b))*lzfMatch {
		return nil, fmt.Errorf("%w: %d compressed bytes cannot be %d", ErrCorrupt, len(b), n)
	}
	out := make([]byte, 0, n)
	for i := 0; i < len(b); {
		c := int(b[i])
		i++
		if c < lzfRun {
			if i+c+1 > len(b) {
				return nil, fmt.Errorf("%w: a compressed string ends in a run", ErrCorrupt)
			}
			out = append(out, b[i:i+c+1]...)
			i += c + 1
		} else {
			l := c >> 5
			if l == 7 && i < len(b) {
				l += int(b[i])
				i++
			}
			if i == len(b) {
				return nil, fmt.Errorf("%w: a compressed string ends in a reference", ErrCorrupt)
			}
			from := len(out) - (c&0x1f)<<8 - int(b[i]) - 1
			i++
			if from < 0 || uint64(len(out)+l+2) > n {
				return nil, fmt.Errorf("%w: a compressed string refers to what is not there", ErrCorrupt)
			}
			for range l + 2 { // what it refers to may reach into what it makes
				out = append(out, out[from])
				from++
			}
		}
		if uint64(len(out)) > n {
			break
		}
	}
	if uint64(len(out)) != n {
		return nil, fmt.Errorf("%w: a compressed string has another length than it says", ErrCorrupt)
	}
	return out, nil
}

package hll

import (
	"encoding/binary"
	"errors"
	"math"
)

const (
	// Registers is the number of registers.
	Registers = 1 << indexBits

	indexBits  = 14
	hashBits   = 64 - indexBits
	headerSize = 16
	denseSize  = headerSize + Registers*6/8
	dense      = 0
	sparse     = 1
	seed       = 0xadc83b19
)

// The errors of values that come from elsewhere.
var (
	// ErrForeign is returned for a string that does not begin like a HyperLogLog.
	ErrForeign = errors.New("hll: not a HyperLogLog")
	// ErrDamaged is returned for one whose registers do not add up.
	ErrDamaged = errors.New("hll: damaged HyperLogLog")
)

// New makes an empty one, with the sparse encoding.
func New() []byte {
	b := make([]byte, headerSize, headerSize+2)
	copy(b, "HYLL")
	b[4] = sparse
	return appendZeros(b, Registers)
}

// Check reports whether b begins like a HyperLogLog; if not the error is
// ErrForeign.
func Check(b []byte) error {
	if len(b) < headerSize || string(b[:4]) != "HYLL" || b[4] > sparse || b[4] == dense && len(b) != denseSize {
		return ErrForeign
	}
	return nil
}

// Dense reports whether every register has a place of its own.
func Dense(b []byte) bool { return b[4] == dense }

// Invalidate says that the estimate kept in the header is out of date.
func Invalidate(b []byte) { b[15] |= 0x80 }

// Cached is the estimate kept in the header; ok is false if that is out of date.
func Cached(b []byte) (n uint64, ok bool) {
	return binary.LittleEndian.Uint64(b[8:]), b[15]&0x80 == 0
}

// SetCached keeps an estimate in the header.
func SetCached(b []byte, n uint64) { binary.LittleEndian.PutUint64(b[8:], n) }

// locate is the register of an element, and the value that it asks for.
func locate(element []byte) (index int, val uint8) {
	h := murmur(element)
	index = int(h & (Registers - 1))
	h = h>>indexBits | 1<<hashBits
	val = 1
	for h&1 == 0 {
		val++
		h >>= 1
	}
	return index, val
}

// murmur is MurmurHash64A.
func murmur(b []byte) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := uint64(seed) ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k = (k ^ k>>r) * m
		h = (h ^ k) * m
	}
	if len(b) > 0 {
		for i, x := range b {
			h ^= uint64(x) << (8 * i)
		}
		h *= m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

// register reads a register of the dense encoding.
func register(b []byte, i int) uint8 {
	at, shift := headerSize+i*6/8, i*6%8
	v := b[at] >> shift
	if shift > 2 {
		v |= b[at+1] << (8 - shift)
	}
	return v & 63
}

// raise sets a register of the dense encoding if that makes it greater.
func raise(b []byte, i int, val uint8) bool {
	if register(b, i) >= val {
		return false
	}
	at, shift := headerSize+i*6/8, i*6%8
	b[at] = b[at]&^(63<<shift) | val<<shift
	if shift > 2 {
		b[at+1] = b[at+1]&^(63>>(8-shift)) | val>>(8-shift)
	}
	return true
}

// Add adds an element and returns the value, which may be another slice, and
// whether any register changed. A sparse value that would be longer than limit
// bytes becomes dense. The error is ErrDamaged.
func Add(b, element []byte, limit int) ([]byte, bool, error) {
	i, val := locate(element)
	return Raise(b, i, val, limit)
}

// Raise sets a register if that makes it greater; see Add.
func Raise(b []byte, i int, val uint8, limit int) ([]byte, bool, error) {
	if Dense(b) {
		return b, raise(b, i, val), nil
	}
	return raiseSparse(b, i, val, limit)
}

// Merge raises the registers in max, of which there are Registers, to those of
// b. The error is ErrDamaged.
func Merge(max []uint8, b []byte) error {
	if Dense(b) {
		for i := range max {
			if v := register(b, i); v > max[i] {
				max[i] = v
			}
		}
		return nil
	}
	return eachRun(b, func(first, n int, val uint8) {
		for i := first; val > 0 && i < first+n; i++ {
			if val > max[i] {
				max[i] = val
			}
		}
	})
}

// Count estimates how many different elements were added. The error is
// ErrDamaged.
func Count(b []byte) (uint64, error) {
	var histogram [64]int
	if Dense(b) {
		for i := range Registers {
			histogram[register(b, i)]++
		}
		return estimate(&histogram), nil
	}
	err := eachRun(b, func(_, n int, val uint8) { histogram[val] += n })
	return estimate(&histogram), err
}

// CountMerged estimates how many different elements the merged ones have.
func CountMerged(max []uint8) uint64 {
	var histogram [64]int
	for _, v := range max {
		histogram[v]++
	}
	return estimate(&histogram)
}

// estimate takes the numbers of registers by value. Products are rounded before
// they are added, on every processor.
func estimate(histogram *[64]int) uint64 {
	const m = float64(Registers)
	z := m * tau((m-float64(histogram[hashBits+1]))/m)
	for i := hashBits; i >= 1; i-- {
		z += float64(histogram[i])
		z *= 0.5
	}
	z += float64(m * sigma(float64(histogram[0])/m))
	const alpha = 0.721347520444481703680 // 0.5/ln(2)
	return uint64(math.Round(alpha * m * m / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		old := z
		z += float64(x * y)
		y += y
		if z == old {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		old := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == old {
			return z / 3
		}
	}
}

// ToDense gives every register a place of its own. The error is ErrDamaged.
func ToDense(b []byte) ([]byte, error) {
	if Dense(b) {
		return b, nil
	}
	d := make([]byte, denseSize)
	copy(d, b[:headerSize])
	d[4] = dense
	err := eachRun(b, func(first, n int, val uint8) {
		for i := first; val > 0 && i < first+n; i++ {
			raise(d, i, val)
		}
	})
	return d, err
}

// Register is the value of a register of a dense one.
func Register(b []byte, i int) uint8 { return register(b, i) }

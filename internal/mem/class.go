package mem

import "math/bits"

// MaxSmall is the largest size, in bytes, that is served from a span. Larger
// blocks get a mapping of their own.
const MaxSmall = 256 << 10

// Size classes run in steps of 8 bytes up to 128, then in eight steps per
// power of two: a block wastes at most an eighth of itself above 64 bytes.
const (
	linearMax  = 128
	linearStep = 8
	linearN    = linearMax / linearStep
	numClasses = linearN + 8*11
)

// classSize holds the slot size of each class, in bytes.
var classSize [numClasses]uint32

func init() {
	for c := range linearN {
		classSize[c] = uint32((c + 1) * linearStep)
	}
	for c := linearN; c < numClasses; c++ {
		base := linearMax << ((c - linearN) / 8)
		classSize[c] = uint32(base + (base/8)*((c-linearN)%8+1))
	}
	if classSize[numClasses-1] != MaxSmall {
		panic("BUG: mem: the last size class is not MaxSmall")
	}
}

// classOf gives the class of a block of n bytes, 0 <= n <= MaxSmall.
func classOf(n int) int {
	if n <= linearMax {
		if n <= 0 {
			return 0
		}
		return (n - 1) >> 3
	}
	// n-1 has its top bit at position k >= 7: the three bits below it choose
	// the step.
	k := bits.Len(uint(n-1)) - 1
	return linearN + (k-7)*8 + (n-1)>>(k-3)&7
}

// spanUnits is the number of 64 KiB units in a span of class c: enough slots
// that the unused tail stays small.
func spanUnits(c int) int {
	switch size := classSize[c]; {
	case size <= 2048:
		return 1
	case size <= 16<<10:
		return 4
	default:
		return 16
	}
}

// UsableSize is the number of bytes that a block asked for with n bytes really
// holds. All of them may be used. Alloc(n) and Alloc(UsableSize(n)) are the same
// request.
func UsableSize(n int) int {
	if n <= MaxSmall {
		return int(classSize[classOf(n)])
	}
	return roundLarge(n)
}

// SameBlock reports whether blocks of a and b bytes have the same usable size,
// so that a block may be taken for either without a Realloc.
func SameBlock(a, b int) bool {
	if a <= MaxSmall && b <= MaxSmall {
		return classOf(a) == classOf(b)
	}
	return UsableSize(a) == UsableSize(b)
}

// roundLarge rounds n up to whole pages.
func roundLarge(n int) int { return (n + pageSize - 1) &^ (pageSize - 1) }

// pageSize is the granularity of large blocks. It is a multiple of the page
// size of every supported system but those with 64 KiB pages, where the kernel
// rounds up and the tail is never used.
const pageSize = 16 << 10

package script

// rand48 is the generator behind math.random: lrand48's recurrence, the same numbers on every machine. Redis starts it once, not
// before each script.
type rand48 uint64

const (
	rand48Mul = 0x5DEECE66D
	rand48Add = 0xB
	rand48Low = 0x330E
	rand48Max = 1<<31 - 1
)

func newRand48() rand48 { return 0x1234ABCD<<16 | rand48Low }

// seed is srand48.
func (r *rand48) seed(v int32) { *r = rand48(uint64(uint32(v))<<16 | rand48Low) }

// next is lrand48: 31 bits.
func (r *rand48) next() int32 {
	*r = (*r*rand48Mul + rand48Add) & (1<<48 - 1)
	return int32(*r >> 17)
}

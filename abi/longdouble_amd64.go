package abi

import (
	"encoding/binary"
	"math/big"
)

// longPrecision is the mantissa of the x87 extended format.
const longPrecision = 64

// longArg returns the first long double argument: they travel on the stack.
func (f *frame) longArg() [16]byte { return *(*[16]byte)(at(f.stack)) }

// encodeLong writes x in the x87 extended format: an explicit mantissa of 64
// bits, then fifteen bits of exponent and the sign.
func encodeLong(x *big.Float) (ld [16]byte) {
	if x.Sign() == 0 {
		if x.Signbit() {
			ld[9] = 0x80
		}
		return ld
	}
	if x.IsInf() {
		binary.LittleEndian.PutUint64(ld[:], 1<<63)
		se := uint16(0x7FFF)
		if x.Signbit() {
			se |= 0x8000
		}
		binary.LittleEndian.PutUint16(ld[8:], se)
		return ld
	}
	sign, exp, mant := exponentOf(x)
	binary.LittleEndian.PutUint64(ld[:], mant.Uint64())
	switch e := exp + 16383; {
	case e >= 0x7FFF:
		return encodeLong(new(big.Float).SetInf(sign != 0))
	case e <= 0: // subnormal: shift the mantissa into the fixed exponent
		binary.LittleEndian.PutUint64(ld[:], mant.Uint64()>>uint(min(1-e, 64)))
		binary.LittleEndian.PutUint16(ld[8:], sign)
	default:
		binary.LittleEndian.PutUint16(ld[8:], sign|uint16(e))
	}
	return ld
}

// stackVaList makes a va_list whose next argument is the long double at arg.
func stackVaList(arg uintptr) *vaList {
	return &vaList{gpOffset: numInts * 8, fpOffset: numInts*8 + numFloats*16, overflow: arg}
}

package abi

import (
	"encoding/binary"
	"math/big"
)

// longPrecision is the mantissa of IEEE binary128, the implicit bit included.
const longPrecision = 113

// longArg returns the first long double argument: it travels in a vector
// register.
func (f *frame) longArg() (ld [16]byte) {
	binary.LittleEndian.PutUint64(ld[:], f.floats[0][0])
	binary.LittleEndian.PutUint64(ld[8:], f.floats[0][1])
	return ld
}

// encodeLong writes x as IEEE binary128: 112 bits of mantissa without the
// first, then fifteen bits of exponent and the sign.
func encodeLong(x *big.Float) (ld [16]byte) {
	se := uint16(0)
	if x.Signbit() {
		se = 0x8000
	}
	if x.Sign() != 0 {
		if x.IsInf() {
			se |= 0x7FFF
		} else {
			_, exp, mant := exponentOf(x)
			e := exp + 16383
			switch {
			case e >= 0x7FFF:
				return encodeLong(new(big.Float).SetInf(se != 0))
			case e <= 0:
				mant.Rsh(mant, uint(1-e))
				e = 0
			}
			be := mant.FillBytes(make([]byte, 16))
			for i := range 14 {
				ld[i] = be[15-i]
			}
			se |= uint16(e)
		}
	}
	binary.LittleEndian.PutUint16(ld[14:], se)
	return ld
}

// stackVaList makes a va_list whose next argument is the long double at arg.
func stackVaList(arg uintptr) *vaList { return &vaList{stack: arg} }

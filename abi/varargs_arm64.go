package abi

import "unsafe"

// vaList is va_list of AAPCS64: the ends of the two register save areas and
// the negative distances from them to the next argument.
type vaList struct {
	stack  uintptr
	grTop  uintptr
	vrTop  uintptr
	grOffs int32
	vrOffs int32
}

func newVaList(f *frame, named int) *vaList {
	base := uintptr(unsafe.Pointer(f))
	return &vaList{
		stack:  f.stack,
		grTop:  base + unsafe.Offsetof(f.ints) + numInts*8,
		vrTop:  base + unsafe.Offsetof(f.floats) + numFloats*16,
		grOffs: -int32((numInts - named) * 8),
		vrOffs: -numFloats * 16,
	}
}

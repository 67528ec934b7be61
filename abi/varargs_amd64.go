package abi

import "unsafe"

// vaList is va_list of the System V ABI: where in the saved registers to go on
// and where the stack arguments begin.
type vaList struct {
	gpOffset uint32
	fpOffset uint32
	overflow uintptr
	saved    uintptr
}

func newVaList(f *frame, named int) *vaList {
	return &vaList{
		gpOffset: uint32(named * 8),
		fpOffset: uint32(unsafe.Offsetof(f.floats)),
		overflow: f.stack,
		saved:    uintptr(unsafe.Pointer(f)),
	}
}

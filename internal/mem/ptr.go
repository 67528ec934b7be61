package mem

import "unsafe"

// Ptr turns an address that was stored as an integer into a pointer. The
// address must be one of off-heap memory: an integer does not keep a Go object
// alive.
func Ptr(addr uintptr) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(nil), addr)
}

// Addr turns a pointer into the integer that off-heap memory stores.
func Addr(p unsafe.Pointer) uintptr { return uintptr(p) }

// Bytes views n bytes at p as a slice. The slice is valid as long as the block
// is: it aliases, and it does not keep the block alive.
func Bytes(p unsafe.Pointer, n int) []byte {
	return unsafe.Slice((*byte)(p), n)
}

package abi

// heapStubsAddr is where the heap stubs of heap_amd64.s begin.
func heapStubsAddr() uintptr

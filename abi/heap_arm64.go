package abi

// heapStubsAddr is 0: here modules get the C library's functions themselves, and
// nothing is counted.
func heapStubsAddr() uintptr { return 0 }

// The stubs of the heap section, of which each processor has its own STUB.

#define STUBS8(n, routine) \
	STUB(n+0, routine) STUB(n+1, routine) STUB(n+2, routine) STUB(n+3, routine) \
	STUB(n+4, routine) STUB(n+5, routine) STUB(n+6, routine) STUB(n+7, routine)

#define STUBS64(routine) \
	STUBS8(0, routine) STUBS8(8, routine) STUBS8(16, routine) STUBS8(24, routine) \
	STUBS8(32, routine) STUBS8(40, routine) STUBS8(48, routine) STUBS8(56, routine)

// Stub n of routine r lies 16*(64*r+n) bytes from here. The order is that of the
// routine constants.
TEXT ·heapStubs(SB), NOSPLIT|NOFRAME, $0
	STUBS64(·countedMalloc)
	STUBS64(·countedCalloc)
	STUBS64(·countedRealloc)
	STUBS64(·countedFree)
	STUBS64(·countedStrdup)

package abi

// mallinfo2 is what the C library's function of that name fills in: sums over
// all its arenas, in bytes where they are bytes.
type mallinfo2 struct {
	arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost uint64
}

// mallinfoSize is the size of a mallinfo2.
const mallinfoSize = 80

// countMemory has the server count what modules allocate: the strings and the
// dictionaries that they hold, and the C heap, which is theirs alone but for a few
// kilobytes of the C library. RedisModule_Alloc does not cross into Go, so the C
// library is asked, now and then: see AddSampledMemory.
func (h *Host) countMemory() {
	h.srv.AddMemory(func() uint64 { return uint64(max(0, sharedHeap.Used()-int64(heldStock.Bytes())+dictMemory())) })
	if libcMallinfo == 0 {
		return
	}
	// The function returns its struct through a hidden pointer, which is the first
	// argument or, on arm64, in a register where callC puts that too.
	info := heapAlloc(mallinfoSize)
	ask := func() *mallinfo2 {
		_, _ = callFree(libcMallinfo, uint64(info), 0, 0, 0)
		return (*mallinfo2)(at(info))
	}
	h.srv.AddSampledMemory(func() uint64 {
		if len(h.Modules()) == 0 {
			return 0
		}
		m := ask()
		return m.uordblks + m.hblkhd
	})
	h.srv.SetDefrag(func() (used, held uint64) {
		m := ask()
		// What is free at the end is no hole.
		return m.uordblks, m.arena - m.keepcost
	}, h.defragGlobals)
}

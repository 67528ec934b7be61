package abi

import "runtime"

// mallinfo2 is what the C library's function of that name fills in: sums over
// all its arenas, in bytes where they are bytes.
type mallinfo2 struct {
	arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost uint64
}

// mallinfoSize is the size of a mallinfo2.
const mallinfoSize = 80

// countMemory has the server count what modules allocate: the strings that they
// hold, and the C heap, which is theirs alone but for a few kilobytes of the C
// library. RedisModule_Alloc is malloc itself, so that it costs no crossing; the
// price is that the sum is a sample.
func (h *Host) countMemory() {
	h.srv.AddMemory(func() uint64 { return uint64(sharedHeap.Used()) })
	// The function returns its struct through a hidden pointer, which is the first
	// argument only on amd64.
	if libcMallinfo == 0 || runtime.GOARCH != "amd64" {
		return
	}
	info := heapAlloc(mallinfoSize)
	h.srv.AddSampledMemory(func() uint64 {
		if len(h.Modules()) == 0 {
			return 0
		}
		callFree(libcMallinfo, uint64(info), 0, 0, 0)
		m := (*mallinfo2)(at(info))
		return m.uordblks + m.hblkhd
	})
}

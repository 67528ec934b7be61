package abi

import "unsafe"

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
	var ask func() heapFill
	switch {
	case libcMallctl != 0:
		h.srv.SetAllocator("jemalloc")
		ask = jemallocFill()
	case libcMallinfo != 0:
		ask = glibcFill()
	default:
		return
	}
	h.srv.AddSampledMemory(func() uint64 {
		if len(h.Modules()) == 0 {
			return 0
		}
		f := ask()
		return f.used + f.mapped
	})
	h.srv.SetDefrag(func() (used, held uint64) {
		f := ask()
		return f.used, f.held
	}, h.defragGlobals)
}

// heapFill is how full the C heap is, in bytes: what is in use, what is held for that,
// and what is in use besides, in blocks that leave no holes.
type heapFill struct{ used, held, mapped uint64 }

// glibcFill asks glibc. Its function returns its struct through a hidden pointer, which is
// the first argument or, on arm64, in a register where callC puts that too.
func glibcFill() func() heapFill {
	info := heapAlloc(mallinfoSize)
	return func() heapFill {
		_, _ = callFree(libcMallinfo, uint64(info))
		m := (*mallinfo2)(at(info))
		// What is free at the end is no hole.
		return heapFill{m.uordblks, m.arena - m.keepcost, m.hblkhd}
	}
}

// jemallocFill asks jemalloc (mallctl(3)), whose figures are those of the last epoch.
func jemallocFill() func() heapFill {
	const epoch, allocated, active = "epoch\x00", "stats.allocated\x00", "stats.active\x00"
	const names, word = 64, 8
	at0 := heapAlloc(names + 2*word)
	texts := [3]uintptr{at0, at0 + 8, at0 + 32}
	for i, name := range [3]string{epoch, allocated, active} {
		copy(unsafe.Slice((*byte)(at(texts[i])), len(name)), name)
	}
	value, size := at0+names, at0+names+word
	read := func(name uintptr) uint64 {
		*(*uint64)(at(value)), *(*uint64)(at(size)) = 0, word
		_, _ = callFree(libcMallctl, uint64(name), uint64(value), uint64(size))
		return *(*uint64)(at(value))
	}
	return func() heapFill {
		*(*uint64)(at(value)) = 1
		_, _ = callFree(libcMallctl, uint64(texts[0]), 0, 0, uint64(value), word)
		return heapFill{used: read(texts[1]), held: read(texts[2])}
	}
}

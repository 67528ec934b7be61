package abi

import (
	"sync/atomic"
	"unsafe"
)

// moduleHeap is how many bytes a module has allocated and not freed, as two sums,
// for the loop's thread and for all others: the heap stubs add to them. A place is a
// cache line.
type moduleHeap struct {
	local, shared int64
	_             [48]byte
}

const (
	// heapPlaces is how many modules have a place of their own. Place 0 is for all
	// others, and for calls of GetApi that nobody can be found for.
	heapPlaces = 64
	heapShift  = 6
)

// The routines of the heap stubs, in their order.
const (
	routineMalloc = iota
	routineCalloc
	routineRealloc
	routineFree
	routineStrdup
)

var (
	moduleHeaps [heapPlaces]moduleHeap
	heapTaken   [heapPlaces]bool // under the host lock
)

// heapRoutines are the stubs' routines for the functions of the interface.
var heapRoutines = map[int]int{
	fnAlloc: routineMalloc, fnTryAlloc: routineMalloc, fnCalloc: routineCalloc, fnTryCalloc: routineCalloc,
	fnRealloc: routineRealloc, fnTryRealloc: routineRealloc, fnFree: routineFree, fnStrdup: routineStrdup,
}

// Functions of the C library that only the heap stubs call.
var libcCalloc, libcRealloc, libcStrdup uintptr

// heapStubsAddr is where the heap stubs begin.
func heapStubsAddr() uintptr

func resolveHeap() {
	libcCalloc, libcRealloc, libcStrdup = libcFunc("calloc"), libcFunc("realloc"), libcFunc("strdup")
}

// takeHeap gives the module a place, if one is left.
func (m *Module) takeHeap() {
	for i := 1; i < heapPlaces; i++ {
		if !heapTaken[i] {
			heapTaken[i] = true
			moduleHeaps[i] = moduleHeap{}
			m.heap = i
			return
		}
	}
}

// leaveHeap takes the place back. What the module did not free nobody frees.
func (m *Module) leaveHeap() {
	heapTaken[m.heap] = false
	m.heap = 0
}

// heapFunc is the address of a function of the heap section for a module, nil for an
// unknown one; 0 for functions of other sections.
func heapFunc(m *Module, fn int) uintptr {
	routine, ok := heapRoutines[fn]
	if !ok {
		return 0
	}
	place := 0
	if m != nil {
		place = m.heap
	}
	return heapStubsAddr() + uintptr(routine*heapPlaces+place)*16
}

// countHeap adds to what the module has allocated. Any thread.
func (m *Module) countHeap(n int) {
	if m != nil {
		atomic.AddInt64(&moduleHeaps[m.heap].shared, int64(n))
	}
}

// heapBytes is what the module has allocated and not freed; below zero if that is
// not known. What it freed for another counts for the other still.
func (m *Module) heapBytes() int64 {
	if m.heap == 0 {
		return -1
	}
	h := &moduleHeaps[m.heap]
	return max(0, h.local+atomic.LoadInt64(&h.shared))
}

// lendC takes n bytes from the C heap for a module, which frees them.
func (m *Module) lendC(n int) uintptr {
	p := mallocC(n)
	if p != 0 {
		m.countHeap(usableC(p))
	}
	return p
}

// usableC is the size of a block of the C heap.
func usableC(p uintptr) int {
	n, _ := callFree(libcUsable, uint64(p))
	return int(n)
}

var _ [unsafe.Sizeof(moduleHeap{}) - 1<<heapShift]struct{} // the stubs count on it

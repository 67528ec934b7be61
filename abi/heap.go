package abi

import "berth/internal/mem"

// sharedHeap is the memory of strings that do not fit their cell, outside the
// Go heap. Any thread may use it.
var sharedHeap mem.Shared

// heldStock is memory of sharedHeap that the holder of the host lock has at hand.
var heldStock mem.Stock

// textAlloc is heapAlloc for a string. locked says that the caller holds the host lock.
func textAlloc(n int, locked bool) uintptr {
	if !locked || n > mem.StockMax {
		return heapAlloc(n)
	}
	p := heldStock.Take(n)
	if p == 0 {
		sharedHeap.Fill(&heldStock, n, true)
		p = heldStock.Take(n)
	}
	return p
}

// textFree is heapFree for a string.
func textFree(p uintptr, n int, locked bool) {
	if !locked || n > mem.StockMax {
		heapFree(p, n)
		return
	}
	heldStock.Give(p, n)
	if heldStock.Over() {
		sharedHeap.Trim(&heldStock, true)
	}
}

// heapAlloc returns n bytes outside the Go heap. Any thread.
func heapAlloc(n int) uintptr { return uintptr(sharedHeap.Alloc(n)) }

// heapFree gives back what heapAlloc returned for n bytes. Any thread.
func heapFree(p uintptr, n int) { sharedHeap.Free(at(p), n) }

package abi

import "berth/internal/mem"

// sharedHeap is the memory of strings that do not fit their cell, outside the
// Go heap. Any thread may use it.
var sharedHeap mem.Shared

// heapAlloc returns n bytes outside the Go heap. Any thread.
func heapAlloc(n int) uintptr { return uintptr(sharedHeap.Alloc(n)) }

// heapFree gives back what heapAlloc returned for n bytes. Any thread.
func heapFree(p uintptr, n int) { sharedHeap.Free(at(p), n) }

package abi

import (
	"runtime"
	"testing"
)

// TestHeapStubs calls the heap functions of one place, on the loop's thread and on
// another: what they give can be written to, and the sums are right.
func TestHeapStubs(t *testing.T) {
	onLoop(t)
	const place, n = 63, 1000
	m := &Module{heap: place}
	moduleHeaps[place] = moduleHeap{}
	all := func() {
		call := func(i int, a0, a1 uint64) uintptr {
			p, ok := callFree(heapFunc(m, i), a0, a1)
			if !ok {
				t.Error("a heap function crashed")
			}
			return uintptr(p)
		}
		check := func(what string, least int64) {
			if got := m.heapBytes(); got < least || got > least+least/10 {
				t.Errorf("after %s: %d bytes, want %d or little more", what, got, least)
			}
		}
		a := call(fnAlloc, n, 0)
		check("Alloc", n)
		b := call(fnCalloc, n, 2)
		check("Calloc", 3*n)
		copy(cbytes(a, n), append(make([]byte, 0, n), "a string\x00"...))
		if len(cview(b)) != 0 {
			t.Error("what Calloc gave is not zero")
		}
		s := call(fnStrdup, uint64(a), 0)
		if string(cview(s)) != "a string" {
			t.Errorf("Strdup copied %q", cview(s))
		}
		check("Strdup", 3*n+9)
		a = call(fnRealloc, uint64(a), 5*n)
		check("Realloc", 7*n+9)
		c := call(fnRealloc, 0, n)
		check("Realloc of nothing", 8*n+9)
		if p := call(fnRealloc, uint64(c), 0); p != 0 {
			t.Error("Realloc to nothing gave memory")
		}
		check("Realloc to nothing", 7*n+9)
		if p := call(fnRealloc, uint64(b), 1<<62); p != 0 {
			t.Error("Realloc gave what there is not")
		}
		if p := call(fnTryAlloc, 1<<62, 0); p != 0 {
			t.Error("TryAlloc gave what there is not")
		}
		check("failures", 7*n+9)
		for _, p := range []uintptr{a, b, s, 0} {
			call(fnFree, uint64(p), 0)
		}
		if got := m.heapBytes(); got != 0 {
			t.Errorf("%d bytes are left", got)
		}
	}
	all()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		all()
	}()
	<-done
}

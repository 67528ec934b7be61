package mem

import (
	"fmt"
	"unsafe"
)

// hugeFrom is the size from which a block asks for huge pages, in bytes.
const hugeFrom = 4 << 20

// unmapAsideFrom is the size from which a block is unmapped on a goroutine of
// its own: giving back gigabytes takes the kernel milliseconds.
const unmapAsideFrom = 16 << 20

func (h *Heap) allocLarge(n int) unsafe.Pointer {
	size := roundLarge(n)
	addr, err := osMap(size)
	if err != nil {
		panic(fmt.Sprintf("mem: out of memory: mapping %d bytes: %v", size, err))
	}
	if size >= hugeFrom {
		osHuge(addr, size)
	}
	h.addLarge(addr, size)
	return Ptr(addr)
}

func (h *Heap) freeLarge(p unsafe.Pointer, n int) {
	size := roundLarge(n)
	addr := uintptr(p)
	h.dropLarge(addr, size)
	if size >= unmapAsideFrom {
		go unmap(addr, size)
		return
	}
	unmap(addr, size)
}

func (h *Heap) resizeLarge(p unsafe.Pointer, old, n int) unsafe.Pointer {
	oldSize, size := roundLarge(old), roundLarge(n)
	h.dropLarge(uintptr(p), oldSize)
	addr, err := osRemap(uintptr(p), oldSize, size)
	if err != nil {
		h.addLarge(uintptr(p), oldSize)
		q := h.allocLarge(n)
		copy(Bytes(q, n), Bytes(p, old))
		h.freeLarge(p, old)
		return q
	}
	if size >= hugeFrom {
		osHuge(addr, size)
	}
	h.addLarge(addr, size)
	return Ptr(addr)
}

func (h *Heap) addLarge(addr uintptr, size int) {
	if h.large == nil {
		h.large = make(map[uintptr]int)
	}
	h.large[addr] = size
	h.used += int64(size)
	h.mapped += int64(size)
	h.blocks++
}

func (h *Heap) dropLarge(addr uintptr, size int) {
	if got, ok := h.large[addr]; !ok || got != size {
		panic(fmt.Sprintf("BUG: mem: free of %#x with %d bytes: the heap has %d there", addr, size, got))
	}
	delete(h.large, addr)
	h.used -= int64(size)
	h.mapped -= int64(size)
	h.blocks--
}

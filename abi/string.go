package abi

import "unsafe"

// stringCell is RedisModuleString. Its bytes are followed by a NUL that its
// length does not count, and stay where they are while anybody holds a
// reference: in Redis the pointer that StringPtrLen gives outlives
// RetainString, and modules rely on it. Short strings live in the cell.
//
// Only the holder of the host lock, or the thread that made it and has not
// shared it, may touch a string, as in Redis: refs is not atomic.
type stringCell struct {
	ptr   uintptr
	head  uint64
	len   uint64
	refs  int32
	heap  int32 // 1: ptr is memory of heapAlloc, inline[0:8] its capacity
	inner [inlineString]byte
}

// inlineString is how many bytes a cell has for the string itself, the NUL
// included.
const inlineString = 32

func stringAt(p uintptr) *stringCell { return (*stringCell)(at(p)) }

func (s *stringCell) addr() uintptr { return uintptr(unsafe.Pointer(s)) }

// bytes returns the contents without a copy.
func (s *stringCell) bytes() []byte {
	return unsafe.Slice((*byte)(at(s.ptr)), int(s.len))
}

// room returns how many bytes fit before the storage must grow.
func (s *stringCell) room() int {
	if s.heap != 0 {
		return *(*int)(unsafe.Pointer(&s.inner)) - 1
	}
	return inlineString - 1
}

func (s *stringCell) setRoom(n int) { *(*int)(unsafe.Pointer(&s.inner)) = n + 1 }

// newString makes a string with one reference and a copy of b.
func newString(b []byte, locked bool) *stringCell {
	s := blankString(len(b), locked)
	copy(s.bytes(), b)
	return s
}

// blankString makes a string of n bytes for the caller to fill.
func blankString(n int, locked bool) *stringCell {
	s := stringAt(stringCells.alloc(locked))
	if n < inlineString {
		s.beginInline(n)
		return s
	}
	s.beginHeap(textAlloc(n+1, locked), n)
	return s
}

// beginHeap makes of a fresh cell a string of n bytes that has room at p.
func (s *stringCell) beginHeap(p uintptr, n int) {
	s.head = headString
	s.len = uint64(n)
	s.refs = 1
	s.heap = 1
	s.ptr = p
	s.setRoom(n)
	*(*byte)(at(p + uintptr(n))) = 0
}

// beginInline makes of a fresh cell a string of n bytes that has room in it.
func (s *stringCell) beginInline(n int) {
	s.head = headString
	s.len = uint64(n)
	s.refs = 1
	s.heap = 0
	s.ptr = uintptr(unsafe.Pointer(&s.inner))
	s.inner[n] = 0
}

// release drops one reference.
func (s *stringCell) release(locked bool) {
	s.refs--
	if s.refs > 0 {
		return
	}
	if s.heap != 0 {
		textFree(s.ptr, s.room()+1, locked)
	}
	stringCells.free(s.addr(), locked)
}

// grow makes room for n bytes in all, moving the contents if it must. Pointers
// that the module got before are dead then, as in Redis.
func (s *stringCell) grow(n int) {
	if n <= s.room() {
		return
	}
	room := n
	if n < 1<<20 {
		room = n * 2
	} else {
		room = n + 1<<20
	}
	p := heapAlloc(room + 1)
	copy(unsafe.Slice((*byte)(at(p)), int(s.len)), s.bytes())
	if s.heap != 0 {
		heapFree(s.ptr, s.room()+1)
	}
	s.ptr, s.heap = p, 1
	s.setRoom(room)
}

// append adds b to the end.
func (s *stringCell) append(b []byte) {
	n := int(s.len)
	s.grow(n + len(b))
	s.len = uint64(n + len(b))
	copy(s.bytes()[n:], b)
	*(*byte)(at(s.ptr + uintptr(s.len))) = 0
}

// trim gives back storage the contents do not need.
func (s *stringCell) trim() {
	n := int(s.len)
	if s.heap == 0 || s.room() == n {
		return
	}
	old, size := s.ptr, s.room()+1
	if n < inlineString {
		s.heap = 0
		s.ptr = uintptr(unsafe.Pointer(&s.inner))
	} else {
		s.ptr = heapAlloc(n + 1)
		s.setRoom(n)
	}
	copy(unsafe.Slice((*byte)(at(s.ptr)), n+1), unsafe.Slice((*byte)(at(old)), n+1))
	heapFree(old, size)
}

// size returns the bytes of memory the string takes, for MallocSizeString.
func (s *stringCell) size() int {
	if s.heap == 0 {
		return cellSize
	}
	return cellSize + s.room() + 1
}

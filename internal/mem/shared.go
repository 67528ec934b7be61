package mem

import (
	"sync"
	"unsafe"
)

// Shared is a Heap behind a lock: any thread may use it. The lock is taken
// without a system call when nobody else has it. The zero value is ready.
type Shared struct {
	mu   sync.Mutex
	heap Heap
}

// Alloc is Heap.Alloc.
func (s *Shared) Alloc(n int) unsafe.Pointer {
	s.mu.Lock()
	p := s.heap.Alloc(n)
	s.mu.Unlock()
	return p
}

// AllocZero is Heap.AllocZero.
func (s *Shared) AllocZero(n int) unsafe.Pointer {
	p := s.Alloc(n)
	if n <= MaxSmall {
		clear(Bytes(p, n))
	}
	return p
}

// Free is Heap.Free.
func (s *Shared) Free(p unsafe.Pointer, n int) {
	s.mu.Lock()
	s.heap.Free(p, n)
	s.mu.Unlock()
}

// Realloc is Heap.Realloc.
func (s *Shared) Realloc(p unsafe.Pointer, old, n int) unsafe.Pointer {
	s.mu.Lock()
	q := s.heap.Realloc(p, old, n)
	s.mu.Unlock()
	return q
}

// Used is Heap.Used.
func (s *Shared) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heap.Used()
}

// Close is Heap.Close. No thread may use a block any more.
func (s *Shared) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heap.Close()
}

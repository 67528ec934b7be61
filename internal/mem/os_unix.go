//go:build unix

package mem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// osMap asks for n bytes of zeroed memory, page aligned.
func osMap(n int) (uintptr, error) {
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return uintptr(p), err
}

// osUnmap gives back any page range of earlier mappings.
func osUnmap(addr uintptr, n int) error {
	return unix.MunmapPtr(Ptr(addr), uintptr(n))
}

// osDiscard drops the contents of a range but keeps it mapped.
func osDiscard(addr uintptr, n int) {
	// Best effort: a refusal costs resident memory, nothing else.
	_ = unix.Madvise(unsafe.Slice((*byte)(Ptr(addr)), n), adviceDiscard)
}

package mem

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const adviceDiscard = unix.MADV_DONTNEED

// osHuge asks for huge pages: random reads over gigabytes spend a large part of
// their time in TLB misses otherwise. berth does not fork, so the copy-on-write
// cost that makes other servers turn huge pages off does not exist here.
func osHuge(addr uintptr, n int) {
	_ = unix.Madvise(unsafe.Slice((*byte)(Ptr(addr)), n), unix.MADV_HUGEPAGE)
}

// osRemap grows or shrinks a mapping, moving it if it must. The kernel moves
// page tables, not bytes.
func osRemap(addr uintptr, old, n int) (uintptr, error) {
	p, err := unix.MremapPtr(Ptr(addr), uintptr(old), nil, uintptr(n), unix.MREMAP_MAYMOVE)
	return uintptr(p), err
}

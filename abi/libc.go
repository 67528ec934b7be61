package abi

import (
	"bytes"
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Addresses of the C library's own functions. errnoLocation is read by tail.
var (
	errnoLocation uintptr
	libcMalloc    uintptr
	libcFree      uintptr
	libcVsnprintf uintptr
	libcUsable    uintptr
	// libcMallinfo is 0 in libraries that lack it, as all but glibc do, and
	// libcMallctl where the allocator is not jemalloc.
	libcMallinfo uintptr
	libcMallctl  uintptr
	libcClock    uintptr // clock_gettime, for leaf functions
)

// resolveLibc finds what this package needs of the C library.
func resolveLibc() error {
	for _, s := range []struct {
		name string
		addr *uintptr
	}{
		{errnoSymbol, &errnoLocation},
		{"malloc", &libcMalloc},
		{"free", &libcFree},
		{"vsnprintf", &libcVsnprintf},
		{usableSymbol, &libcUsable},
	} {
		a, err := purego.Dlsym(purego.RTLD_DEFAULT, s.name)
		if err != nil {
			return fmt.Errorf("abi: the C library lacks %s: %w", s.name, err)
		}
		*s.addr = a
	}
	libcMallinfo = libcFunc("mallinfo2")
	libcMallctl = libcFunc("mallctl")
	libcClock = libcFunc("clock_gettime")
	resolveHeap()
	return nil
}

// libcFunc returns the address of the C library's function that serves an API
// function of the heap section, or 0.
func libcFunc(name string) uintptr {
	a, err := purego.Dlsym(purego.RTLD_DEFAULT, name)
	if err != nil {
		return 0
	}
	return a
}

// mallocC takes n bytes from the C heap. The module that gets them frees them
// with RedisModule_Free.
func mallocC(n int) uintptr {
	p, _ := callFree(libcMalloc, uint64(max(n, 1)))
	return uintptr(p)
}

func freeC(p uintptr) {
	if p != 0 {
		_, _ = callFree(libcFree, uint64(p))
	}
}

// pageSize is the smallest page of any system berth runs on; reading on to its
// end from a readable address is always allowed.
const pageSize = 4096

// cstrlen returns the length of the C string at p. It reads whole words, and in long
// strings up to the end of a page, so that it never touches a page that the string does
// not reach.
func cstrlen(p uintptr) int {
	const each, short = 0x0101010101010101, 64
	n := uintptr(0)
	for ; (p+n)%8 != 0; n++ {
		if *(*byte)(at(p + n)) == 0 {
			return int(n)
		}
	}
	for ; n < short; n += 8 {
		x := *(*uint64)(at(p + n))
		if zero := (x - each) &^ x & (0x80 * each); zero != 0 {
			return int(n) + bits.TrailingZeros64(zero)/8
		}
	}
	for {
		room := pageSize - (p+n)%pageSize
		if i := bytes.IndexByte(unsafe.Slice((*byte)(at(p+n)), room), 0); i >= 0 {
			return int(n) + i
		}
		n += room
	}
}

// cbytes returns the n bytes at p without a copy. The module owns them: they
// are good only during the call that passed them.
func cbytes(p uintptr, n int) []byte {
	if n == 0 || p == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(at(p)), n)
}

// cview returns the C string at p without a copy, with the limits of cbytes.
func cview(p uintptr) []byte {
	if p == 0 {
		return nil
	}
	return cbytes(p, cstrlen(p))
}

// cstring returns a Go copy of the C string at p, "" for NULL.
func cstring(p uintptr) string { return string(cview(p)) }

// put stores v at the address p of the module's, if it gave one.
func put[T any](p uintptr, v T) {
	if p != 0 {
		*(*T)(at(p)) = v
	}
}

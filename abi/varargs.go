package abi

import "unsafe"

// varargs walks the variable arguments of a call: the registers that the
// named ones left over, then the stack.
type varargs struct {
	f     *frame
	ints  int // integer arguments read so far, named ones included
	stack uintptr
}

// varargs starts after the first named integer arguments.
func (f *frame) varargs(named int) varargs {
	v := varargs{f: f, ints: named, stack: f.stack}
	if named > numInts {
		v.ints = numInts
		v.stack += uintptr(named-numInts) * 8
	}
	return v
}

// int reads the next argument of an integer or pointer type.
func (v *varargs) int() uint64 {
	if v.ints < numInts {
		v.ints++
		return v.f.ints[v.ints-1]
	}
	w := *(*uint64)(at(v.stack))
	v.stack += 8
	return w
}

func (v *varargs) ptr() uintptr { return uintptr(v.int()) }

// sprintf formats the variable arguments by the C format string at format, in
// the C library itself: modules use what it offers, %.*s and %Lf included.
func (f *frame) sprintf(format uintptr, named int) []byte {
	if format == 0 {
		return nil
	}
	buf := make([]byte, 256)
	for {
		// The list is consumed by each use, and both live on the Go heap,
		// which does not move: a goroutine's stack might.
		list := newVaList(f, named)
		r, ok := callFree(libcVsnprintf, uint64(uintptr(unsafe.Pointer(&buf[0]))), uint64(len(buf)),
			uint64(format), uint64(uintptr(unsafe.Pointer(list))))
		if !ok {
			f.misuse("the format or what it refers to is not a string")
		}
		n := int32(r)
		if n < 0 || !ok {
			return nil
		}
		if int(n) < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, int(n)+1)
	}
}

// addresses reads an array of n pointers.
func addresses(p uintptr, n int) []uintptr {
	out := make([]uintptr, 0, max(n, 0))
	for i := range n {
		out = append(out, *(*uintptr)(at(p + uintptr(i)*8)))
	}
	return out
}

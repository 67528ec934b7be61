//go:build linux && !android && (amd64 || arm64)

package dl

import (
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Values of dlfcn.h, the same in glibc and musl.
const (
	rtldLazy     = 0x1
	rtldNow      = 0x2
	rtldNoLoad   = 0x4
	rtldDeepBind = 0x8
	rtldGlobal   = 0x100
)

// libc's own functions, found once by resolve.
var libc struct {
	dlopen, dlsym, dlclose, dlerror, dladdr, dlinfo uintptr
}

// call is what dlcall reads and writes. It lives on the Go heap, which does
// not move, never on a goroutine's stack: a constructor may call back into Go.
type call struct {
	fn, a1, a2, a3 uintptr        // what to call
	errfn          uintptr        // dlerror: called before fn and after it
	result         uintptr        // fn's result
	errtext        uintptr        // dlerror's result after fn, nul-terminated, or 0
	watch          unsafe.Pointer // *watched: what to look after between fn and errfn
	n              uintptr        // how many
	nudge          unsafe.Pointer // *nudge: whom to wake if SIGURG had changed hands
}

// nudge is what dlcall needs to send SIGURG to every thread of the process.
type nudge struct {
	dir    *byte   // "/proc/self/task", nul-terminated
	flags  uintptr // for opening it
	pid    uintptr
	forced uintptr // not 0: send it in any case
	buf    [nudgeBuffer]byte
}

const nudgeBuffer = 2048

// dlcallPC is the address of dlcall, set in assembly.
var dlcallPC uintptr

//go:linkname cgocall runtime.cgocall
func cgocall(fn uintptr, arg unsafe.Pointer) int32

// mu orders everything that changes the set of loaded libraries or the rows.
var mu sync.Mutex

var resolve = sync.OnceFunc(func() {
	for _, s := range []struct {
		name string
		addr *uintptr
	}{
		{"dlopen", &libc.dlopen}, {"dlsym", &libc.dlsym}, {"dlclose", &libc.dlclose},
		{"dlerror", &libc.dlerror}, {"dladdr", &libc.dladdr}, {"dlinfo", &libc.dlinfo},
	} {
		a, err := purego.Dlsym(purego.RTLD_DEFAULT, s.name)
		if err != nil {
			panic("BUG: libc without " + s.name + ": " + err.Error())
		}
		*s.addr = a
	}
})

// deepBinds says whether libraries can prefer their own symbols. glibc can; but when
// another allocator was loaded before it (LD_PRELOAD), such a library would still find
// glibc's, and free with that what the host, or the C library for it, had allocated
// with the other.
var deepBinds = sync.OnceValue(func() bool {
	version, err := purego.Dlsym(purego.RTLD_DEFAULT, "gnu_get_libc_version")
	if err != nil {
		return false
	}
	malloc, err := purego.Dlsym(purego.RTLD_DEFAULT, "malloc")
	return err == nil && sameFile(version, malloc)
})

// do makes one C-side call. dlerror's text belongs to the thread, so the
// goroutine stays on it until the text is copied.
func do(c *call) (result uintptr, errtext string, failed bool) {
	resolve()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cgocall(dlcallPC, unsafe.Pointer(c))
	if c.errtext != 0 {
		return c.result, goString(c.errtext), true
	}
	return c.result, "", false
}

// goString copies a C string.
func goString(p uintptr) string {
	b := *(**byte)(unsafe.Pointer(&p))
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(b), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(b, n))
}

// cString gives s with its nul. An inner nul would cut the path short, and the
// linker would load another file than the caller checked.
func cString(s string) (*byte, error) { return syscall.BytePtrFromString(s) }

func open(path string, flags Flag) (uintptr, error) {
	p, err := cString(path)
	if err != nil {
		return 0, &Error{Kind: ErrOpen, Name: path, Text: "the path holds a nul byte"}
	}
	resolve()
	mode := uintptr(rtldNow)
	if flags&Lazy != 0 {
		mode = rtldLazy
	}
	if flags&Global != 0 {
		mode |= rtldGlobal
	}
	if flags&DeepBind != 0 && deepBinds() {
		mode |= rtldDeepBind
	}
	if flags&Present != 0 {
		mode |= rtldNoLoad
	}
	mu.Lock()
	defer mu.Unlock()
	c := &call{fn: libc.dlopen, a1: uintptr(unsafe.Pointer(p)), a2: mode, errfn: libc.dlerror}
	w := reserve()
	look(c, w, false)
	h, text, _ := do(c)
	runtime.KeepAlive(p)
	settle(w)
	if h == 0 {
		return 0, &Error{Kind: ErrOpen, Name: path, Text: text}
	}
	return h, nil
}

func symbol(handle uintptr, name string) (uintptr, error) {
	p, err := cString(name)
	if err != nil {
		return 0, &Error{Kind: ErrSymbol, Name: name, Text: "the name holds a nul byte"}
	}
	resolve()
	addr, text, failed := do(&call{
		fn: libc.dlsym, a1: handle, a2: uintptr(unsafe.Pointer(p)), errfn: libc.dlerror,
	})
	runtime.KeepAlive(p)
	if failed || addr == 0 {
		return 0, &Error{Kind: ErrSymbol, Name: name, Text: text}
	}
	return addr, nil
}

func closeHandle(path string, handle uintptr) error {
	resolve()
	mu.Lock()
	defer mu.Unlock()
	rechain()
	off := detach(handle)
	_, text, failed := do(&call{fn: libc.dlclose, a1: handle, errfn: libc.dlerror})
	attach(off)
	forget()
	if failed {
		return &Error{Kind: ErrClose, Name: path, Text: text}
	}
	return nil
}

// base gives the address at which the library or program that holds addr is
// mapped, or 0 if none does.
func base(addr uintptr) uintptr {
	info := new([4]uintptr) // Dl_info: its second word is dli_fbase
	r, _, _ := do(&call{fn: libc.dladdr, a1: addr, a2: uintptr(unsafe.Pointer(info))})
	if int32(r) == 0 {
		return 0
	}
	return info[1]
}

func where(addr uintptr) string {
	resolve()
	info := new([4]uintptr) // Dl_info: file, base, symbol, its address
	r, _, _ := do(&call{fn: libc.dladdr, a1: addr, a2: uintptr(unsafe.Pointer(info))})
	if int32(r) == 0 || info[0] == 0 {
		return "no library (" + hex(addr) + ")"
	}
	text := filepath.Base(goString(info[0])) + "+" + hex(addr-info[1])
	if info[2] != 0 {
		text += " (" + goString(info[2]) + "+" + hex(addr-info[3]) + ")"
	}
	return text
}

func sameFile(a, b uintptr) bool {
	resolve()
	lib := base(a)
	return lib != 0 && lib == base(b)
}

func hex(n uintptr) string { return "0x" + strconv.FormatUint(uint64(n), 16) }

// dynamic gives the address of a loaded library's dynamic section, or 0.
func dynamic(handle uintptr) uintptr {
	const rtldDILinkmap = 2
	linkMap := new(uintptr)
	r, _, _ := do(&call{
		fn: libc.dlinfo, a1: handle, a2: rtldDILinkmap, a3: uintptr(unsafe.Pointer(linkMap)),
		errfn: libc.dlerror,
	})
	if int32(r) != 0 || *linkMap == 0 {
		return 0
	}
	return *peek(*linkMap + 16) // l_ld, after l_addr and l_name
}

// stays says whether dlclose leaves a library mapped because it is linked
// NODELETE.
func stays(dyn uintptr) bool {
	const dtFlags1, df1NoDelete = 0x6ffffffb, 0x8
	for ; *peek(dyn) != 0; dyn += 16 {
		if *peek(dyn) == dtFlags1 {
			return *peek(dyn + 8)&df1NoDelete != 0
		}
	}
	return false
}

// peek reads C memory.
func peek(addr uintptr) *uintptr { return *(**uintptr)(unsafe.Pointer(&addr)) }

func prepare() {
	resolve()
	signal.Ignore(syscall.SIGPIPE)
	mu.Lock()
	install()
	mu.Unlock()
	for _, name := range globalLibraries {
		// The handle is never closed: the scope must not lose them.
		_, _ = open(name, Global)
	}
}

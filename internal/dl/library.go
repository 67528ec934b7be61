package dl

import "sync"

// Flag says how a library is loaded. Without Lazy all symbols are resolved
// at once (RTLD_NOW), without Global they are visible only to the library
// itself (RTLD_LOCAL): what redis-server uses for modules.
type Flag uint8

const (
	// Lazy resolves functions at their first call.
	Lazy Flag = 1 << iota
	// Global offers the library's symbols to libraries loaded after it.
	Global
	// DeepBind makes the library prefer its own symbols to global ones of the
	// same name. It is dropped where libc has no such mode (musl, macOS).
	DeepBind
	// Present only finds a library that is already loaded.
	Present
)

// Module is how module files are loaded: bound at once, and sealed off from
// the symbols of other modules and of the host.
const Module = DeepBind

// Library is a loaded library. Its methods may be called from any goroutine.
type Library struct {
	path   string
	mu     sync.Mutex
	handle uintptr
}

// Open loads the library at path and runs its constructors on the calling
// thread. A name without a slash is searched for as the dynamic linker does.
// Opening a library twice gives two handles on one mapping; each wants its Close.
// The error is an *Error with ErrOpen.
func Open(path string, flags Flag) (*Library, error) {
	Prepare()
	h, err := open(path, flags)
	if err != nil {
		return nil, err
	}
	return &Library{path: path, handle: h}, nil
}

// Where tells what lies at an address: the library, and the last symbol before it
// that the library shows.
func Where(addr uintptr) string { return where(addr) }

// SameFile tells whether two addresses lie in one library or program.
func SameFile(a, b uintptr) bool { return sameFile(a, b) }

// Symbol gives the address of a symbol defined by the library or by a library
// it needs. The address is good until Close. The error is an *Error with
// ErrSymbol, or ErrClosed.
func (l *Library) Symbol(name string) (uintptr, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == 0 {
		return 0, ErrClosed
	}
	return symbol(l.handle, name)
}

// Close gives the handle back. The library is unmapped with its last handle,
// unless it is linked NODELETE, as every Go library is. Handlers that it left
// on signals are taken off when its code has gone. Nothing of the library may be
// running. The error is an *Error with ErrClose, or ErrClosed.
func (l *Library) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.handle == 0 {
		return ErrClosed
	}
	h := l.handle
	l.handle = 0
	return closeHandle(l.path, h)
}

var prepared sync.Once

// Prepare readies the process for modules, once; Open calls it. The handlers
// that are in place then count as the host's: a fault handler of our own must be
// there before, or faults in the host's code will pass it by. Prepare puts the
// chaining handlers in place, makes the process ignore SIGPIPE, and offers
// libc, libm and the libraries redis-server is linked with in the global scope:
// many modules use exp or pow without naming their library.
func Prepare() { prepared.Do(prepare) }

// globalLibraries are offered to modules by promote, by name as libc's own
// linker finds them. Those that are not there are left out: on musl all of
// them are part of libc, and since glibc 2.34 most are empty.
var globalLibraries = []string{
	"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
}

package dl

import "errors"

// Sentinels. An *Error unwraps to one of them.
var (
	// ErrOpen is returned when the dynamic linker refuses a library.
	ErrOpen = errors.New("dl: cannot load library")
	// ErrSymbol is returned when a symbol is not there or has no address.
	ErrSymbol = errors.New("dl: no such symbol")
	// ErrClose is returned when the dynamic linker refuses to let go of a library.
	ErrClose = errors.New("dl: cannot close library")
	// ErrClosed is returned by a Library that was closed before.
	ErrClosed = errors.New("dl: library is closed")
	// ErrUnsupported is returned on systems without dynamic loading.
	ErrUnsupported = errors.New("dl: dynamic loading is not supported on this system")
)

// Error is a refusal by the dynamic linker.
type Error struct {
	// Kind is the sentinel that Unwrap returns.
	Kind error
	// Name is the library's path or the symbol's name.
	Name string
	// Text is what dlerror said, unchanged. It usually names the file.
	Text string
}

// Error gives the sentinel's text, the name and the linker's own words.
func (e *Error) Error() string {
	s := e.Kind.Error() + ": " + e.Name
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.Kind }

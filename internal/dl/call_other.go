//go:build darwin || ((freebsd || netbsd) && cgo) || (linux && !android && !amd64 && !arm64)

package dl

import (
	"strconv"

	"github.com/ebitengine/purego"
)

func open(path string, flags Flag) (uintptr, error) {
	mode := purego.RTLD_NOW
	if flags&Lazy != 0 {
		mode = purego.RTLD_LAZY
	}
	if flags&Global != 0 {
		mode |= purego.RTLD_GLOBAL
	} else {
		mode |= purego.RTLD_LOCAL
	}
	if flags&Present != 0 {
		return 0, &Error{Kind: ErrOpen, Name: path, Text: "finding loaded libraries is not supported here"}
	}
	h, err := purego.Dlopen(path, mode)
	if err != nil {
		return 0, &Error{Kind: ErrOpen, Name: path, Text: err.Error()}
	}
	return h, nil
}

func symbol(handle uintptr, name string) (uintptr, error) {
	a, err := purego.Dlsym(handle, name)
	if err != nil {
		return 0, &Error{Kind: ErrSymbol, Name: name, Text: err.Error()}
	}
	return a, nil
}

func closeHandle(path string, handle uintptr) error {
	if err := purego.Dlclose(handle); err != nil {
		return &Error{Kind: ErrClose, Name: path, Text: err.Error()}
	}
	return nil
}

func prepare() {}

func where(addr uintptr) string { return "address 0x" + strconv.FormatUint(uint64(addr), 16) }

func sameFile(uintptr, uintptr) bool { return false }

// Rechain does nothing here: handlers are chained on Linux only.
func Rechain() {}

//go:build android || (!darwin && !linux && !((freebsd || netbsd) && cgo))

package dl

func open(path string, _ Flag) (uintptr, error) { return 0, ErrUnsupported }

func symbol(uintptr, string) (uintptr, error) { return 0, ErrUnsupported }

func closeHandle(string, uintptr) error { return ErrUnsupported }

func prepare() {}

func where(uintptr) string { return "an unknown place" }

func sameFile(uintptr, uintptr) bool { return false }

// Rechain does nothing here.
func Rechain() {}

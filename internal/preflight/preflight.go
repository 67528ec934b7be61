// Package preflight reads module files without running them: Check says
// whether a file could be loaded, Inspect what it is and what it asks for.
//
// The dynamic linker runs a library's constructors before it says what is
// missing, its messages are for programmers, and some of what it trips over,
// such as a file that ends early, kills the process. So the file is read first,
// by its headers and its dynamic section, as the linker will read it. A file is
// refused only when the linker would surely fail with it, or the process would.
package preflight

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Why a file is no module. A *Refusal unwraps to one of them.
var (
	// ErrNotFound is returned when there is no file at the path.
	ErrNotFound = errors.New("no such file")
	// ErrUnreadable is returned when the file cannot be opened or read.
	ErrUnreadable = errors.New("unreadable")
	// ErrNotRegular is returned for a directory, a device, a pipe or a socket.
	ErrNotRegular = errors.New("not a regular file")
	// ErrNotExecutable is returned when no execute permission bit is set.
	ErrNotExecutable = errors.New("no execute permission")
	// ErrEmpty is returned for a file of no bytes.
	ErrEmpty = errors.New("empty file")
	// ErrTruncated is returned when the file ends before what its headers promise.
	ErrTruncated = errors.New("truncated file")
	// ErrNotELF is returned for a file in another format.
	ErrNotELF = errors.New("not an ELF file")
	// ErrDamaged is returned when the file's own tables contradict each other.
	ErrDamaged = errors.New("damaged file")
	// ErrArchitecture is returned when the file is for another processor or system.
	ErrArchitecture = errors.New("wrong architecture")
	// ErrNotShared is returned for a program, an object file or a core dump.
	ErrNotShared = errors.New("not a shared object")
	// ErrNoEntry is returned when no OnLoad function is exported.
	ErrNoEntry = errors.New("no entry point")
	// ErrNeeds is returned when a library that the file needs is not there.
	ErrNeeds = errors.New("missing library")
	// ErrVersion is returned when a library that the file needs is too old.
	ErrVersion = errors.New("library too old")
	// ErrLibc is returned when the file was made for another C library than
	// the one the server runs on, and for every Go library on musl.
	ErrLibc = errors.New("wrong C library")
)

// Refusal tells why a file cannot be loaded as a module.
type Refusal struct {
	// Path is the file's path as it was given.
	Path string
	// Reason is the sentinel that Unwrap returns.
	Reason error
	// Sentence says it for the log: one sentence about the file, which is "it".
	Sentence string
}

// Error gives the sentence. The log line that carries it names the path.
func (r *Refusal) Error() string { return r.Sentence }

// Unwrap gives the sentinel.
func (r *Refusal) Unwrap() error { return r.Reason }

func refuse(reason error, format string, a ...any) error {
	return &Refusal{Reason: reason, Sentence: fmt.Sprintf(format, a...)}
}

// Check says whether the file at path could be loaded as a module, without
// running any of it. Nil means that nothing is known to be wrong. The error is
// a *Refusal. Any thread.
func Check(path string) error {
	x, err := examine(path, thisSystem())
	x.close()
	return err
}

// examine opens the file and makes every check on it. It gives what it came to
// learn of the file also with an error. The caller closes it.
func examine(path string, sys *system) (*examined, error) {
	x := &examined{sys: sys}
	f, size, err := openFile(path)
	if f != nil {
		x.files = append(x.files, f)
		// A file without permission is read on, for Inspect to tell more of it.
		if e := x.check(f, size, path); err == nil {
			err = e
		}
	}
	var r *Refusal
	if errors.As(err, &r) {
		// The shared ones are copied: each error has its own path.
		c := *r
		c.Path = path
		err = &c
	}
	return x, err
}

// openFile opens a regular file that may be executed. There is a file also with
// ErrNotExecutable. Opening does not wait, should the path be a pipe.
func openFile(path string) (f *os.File, size int64, err error) {
	f, err = os.OpenFile(path, os.O_RDONLY|nonBlock, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, 0, refuse(ErrNotFound, "There is no such file.")
	case errors.Is(err, fs.ErrPermission):
		return nil, 0, refuse(ErrUnreadable, "The server may not read it: permission denied.")
	case err != nil:
		return nil, 0, refuse(ErrUnreadable, "The server cannot open it: %v.", bare(err))
	}
	defer func() {
		if err != nil && !errors.Is(err, ErrNotExecutable) {
			f.Close()
			f = nil
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return f, 0, refuse(ErrUnreadable, "The server cannot read it: %v.", bare(err))
	}
	switch mode := st.Mode(); {
	case mode.IsDir():
		return f, 0, refuse(ErrNotRegular, "It is a directory, not a module file.")
	case !mode.IsRegular():
		return f, 0, refuse(ErrNotRegular, "It is not a regular file.")
	case st.Size() == 0:
		return f, 0, refuse(ErrEmpty, "It is empty.")
	case mode&0o111 == 0:
		return f, st.Size(), refuse(ErrNotExecutable, "It does not have execute permissions.")
	}
	return f, st.Size(), nil
}

// bare takes the operation and the path off an error of package os.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

package aof

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData leaves out what only concerns the times of the file.
func syncData(f *os.File) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) {
		for {
			if failed = unix.Fdatasync(int(fd)); !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	if err == nil {
		err = failed
	}
	return err
}

// badForDirs reports whether an error means that directories cannot be synced.
func badForDirs(err error) bool { return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EBADF) }

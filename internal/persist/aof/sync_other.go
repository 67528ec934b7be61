//go:build !linux

package aof

import (
	"errors"
	"os"
	"syscall"
)

func syncData(f *os.File) error { return f.Sync() }

// badForDirs reports whether an error means that directories cannot be synced.
func badForDirs(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EBADF)
}

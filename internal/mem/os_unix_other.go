//go:build unix && !linux

package mem

import (
	"errors"

	"golang.org/x/sys/unix"
)

const adviceDiscard = unix.MADV_FREE

func osHuge(uintptr, int) {}

// osRemap always fails here: the caller copies.
func osRemap(uintptr, int, int) (uintptr, error) { return 0, errors.ErrUnsupported }

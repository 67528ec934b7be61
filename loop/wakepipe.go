//go:build !linux

package loop

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// wakePipe wakes a poller that has no eventfd.
type wakePipe struct{ r, w int }

func newWakePipe() (wakePipe, error) {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return wakePipe{}, fmt.Errorf("pipe: %w", err)
	}
	for _, fd := range p {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			return wakePipe{}, fmt.Errorf("pipe: %w", err)
		}
	}
	return wakePipe{p[0], p[1]}, nil
}

// wake writes to a pipe. A full one wakes as well.
func wake(fd int) {
	var some [8]byte
	_, _ = unix.Write(fd, some[:])
}

func (p wakePipe) drain() {
	var b [64]byte
	for {
		if n, err := unix.Read(p.r, b[:]); n < len(b) || err != nil {
			return
		}
	}
}

func (p wakePipe) close() {
	_ = unix.Close(p.r)
	_ = unix.Close(p.w)
}

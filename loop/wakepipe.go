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

func (p wakePipe) wake() {
	_, _ = unix.Write(p.w, []byte{1}) // a full pipe wakes as well
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

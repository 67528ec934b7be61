package loop

import "golang.org/x/sys/unix"

// setProbes sets the idle time, which is all that every version of macOS has.
func setProbes(fd, seconds int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPALIVE, seconds)
}

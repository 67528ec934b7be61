package loop

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll is the poller of Linux. The kernel's data word carries descriptor and
// generation.
type epoll struct {
	fd     int
	wakeFD int
	bufs   [2][256]unix.EpollEvent // for a wait and a nested one
}

func newPoller() (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &epoll{fd: fd, wakeFD: wake}
	if err := p.set(wake, 0, Readable, 0); err != nil {
		_ = p.close()
		return nil, err
	}
	return p, nil
}

func (p *epoll) set(fd int, old, mask Mask, gen uint32) error {
	ev := unix.EpollEvent{Fd: int32(fd), Pad: int32(gen)}
	if mask&Readable != 0 {
		ev.Events |= unix.EPOLLIN
	}
	if mask&Writable != 0 {
		ev.Events |= unix.EPOLLOUT
	}
	op := unix.EPOLL_CTL_MOD
	if old == 0 {
		op = unix.EPOLL_CTL_ADD
	} else if mask == 0 {
		op = unix.EPOLL_CTL_DEL
	}
	err := unix.EpollCtl(p.fd, op, fd, &ev)
	if err == unix.ENOENT && op == unix.EPOLL_CTL_MOD { // it was closed, and opened again
		err = unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev)
	}
	if err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

func (p *epoll) wait(events []event, timeout int64, nested bool) ([]event, error) {
	buf := &p.bufs[0]
	if nested {
		buf = &p.bufs[1]
	}
	// When something is ready already there is no need to tell the Go
	// scheduler that this thread may block.
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(buf)),
		uintptr(len(buf)), 0, 0, 0)
	if errno == 0 && n == 0 && timeout != 0 {
		n, errno = p.block(buf, timeout)
	}
	if errno != 0 {
		if errno == unix.EINTR {
			return events, nil
		}
		return events, fmt.Errorf("epoll_pwait: %w", errno)
	}
	for _, ev := range buf[:n] {
		if int(ev.Fd) == p.wakeFD {
			if !nested {
				var b [8]byte
				_, _ = unix.Read(p.wakeFD, b[:]) // only the counter's reset matters
			}
			continue
		}
		var fired Mask
		if ev.Events&(unix.EPOLLIN|unix.EPOLLRDHUP) != 0 {
			fired |= Readable
		}
		if ev.Events&unix.EPOLLOUT != 0 {
			fired |= Writable
		}
		if ev.Events&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
			fired |= Readable | Writable
		}
		events = append(events, event{fd: int(ev.Fd), gen: uint32(ev.Pad), fired: fired})
	}
	return events, nil
}

// block waits in the kernel. Milliseconds are rounded up: rounding down would
// spin until a timer is due.
func (p *epoll) block(buf *[256]unix.EpollEvent, timeout int64) (uintptr, unix.Errno) {
	ms := -1
	if timeout > 0 {
		ms = int(min((timeout+999_999)/1_000_000, 1<<30))
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(buf)),
		uintptr(len(buf)), uintptr(ms), 0, 0)
	return n, errno
}

func (p *epoll) waker() int { return p.wakeFD }

// wake adds one to the counter of an eventfd. That fails only when the counter is full,
// and then the loop wakes anyway.
func wake(fd int) {
	one := [8]byte{1}
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one)), uintptr(len(one)))
}

func (p *epoll) close() error {
	_ = unix.Close(p.wakeFD)
	return unix.Close(p.fd)
}

//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package loop

import (
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// kqueue is the poller of macOS and the BSDs. It keeps the generations beside
// the kernel, whose user-data word has not the same type everywhere.
type kqueue struct {
	fd   int
	pipe wakePipe
	bufs [2][256]unix.Kevent_t // for a wait and a nested one

	// mu guards gens: a wait looks at them when it has no lock yet.
	mu   sync.Mutex
	gens map[int]uint32
}

func newPoller() (poller, error) {
	fd, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("kqueue: %w", err)
	}
	unix.CloseOnExec(fd)
	pipe, err := newWakePipe()
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	p := &kqueue{fd: fd, pipe: pipe, gens: map[int]uint32{}}
	if err := p.set(pipe.r, 0, Readable, 0); err != nil {
		_ = p.close()
		return nil, err
	}
	return p, nil
}

func (p *kqueue) set(fd int, old, mask Mask, gen uint32) error {
	var changes []unix.Kevent_t
	for dir, filter := range map[Mask]int{Readable: unix.EVFILT_READ, Writable: unix.EVFILT_WRITE} {
		if old&dir == mask&dir {
			continue
		}
		flags := unix.EV_ADD
		if mask&dir == 0 {
			flags = unix.EV_DELETE
		}
		var ev unix.Kevent_t
		unix.SetKevent(&ev, fd, filter, flags)
		changes = append(changes, ev)
	}
	p.mu.Lock()
	p.gens[fd] = gen
	if mask == 0 {
		delete(p.gens, fd)
	}
	p.mu.Unlock()
	if _, err := unix.Kevent(p.fd, changes, nil, nil); err != nil {
		return fmt.Errorf("kevent: %w", err)
	}
	return nil
}

func (p *kqueue) wait(events []event, timeout int64, nested bool) ([]event, error) {
	buf := p.bufs[0][:]
	if nested {
		buf = p.bufs[1][:]
	}
	var ts *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(timeout)
		ts = &t
	}
	n, err := unix.Kevent(p.fd, nil, buf, ts)
	if err != nil {
		if err == unix.EINTR {
			return events, nil
		}
		return events, fmt.Errorf("kevent: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range buf[:n] {
		ev := &buf[i]
		fd := int(ev.Ident)
		if fd == p.pipe.r {
			if !nested {
				p.pipe.drain()
			}
			continue
		}
		fired := Readable
		if int(ev.Filter) == unix.EVFILT_WRITE {
			fired = Writable
		}
		if ev.Flags&unix.EV_ERROR != 0 {
			fired = Readable | Writable
		}
		events = append(events, event{fd: fd, gen: p.gens[fd], fired: fired})
	}
	return events, nil
}

func (p *kqueue) waker() int { return p.pipe.w }

func (p *kqueue) close() error {
	p.pipe.close()
	return unix.Close(p.fd)
}

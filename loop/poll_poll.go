//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package loop

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// pollSet is the poller of systems without a better one: poll(2), whose cost
// grows with the number of descriptors. It is no poller for threads: where it is
// used there are no modules.
type pollSet struct {
	pipe wakePipe
	fds  []unix.PollFd
	gens []uint32
	pos  map[int]int
}

func newPoller() (poller, error) {
	pipe, err := newWakePipe()
	if err != nil {
		return nil, err
	}
	p := &pollSet{pipe: pipe, pos: map[int]int{}}
	return p, p.set(pipe.r, 0, Readable, 0)
}

func (p *pollSet) set(fd int, old, mask Mask, gen uint32) error {
	i, ok := p.pos[fd]
	if mask == 0 {
		if ok {
			last := len(p.fds) - 1
			p.fds[i], p.gens[i] = p.fds[last], p.gens[last]
			p.pos[int(p.fds[i].Fd)] = i
			p.fds, p.gens = p.fds[:last], p.gens[:last]
			delete(p.pos, fd)
		}
		return nil
	}
	if !ok {
		i = len(p.fds)
		p.pos[fd] = i
		p.fds = append(p.fds, unix.PollFd{Fd: int32(fd)})
		p.gens = append(p.gens, gen)
	}
	p.gens[i] = gen
	p.fds[i].Events = 0
	if mask&Readable != 0 {
		p.fds[i].Events |= unix.POLLIN
	}
	if mask&Writable != 0 {
		p.fds[i].Events |= unix.POLLOUT
	}
	return nil
}

func (p *pollSet) wait(events []event, timeout int64, _ bool) ([]event, error) {
	ms := -1
	if timeout >= 0 {
		ms = int(min((timeout+999_999)/1_000_000, 1<<30))
	}
	if _, err := unix.Poll(p.fds, ms); err != nil {
		if err == unix.EINTR {
			return events, nil
		}
		return events, fmt.Errorf("poll: %w", err)
	}
	for i, pfd := range p.fds {
		if pfd.Revents == 0 {
			continue
		}
		if int(pfd.Fd) == p.pipe.r {
			p.pipe.drain()
			continue
		}
		var fired Mask
		if pfd.Revents&unix.POLLIN != 0 {
			fired |= Readable
		}
		if pfd.Revents&unix.POLLOUT != 0 {
			fired |= Writable
		}
		if pfd.Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
			fired |= Readable | Writable
		}
		events = append(events, event{fd: int(pfd.Fd), gen: p.gens[i], fired: fired})
	}
	return events, nil
}

func (p *pollSet) waker() int { return p.pipe.w }

func (p *pollSet) close() error {
	p.pipe.close()
	return nil
}

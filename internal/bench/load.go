//go:build linux

package bench

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrStalled is returned when a server stops answering in the middle of a round.
var ErrStalled = errors.New("no reply for five seconds")

// ErrChanged is returned when a reply is not the one that the server gave before the round.
var ErrChanged = errors.New("the reply changed")

// Workload is a command to be repeated: many requests of one size, and the one reply that each must get.
type Workload struct {
	// Requests are laid end to end; the load generator sends slices of them without copying.
	Requests []byte
	// Size is the length of one request in bytes.
	Size int
	// Reply is the exact reply to each; nil when replies differ, and are counted only.
	Reply []byte
	// Before is run on both servers before each round, outside of the time; nil: nothing is.
	Before func(*Conn) error
}

// Count is the number of requests laid out.
func (w *Workload) Count() int { return len(w.Requests) / w.Size }

// Round is the outcome of one timed run.
type Round struct {
	// Commands is the number of replies received.
	Commands int
	// Wall is the time from the first request to the last reply.
	Wall time.Duration
	// CPU is the processor time that the server spent in it.
	CPU time.Duration
}

// PerCommand is the server's processor time per command in nanoseconds.
func (r Round) PerCommand() float64 { return float64(r.CPU) / float64(r.Commands) }

// Rate is the throughput in commands per second.
func (r Round) Rate() float64 { return float64(r.Commands) / r.Wall.Seconds() }

type loadConn struct {
	fd      int
	next    int    // index of the request to be sent next
	pending []byte // what the socket did not take yet
	got     int    // bytes of the expected replies received
	counter counter
	idle    bool // the poll does not watch for writability
}

// Load is a set of connections to one server, driven from the calling thread.
type Load struct {
	server *Server
	epfd   int
	conns  []loadConn
	buf    []byte
	events []unix.EpollEvent
	// Spin makes Run poll without sleeping, so that the server never pays for waking the generator.
	Spin bool
	// Nap is how long a steady load sleeps when there is nothing to do.
	Nap time.Duration
}

// NewLoad opens n connections.
func NewLoad(s *Server, n int) (*Load, error) {
	l := &Load{server: s, buf: make([]byte, 1<<16), events: make([]unix.EpollEvent, 128)}
	var err error
	if l.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	for i := range n {
		fd, err := connect(s.Port)
		if err != nil {
			l.Close()
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
		l.conns = append(l.conns, loadConn{fd: fd, idle: true})
		if err := unix.SetNonblock(fd, true); err != nil {
			l.Close()
			return nil, err
		}
		ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

// connect opens one blocking connection.
func connect(port int) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	// Closing resets the connection: thousands of them in TIME_WAIT would use up the local ports.
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Close closes all connections.
func (l *Load) Close() {
	for i := range l.conns {
		unix.Close(l.conns[i].fd)
	}
	unix.Close(l.epfd)
	l.conns = nil
}

// Run loads the server for the given time: every connection sends depth requests, waits for their replies, and so on. All
// replies are awaited at the end. The caller must have locked its goroutine to its thread.
func (l *Load) Run(w *Workload, depth int, length time.Duration) (Round, error) {
	if depth > w.Count() {
		return Round{}, fmt.Errorf("pipeline of %d, but only %d requests laid out", depth, w.Count())
	}
	expected := bytes.Repeat(w.Reply, depth)
	var r Round
	if err := w.prepare(l.server); err != nil {
		return r, err
	}
	before, err := l.server.CPU()
	if err != nil {
		return r, err
	}
	from := time.Now()
	for i := range l.conns {
		c := &l.conns[i]
		c.next = i * (w.Count() / len(l.conns))
		if err := l.send(i, w, depth); err != nil {
			return r, err
		}
	}
	active := len(l.conns)
	last, stop := from, from.Add(length)
	for active > 0 {
		n, err := l.wait()
		if err != nil {
			return r, err
		}
		now := time.Now()
		if n == 0 {
			if now.Sub(last) > 5*time.Second {
				return r, fmt.Errorf("%s: %w", l.server.Name, ErrStalled)
			}
			continue
		}
		last = now
		for _, ev := range l.events[:n] {
			i := int(ev.Fd)
			c := &l.conns[i]
			if ev.Events&unix.EPOLLOUT != 0 {
				if err := l.flush(i); err != nil {
					return r, err
				}
			}
			if ev.Events&^unix.EPOLLOUT == 0 {
				continue
			}
			n, err := rawRead(c.fd, l.buf)
			if err == syscall.EAGAIN {
				continue
			}
			if err != nil || n == 0 {
				return r, fmt.Errorf("%s closed a connection: %v", l.server.Name, err)
			}
			if w.Reply == nil {
				if err := c.counter.feed(l.buf[:n]); err != nil {
					return r, fmt.Errorf("%s: %w", l.server.Name, err)
				}
				if c.counter.replies < depth {
					continue
				}
				c.counter.replies = 0
			} else if c.got+n > len(expected) || !bytes.Equal(l.buf[:n], expected[c.got:c.got+n]) {
				return r, fmt.Errorf("%s: %w", l.server.Name, unexpected(l.buf[:n], expected[c.got:]))
			}
			if w.Reply != nil {
				if c.got += n; c.got < len(expected) {
					continue
				}
				c.got = 0
			}
			r.Commands += depth
			if now.After(stop) {
				active--
				continue
			}
			if err := l.send(i, w, depth); err != nil {
				return r, err
			}
		}
	}
	r.Wall = time.Since(from)
	after, err := l.server.CPU()
	r.CPU = after - before
	return r, err
}

// unexpected tells where a reply is not what it should be.
func unexpected(got, expected []byte) error {
	at := 0
	for at < min(len(got), len(expected)) && got[at] == expected[at] {
		at++
	}
	return fmt.Errorf("%w: %.40q where %.40q was expected", ErrChanged, got[at:], expected[at:])
}

// wait polls; with Spin it returns at once, also with nothing.
func (l *Load) wait() (int, error) {
	var n int
	var err error
	if l.Spin {
		r, _, e := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(l.epfd), uintptr(unsafe.Pointer(&l.events[0])), uintptr(len(l.events)), 0, 0, 0)
		if e != 0 {
			err = e
		} else {
			n = int(r)
		}
	} else {
		n, err = unix.EpollWait(l.epfd, l.events, 1000)
	}
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}

// send starts the next batch of connection i.
func (l *Load) send(i int, w *Workload, depth int) error {
	c := &l.conns[i]
	if c.next+depth > w.Count() {
		c.next = 0
	}
	c.pending = w.Requests[c.next*w.Size : (c.next+depth)*w.Size]
	c.next += depth
	return l.flush(i)
}

// flush writes what connection i still has to send; the rest waits for the socket to become writable.
func (l *Load) flush(i int) error {
	c := &l.conns[i]
	waited := !c.idle
	for len(c.pending) > 0 {
		n, err := rawWrite(c.fd, c.pending)
		if err == syscall.EAGAIN {
			if waited {
				return nil
			}
			c.idle = false
			return unix.EpollCtl(l.epfd, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(i)})
		}
		if err != nil {
			return fmt.Errorf("write to %s: %w", l.server.Name, err)
		}
		c.pending = c.pending[n:]
	}
	if waited {
		c.idle = true
		return unix.EpollCtl(l.epfd, unix.EPOLL_CTL_MOD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	return nil
}

// The sockets do not block, so the scheduler need not hear of these calls.

func rawRead(fd int, b []byte) (int, error) {
	r, _, e := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

func rawWrite(fd int, b []byte) (int, error) {
	r, _, e := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if e != 0 {
		return 0, e
	}
	return int(r), nil
}

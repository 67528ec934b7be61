package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"berth/internal/resp"
	"berth/loop"
)

// listener is one socket that accepts connections.
type listener struct {
	fd   int
	unix bool
	// name is the address or path, for the log.
	name string
	// port is the TCP port really bound, of interest when 0 was asked for.
	port int
}

// netState is what the server does on sockets.
type netState struct {
	listeners []listener
	// rbuf is what clients are read into; nil while it is in use.
	rbuf []byte
	// batch is how many bytes of rbuf the client being served sent.
	batch int
	// scratch is where the arguments of the request under way are listed.
	scratch resp.Scratch
	// pending are the clients with output to flush before the loop sleeps.
	pending, flushing []*Client
	writer            gathering
	// onReadable and onWritable serve all clients: one function value each.
	onReadable, onWritable loop.FileFunc
	// cronPaused is set by DEBUG PAUSE-CRON.
	cronPaused bool
	// crons counts the rounds of clientsCron.
	crons int
	// before are the hooks that run before the loop sleeps.
	before []func()
	closed bool
}

// maxAcceptPerEvent bounds the connections taken at once, so that a flood of
// them does not hold up those who are served already.
const maxAcceptPerEvent = 1000

// Listen opens all sockets that the settings ask for. Addresses that begin
// with "-", and the defaults for a protocol that the machine lacks, may fail.
func (s *Server) Listen() error {
	if s.Settings.Port > 0 || s.Settings.ListenAnyPort {
		if err := s.listenTCP(); err != nil {
			s.closeListeners()
			return err
		}
	}
	if path := s.Settings.UnixSocket; path != "" {
		if err := s.listenUnix(path); err != nil {
			s.closeListeners()
			return err
		}
	}
	return nil
}

// listenTCP opens one socket per bind address.
func (s *Server) listenTCP() error {
	opened := 0
	for _, addr := range s.Settings.Bind {
		host := strings.TrimPrefix(addr, "-")
		optional := host != addr
		l, err := s.listenOne(host)
		if err != nil {
			s.Log(LogWarning, "Warning: Could not create server TCP listening socket %s:%d: %v", host, s.Settings.Port, err)
			if optional {
				continue
			}
			s.Log(LogWarning, "Failed listening on port %d (tcp), aborting.", s.Settings.Port)
			return fmt.Errorf("server: listening on %s port %d: %w", host, s.Settings.Port, err)
		}
		if err := s.acceptOn(l); err != nil {
			return err
		}
		opened++
	}
	if opened == 0 && len(s.Settings.Bind) > 0 {
		s.Log(LogWarning, "Failed listening on port %d (tcp), aborting.", s.Settings.Port)
		return fmt.Errorf("server: none of the bind addresses can be listened on")
	}
	return nil
}

// listenOne opens the socket for one address.
func (s *Server) listenOne(host string) (listener, error) {
	var fd int
	var err error
	switch port := s.tcpPort(); {
	case host == "*":
		fd, err = loop.TCP4Listen("", port, s.Settings.Backlog)
	case host == "::*":
		fd, err = loop.TCP6Listen("", port, s.Settings.Backlog)
	case strings.Contains(host, ":"):
		fd, err = loop.TCP6Listen(host, port, s.Settings.Backlog)
	default:
		fd, err = loop.TCP4Listen(host, port, s.Settings.Backlog)
	}
	if err != nil {
		return listener{}, err
	}
	l := listener{fd: fd, name: host}
	if _, l.port, err = loop.SockName(fd); err != nil {
		closeFD(fd)
		return listener{}, err
	}
	return l, nil
}

// tcpPort is the port to bind: once one socket got a free port, the others take
// the same.
func (s *Server) tcpPort() int {
	if s.Settings.Port == 0 {
		for _, l := range s.net.listeners {
			if !l.unix {
				return l.port
			}
		}
	}
	return s.Settings.Port
}

// listenUnix opens the unix socket; what a crashed server left there goes.
func (s *Server) listenUnix(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("server: removing the old unix socket: %w", err)
	}
	fd, err := loop.UnixListen(path, s.Settings.UnixSocketPerm, s.Settings.Backlog)
	if err != nil {
		s.Log(LogWarning, "Failed opening Unix socket: bind: %v", err)
		return fmt.Errorf("server: listening on %s: %w", path, err)
	}
	return s.acceptOn(listener{fd: fd, unix: true, name: path})
}

// acceptOn begins to accept on an open socket.
func (s *Server) acceptOn(l listener) error {
	accept := s.acceptTCP
	if l.unix {
		accept = s.acceptUnix
	}
	if err := s.Loop.Add(l.fd, loop.Readable, accept); err != nil {
		closeFD(l.fd)
		return fmt.Errorf("server: watching %s: %w", l.name, err)
	}
	s.net.listeners = append(s.net.listeners, l)
	return nil
}

// Port is the TCP port that is listened on, 0 for none.
func (s *Server) Port() int {
	for _, l := range s.net.listeners {
		if !l.unix {
			return l.port
		}
	}
	return 0
}

// Listeners is how many sockets accept connections.
func (s *Server) Listeners() int { return len(s.net.listeners) }

// Relisten closes the listening TCP sockets and opens them anew after bind or
// port changed. When that fails the old ones are gone and the error tells why.
func (s *Server) Relisten() error {
	keep := s.net.listeners[:0]
	for _, l := range s.net.listeners {
		if l.unix {
			keep = append(keep, l)
			continue
		}
		s.Loop.Remove(l.fd, loop.Readable)
		closeFD(l.fd)
	}
	s.net.listeners = keep
	if s.Settings.Port == 0 {
		return nil
	}
	return s.listenTCP()
}

// closeListeners stops accepting. The unix socket's file goes too.
func (s *Server) closeListeners() {
	for _, l := range s.net.listeners {
		s.Loop.Remove(l.fd, loop.Readable)
		closeFD(l.fd)
		if l.unix {
			_ = os.Remove(l.name) // best effort: it may be gone already
		}
	}
	s.net.listeners = nil
}

// Close closes the listening sockets and all clients. The loop thread.
func (s *Server) Close() {
	if s.net.closed {
		return
	}
	s.net.closed = true
	s.closeListeners()
	if s.aof.mode != aofOff {
		s.finishAOF()
	}
	s.EachClient(func(c *Client) bool {
		c.flush()
		s.freeClient(c)
		return true
	})
}

// initCore sets up what every server has and takes the host lock, which is let
// go only while the loop sleeps.
func (s *Server) initCore() {
	s.commands.byName = make(map[string]*Command)
	s.clients.byID = make(map[uint64]*Client)
	s.net.rbuf = make([]byte, readSize)
	s.tick()
	s.HostLock.Lock(LoopHolder)
	s.Loop.Exclude(s.HostLock.Yield, func() { s.HostLock.Lock(LoopHolder) })
	s.Loop.OnRing(s.serveUnblocked)
	s.Loop.BeforeSleep(s.beforeSleep)
	s.Loop.AfterSleep(s.tick)
	s.Loop.AddTimer(cronPeriod, func(loop.TimerID) time.Duration {
		s.clientsCron()
		return cronPeriod
	}, nil)
}

// BeforeSleep adds a hook that runs in every iteration before the loop waits,
// with the host lock held and before output is flushed.
func (s *Server) BeforeSleep(fn func()) { s.net.before = append(s.net.before, fn) }

// beforeSleep is the end of an iteration.
func (s *Server) beforeSleep() {
	for _, fn := range s.net.before {
		fn()
	}
	s.serveWoken()
	s.resumeClients()
	// A command that yields has replied in part: nothing may come in between.
	if s.exec.yielding == 0 {
		if s.Config.Values.MaxMemoryClients != 0 {
			s.evictClients()
		}
		if len(s.tracking.prefixes) != 0 {
			s.broadcastInvalid()
		}
	}
	if s.aof.mode != aofOff {
		s.endAOFCycle()
	}
	s.flushPending()
	s.closePending()
}

// busyText is what clients are told while a long command yields.
func (s *Server) busyText() string {
	if s.exec.busyReply != "" {
		return "BUSY " + s.exec.busyReply
	}
	return "BUSY Redis is busy running a module command."
}

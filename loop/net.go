package loop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrAddress is returned for a host or port that cannot be used.
var ErrAddress = errors.New("loop: not a usable address")

// socket makes a non-blocking stream socket that child processes do not get.
func socket(family int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		return -1, fmt.Errorf("loop: making a socket: %w", err)
	}
	return fd, nil
}

// resolve turns host and port into a socket address. network is "tcp", "tcp4"
// or "tcp6". A name is looked up, which may block as it does in Redis.
func resolve(network, host string, port int) (unix.Sockaddr, int, error) {
	if port < 0 || port > 65535 {
		return nil, 0, fmt.Errorf("%w: port %d", ErrAddress, port)
	}
	a, err := net.ResolveTCPAddr(network, net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if ip := a.IP.To4(); ip != nil && network != "tcp6" {
		return &unix.SockaddrInet4{Port: port, Addr: [4]byte(ip)}, unix.AF_INET, nil
	}
	sa := &unix.SockaddrInet6{Port: port}
	copy(sa.Addr[:], a.IP.To16())
	if a.Zone != "" {
		if ifc, err := net.InterfaceByName(a.Zone); err == nil {
			sa.ZoneId = uint32(ifc.Index)
		}
	}
	return sa, unix.AF_INET6, nil
}

// connect starts a connection on a new socket.
func connect(sa unix.Sockaddr, family int) (int, error) {
	fd, err := socket(family)
	if err != nil {
		return -1, err
	}
	if err := unix.Connect(fd, sa); err != nil && err != unix.EINPROGRESS {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("loop: connect: %w", err)
	}
	return fd, nil
}

// TCPConnect starts a connection and returns its descriptor at once: it is
// writable when the connection stands or has failed.
func TCPConnect(host string, port int) (int, error) {
	sa, family, err := resolve("tcp", host, port)
	if err != nil {
		return -1, err
	}
	return connect(sa, family)
}

// UnixConnect starts a connection to a unix socket.
func UnixConnect(path string) (int, error) {
	return connect(&unix.SockaddrUnix{Name: path}, unix.AF_UNIX)
}

// listen binds a new socket and listens on it.
func listen(sa unix.Sockaddr, family, backlog int) (int, error) {
	fd, err := socket(family)
	if err != nil {
		return -1, err
	}
	if family != unix.AF_UNIX {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil && family == unix.AF_INET6 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil {
		err = unix.Bind(fd, sa)
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("loop: listen: %w", err)
	}
	return fd, nil
}

// TCP4Listen listens on an IPv4 address; "" is every one.
func TCP4Listen(host string, port, backlog int) (int, error) {
	return tcpListen("tcp4", host, port, backlog)
}

// TCP6Listen listens on an IPv6 address and on IPv6 alone; "" is every one.
func TCP6Listen(host string, port, backlog int) (int, error) {
	return tcpListen("tcp6", host, port, backlog)
}

func tcpListen(network, host string, port, backlog int) (int, error) {
	if host == "" {
		host = map[string]string{"tcp4": "0.0.0.0", "tcp6": "::"}[network]
	}
	sa, family, err := resolve(network, host, port)
	if err != nil {
		return -1, err
	}
	return listen(sa, family, backlog)
}

// UnixListen listens on a unix socket. perm is the mode of its file, 0 to
// leave what the umask gives.
func UnixListen(path string, perm uint32, backlog int) (int, error) {
	fd, err := listen(&unix.SockaddrUnix{Name: path}, unix.AF_UNIX, backlog)
	if err != nil || perm == 0 {
		return fd, err
	}
	if err := os.Chmod(path, os.FileMode(perm)); err != nil {
		_ = unix.Close(fd)
		_ = os.Remove(path)
		return -1, fmt.Errorf("loop: listen: %w", err)
	}
	return fd, nil
}

// accept takes one connection, non-blocking and closed on exec.
func accept(fd int) (int, unix.Sockaddr, error) {
	for {
		syscall.ForkLock.RLock()
		conn, sa, err := unix.Accept(fd)
		if err == nil {
			unix.CloseOnExec(conn)
		}
		syscall.ForkLock.RUnlock()
		if err == unix.EINTR || err == unix.ECONNABORTED {
			continue
		}
		if err == nil {
			err = unix.SetNonblock(conn, true)
		}
		if err != nil {
			return -1, nil, fmt.Errorf("loop: accept: %w", err)
		}
		return conn, sa, nil
	}
}

// AcceptTCP takes a connection of a listening TCP socket and tells whose it is.
func AcceptTCP(fd int) (conn int, ip string, port int, err error) {
	conn, sa, err := accept(fd)
	if err != nil {
		return -1, "", 0, err
	}
	ip, port = addrOf(sa)
	return conn, ip, port, nil
}

// AcceptUnix takes a connection of a listening unix socket.
func AcceptUnix(fd int) (int, error) {
	conn, _, err := accept(fd)
	return conn, err
}

// addrOf writes a socket address as Redis does: a unix socket is its path, or
// "/unixsocket" when it has none, with port 0.
func addrOf(sa unix.Sockaddr) (string, int) {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return net.IP(a.Addr[:]).String(), a.Port
	case *unix.SockaddrInet6:
		return net.IP(a.Addr[:]).String(), a.Port
	case *unix.SockaddrUnix:
		if a.Name != "" {
			return a.Name, 0
		}
		return "/unixsocket", 0
	}
	return "?", 0
}

// PeerName returns the other end's address and port.
func PeerName(fd int) (string, int, error) {
	sa, err := unix.Getpeername(fd)
	if err != nil {
		return "", 0, fmt.Errorf("loop: getpeername: %w", err)
	}
	ip, port := addrOf(sa)
	return ip, port, nil
}

// SockName returns this end's address and port.
func SockName(fd int) (string, int, error) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return "", 0, fmt.Errorf("loop: getsockname: %w", err)
	}
	ip, port := addrOf(sa)
	return ip, port, nil
}

// SetNonBlock makes a descriptor non-blocking, or blocking.
func SetNonBlock(fd int, on bool) error {
	if err := unix.SetNonblock(fd, on); err != nil {
		return fmt.Errorf("loop: non-blocking mode: %w", err)
	}
	return nil
}

// SetNoDelay turns TCP_NODELAY on or off.
func SetNoDelay(fd int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, v); err != nil {
		return fmt.Errorf("loop: TCP_NODELAY: %w", err)
	}
	return nil
}

// SetKeepAlive has the system probe an idle connection every so many seconds
// and drop it after three probes without an answer.
func SetKeepAlive(fd, seconds int) error {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	if err == nil && seconds > 0 {
		err = setProbes(fd, seconds)
	}
	if err != nil {
		return fmt.Errorf("loop: keep-alive: %w", err)
	}
	return nil
}

// SocketPair makes two connected descriptors, non-blocking and closed on exec.
func SocketPair() (a, b int, err error) {
	syscall.ForkLock.RLock()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		unix.CloseOnExec(p[0])
		unix.CloseOnExec(p[1])
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = errors.Join(unix.SetNonblock(p[0], true), unix.SetNonblock(p[1], true))
	}
	if err != nil {
		return -1, -1, fmt.Errorf("loop: socketpair: %w", err)
	}
	return p[0], p[1], nil
}

package server

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"berth/internal/resp"
	"berth/loop"
)

// closeFD closes a descriptor. A failure leaves it closed all the same.
func closeFD(fd int) { _ = unix.Close(fd) }

// initLimits derives what the parser checks from the settings.
func (s *Server) initLimits() {
	s.limits = resp.Limits{MaxBulk: s.Settings.ProtoMaxBulkLen, MaxArgs: 1 << 20}
	s.authLimits = resp.Limits{MaxBulk: 16384, MaxArgs: 10, Strict: true}
}

// NewFakeClient makes a client without a connection, whose output is kept for
// Output and TakeOutput. It needs no release. Any thread, as long as one uses
// it at a time.
func (s *Server) NewFakeClient(o FakeOptions) *Client {
	if o.RESP == 0 {
		o.RESP = 2
	}
	return &Client{
		ID: ^uint64(0), Flags: o.Flags | FlagFake | FlagAuthenticated | flagOutput, DB: o.DB, RESP: o.RESP,
		User: o.User, Owner: o.Owner, srv: s, fd: -1, addr: "?:0", laddr: "?:0",
	}
}

// Reuse makes a fake client as if NewFakeClient had just made it, apart from its
// output buffer and the command that it remembers. It refuses, and returns false, when a command left something
// behind that only freeing the client ends.
func (c *Client) Reuse(o *FakeOptions) bool {
	if c.multi != nil || c.subs != nil || c.blocked != nil || c.waits != nil || c.watched != nil || c.onFree != nil || c.deferred != 0 {
		return false
	}
	c.ID, c.Flags = ^uint64(0), o.Flags|FlagFake|FlagAuthenticated|flagOutput
	c.DB, c.RESP, c.User, c.Owner = o.DB, max(o.RESP, 2), o.User, o.Owner
	c.Name, c.Data, c.out, c.errors = "", nil, c.out[:0], nil
	c.cmd, c.argv, c.later, c.duration, c.redacted = nil, nil, nil, 0, nil
	return true
}

// newClient makes a client of a connected descriptor.
func (s *Server) newClient(fd int, flags ClientFlag) (*Client, error) {
	now := nanotime()
	c := &Client{
		ID: s.newID(), Flags: flags, RESP: 2, User: "default", srv: s, fd: fd, created: now, interaction: now,
	}
	c.parser.Scratch = &s.net.scratch
	if !s.needsAuth(c) {
		c.Flags |= FlagAuthenticated
	}
	// A module that closed a descriptor of this number may have left its events.
	s.Loop.Remove(fd, loop.Readable|loop.Writable)
	if err := s.Loop.Add(fd, loop.Readable, s.onReadable()); err != nil {
		return nil, err
	}
	s.clients.link(c)
	c.countMemory()
	return c, nil
}

// onReadable is the one function that all clients' descriptors share.
func (s *Server) onReadable() loop.FileFunc {
	if s.net.onReadable == nil {
		s.net.onReadable = s.makeReadable()
		s.net.onWritable = s.writable
	}
	return s.net.onReadable
}

// AdoptFD makes a client of one end of a connected stream, which belongs to the
// server from then on. It is authenticated.
func (s *Server) AdoptFD(fd int, o AdoptOptions) (*Client, error) {
	c, err := s.newClient(fd, FlagAdopted|FlagAuthenticated|FlagUnixSocket)
	if err != nil {
		return nil, fmt.Errorf("server: making a client: %w", err)
	}
	c.Name, c.Owner, c.OwnerName = o.Name, o.Owner, o.OwnerName
	if o.OnFree != nil {
		c.onFree = append(c.onFree, o.OnFree)
	}
	return c, nil
}

// protectedText is what a stranger is told in protected mode.
const protectedText = "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set " +
	"for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect " +
	"from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending " +
	"the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the " +
	"server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE " +
	"to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis " +
	"configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started " +
	"the server manually just for testing, restart it with the '--protected-mode no' option. 4) Set up an authentication " +
	"password for the default user. NOTE: You only need to do one of the above things in order for the server to start " +
	"accepting connections from the outside.\r\n"

func (s *Server) acceptTCP(fd int, _ loop.Mask) {
	for range maxAcceptPerEvent {
		conn, ip, _, err := loop.AcceptTCP(fd)
		if err != nil {
			s.acceptFailed(err)
			return
		}
		_ = loop.SetNoDelay(conn, true) // the connection works without
		if s.Settings.KeepAlive > 0 {
			_ = loop.SetKeepAlive(conn, s.Settings.KeepAlive) // likewise
		}
		if s.Settings.ProtectedMode && s.Settings.RequirePass == "" && !isLoopback(ip) {
			s.refuse(conn, protectedText)
			continue
		}
		s.welcome(conn, 0)
	}
}

func (s *Server) acceptUnix(fd int, _ loop.Mask) {
	for range maxAcceptPerEvent {
		conn, err := loop.AcceptUnix(fd)
		if err != nil {
			s.acceptFailed(err)
			return
		}
		s.welcome(conn, FlagUnixSocket)
	}
}

func isLoopback(ip string) bool {
	return strings.HasPrefix(ip, "127.") || ip == "::1" || strings.HasPrefix(ip, "::ffff:127.")
}

// acceptFailed logs why no connection could be taken, unless there was none.
func (s *Server) acceptFailed(err error) {
	if !isAgain(err) {
		s.Log(LogWarning, "Accepting client connection: %v", err)
	}
}

// refuse writes a last word and closes.
func (s *Server) refuse(fd int, text string) {
	_, _ = unix.Write(fd, []byte(text)) // best effort
	closeFD(fd)
	s.Stats.Rejected++
}

// welcome makes a client of an accepted connection.
func (s *Server) welcome(fd int, flags ClientFlag) {
	if s.clients.count >= s.Settings.MaxClients {
		s.refuse(fd, "-"+ErrTextMaxClients+"\r\n")
		return
	}
	c, err := s.newClient(fd, flags)
	if err != nil {
		s.Log(LogWarning, "Error registering fd event for the new client: %v", err)
		closeFD(fd)
		return
	}
	s.Stats.Connections++
	if fn := s.Hooks.Client; fn != nil {
		fn(c, false)
	}
}

// FreeClient closes a client at once, or, while it executes a command or is on
// the way through the server, as soon as that is over. Loop.
func (s *Server) FreeClient(c *Client) {
	if c.Flags&FlagFake != 0 {
		return
	}
	if c.Flags&(FlagExecuting|FlagProtected) != 0 || c == s.exec.current || s.exec.depth != 0 {
		s.CloseSoon(c)
		return
	}
	s.freeClient(c)
}

// CloseSoon has a client closed before the loop sleeps.
func (s *Server) CloseSoon(c *Client) {
	if c.Flags&(FlagFake|FlagFreed|flagCloseQueued) != 0 {
		return
	}
	c.Flags |= FlagCloseASAP | flagCloseQueued
	s.clients.toClose = append(s.clients.toClose, c)
}

// closePending closes the clients of CloseSoon.
func (s *Server) closePending() {
	if len(s.clients.toClose) != 0 {
		s.serveUnblocked() // who has an answer is none who left without
	}
	for len(s.clients.toClose) != 0 {
		list := s.clients.toClose
		s.clients.toClose = nil
		var kept []*Client
		for _, c := range list {
			if c.Flags&FlagProtected != 0 { // its command yields
				kept = append(kept, c)
				continue
			}
			c.Flags &^= flagCloseQueued
			s.freeClient(c)
		}
		if len(kept) != 0 {
			s.clients.toClose = append(s.clients.toClose, kept...)
			return
		}
	}
}

// freeClient takes a client out of everything and closes its connection.
func (s *Server) freeClient(c *Client) {
	if c.Flags&(FlagFreed|FlagFake|flagLeaving) != 0 {
		return
	}
	// Modules are told of it below, and may have other clients served meanwhile.
	c.Flags |= flagLeaving
	if fn := s.Hooks.Client; fn != nil {
		fn(c, true)
	}
	if c.blocked == nil && c.Flags&flagPostponed != 0 {
		c.Flags &^= flagPostponed | FlagBlocked
		s.Stats.Blocked--
	}
	s.leaveWaits(c)
	c.Flags |= FlagFreed
	c.unsubscribeAll()
	c.unwatchAll()
	c.disableTracking()
	c.stopMonitor()
	c.multi = nil
	s.Loop.Remove(c.fd, loop.Readable|loop.Writable)
	s.clients.unlink(c)
	c.dropOutput()
	c.query = nil
	c.countMemory()
	for _, fn := range c.onFree {
		fn(c)
	}
	c.onFree = nil
	closeFD(c.fd)
}

// EachOwned calls fn for each client with that owner.
func (s *Server) EachOwned(owner any, fn func(*Client)) {
	s.EachClient(func(c *Client) bool {
		if c.Owner == owner && owner != nil {
			fn(c)
		}
		return true
	})
}

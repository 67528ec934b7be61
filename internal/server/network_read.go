package server

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"berth/internal/resp"
	"berth/loop"
)

const (
	// readSize is the loop's read buffer: what one client can have executed
	// before it is another's turn.
	readSize = 64 << 10
	// growStep is the least room made in a client's own buffer.
	growStep = 16 << 10
	// bigBulk is from where on a pending argument is read straight into a
	// buffer of its size.
	bigBulk = 32 << 10
	// maxGrow is the most memory set aside for bytes that were announced but
	// have not come.
	maxGrow = 1 << 20
)

// makeReadable makes the loop's call for a client with input: one read, then all
// complete requests in it. What is left goes on waiting in the kernel, so that
// an endless pipeline does not starve the others. It is a closure because the value
// of a method is called by way of a frame of its own.
func (s *Server) makeReadable() loop.FileFunc {
	return func(fd int, _ loop.Mask) {
		c := s.clients.byFD[fd]
		if c == nil || c.Flags&(FlagCloseASAP|FlagFreed|FlagProtected) != 0 {
			return
		}
		if len(c.query) != 0 {
			s.readMore(c)
			return
		}
		buf := s.net.rbuf
		if buf == nil { // a long command yields: the usual buffer is in use
			buf = make([]byte, readSize)
		}
		n, ok := s.readInto(c, buf)
		if !ok || n == 0 {
			return
		}
		s.net.rbuf = nil
		batch := s.net.batch
		s.net.batch = n
		used := s.processInput(c, buf[:n])
		s.net.batch = batch
		if used < n && c.Flags&FlagFreed == 0 {
			s.keepTail(c, buf[used:n])
		}
		s.net.rbuf = buf
	}
}

// readMore reads behind the tail of an earlier read.
func (s *Server) readMore(c *Client) {
	c.makeRoom()
	n, ok := s.readInto(c, c.query[len(c.query):cap(c.query)])
	if !ok || n == 0 {
		return
	}
	c.query = c.query[:len(c.query)+n]
	c.qbPeak = max(c.qbPeak, len(c.query))
	if cap(c.query) > countAgain {
		c.countMemory()
		if s.Config.Values.MaxMemoryClients != 0 {
			s.evictClients()
		}
	}
	if int64(len(c.query)) > s.Settings.QueryBufferLimit {
		s.overQueryLimit(c)
		return
	}
	s.processQuery(c)
}

// processQuery works on what a client's own buffer holds.
func (s *Server) processQuery(c *Client) {
	buf := c.query
	used := s.processInput(c, buf)
	if c.Flags&FlagFreed != 0 || used == 0 {
		return
	}
	if used == len(buf) {
		c.query = nil
		if c.counted > countAgain {
			c.countMemory()
		}
		return
	}
	// What was executed makes room; a large remainder is not moved for a
	// little.
	rest := len(buf) - used
	if rest > cap(buf)/2 && rest > growStep {
		c.query = buf[used:]
		return
	}
	copy(buf, buf[used:])
	c.query = buf[:rest]
}

// keepTail copies an incomplete request out of the loop's buffer.
func (s *Server) keepTail(c *Client, tail []byte) {
	want := len(tail)
	if need := c.parser.Need(); need > want {
		want = min(need, len(tail)+maxGrow)
	}
	c.query = make([]byte, len(tail), want+64)
	copy(c.query, tail)
	c.qbPeak = max(c.qbPeak, len(tail))
}

// makeRoom prepares the client's own buffer for a read. An argument that is
// under way gets the room it needs at once, so that it is not copied as it
// grows, but no more than doubled: a mere announcement costs no memory.
func (c *Client) makeRoom() {
	have := len(c.query)
	free := cap(c.query) - have
	need := c.parser.Need() - have
	switch {
	case need > free && need > 0:
		grow := min(need, max(have, maxGrow))
		c.regrow(have + max(grow, growStep))
	case free == 0:
		c.regrow(have + max(have, growStep))
	}
}

func (c *Client) regrow(capacity int) {
	q := make([]byte, len(c.query), capacity)
	copy(q, c.query)
	c.query = q
}

// readInto reads once. ok is false when the client is gone.
func (s *Server) readInto(c *Client, buf []byte) (n int, ok bool) {
	s.Stats.ReadCalls++
	n, err := readFD(c.fd, buf)
	if n > 0 {
		s.clock.now = nanotime()
		c.interaction = s.clock.now
		s.Stats.NetIn += int64(n)
		return n, true
	}
	if err != nil && (errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)) {
		return 0, true
	}
	if s.LogEnabled(LogVerbose) {
		if err != nil {
			s.Log(LogVerbose, "Reading from client: %v", err)
		} else {
			s.Log(LogVerbose, "Client closed connection %s", c.Info())
		}
	}
	s.CloseSoon(c)
	return 0, false
}

// processInput executes the complete requests in data and reports how many
// bytes they were. It stops early when the client blocks or is to be closed.
//
// The steps of a request follow each other, they do not call each other: see abi's
// Module.handler on what a frame costs beneath a module's command.
func (s *Server) processInput(c *Client, data []byte) (used int) {
	const stop = FlagBlocked | FlagCloseAfterReply | FlagCloseASAP | FlagFreed
	for used < len(data) && c.Flags&stop == 0 {
		c.parser.Limits = c.limits()
		argv, n, err := c.parser.Next(data[used:])
		if err != nil {
			s.protocolError(c, err, data[used:])
			return len(data)
		}
		if n == 0 {
			break
		}
		used += n
		if len(argv) == 0 {
			continue
		}
		outer := s.exec.current
		s.exec.current = c
		if len(s.filters.list) != 0 {
			argv = s.runFilters(c, argv, nil)
		}
		if len(argv) != 0 {
			if cmd := s.accept(c, argv); cmd != nil && s.admit(c, cmd, argv) {
				s.call(c, cmd, argv)
				s.serveWoken()
			}
		}
		s.exec.current = outer
		s.endRequest(c)
	}
	return used
}

// endRequest tidies up behind a request.
func (s *Server) endRequest(c *Client) {
	if c.Flags&FlagBlocked == 0 {
		c.finishCommand()
	}
	if len(c.out) > outSize || c.outqLen != 0 {
		c.countMemory()
		c.overLimit()
	}
	if s.Config.Values.MaxMemoryClients != 0 {
		c.countMemory()
		s.evictClients()
	}
}

// finishCommand ends the processing of one request.
func (c *Client) finishCommand() {
	c.argv = nil
	c.deferred = 0
	if c.Flags&(FlagReplySkip|FlagReplySkipNext|FlagTrackingCaching|flagRedacted) != 0 {
		if c.Flags&flagRedacted != 0 {
			c.forgetRedacted()
		}
		if c.Flags&FlagMulti == 0 && (c.cmd == nil || c.cmd.Parent == nil || c.cmd.Parent.Name != "client") {
			c.Flags &^= FlagTrackingCaching
		}
		c.Flags &^= FlagReplySkip
		if c.Flags&FlagReplySkipNext != 0 {
			c.Flags = c.Flags&^FlagReplySkipNext | FlagReplySkip
		}
	}
}

// resumeClient has a client's waiting input processed before the loop sleeps.
func (s *Server) resumeClient(c *Client) {
	if c.Flags&(FlagUnblocked|FlagFreed|FlagFake) == 0 {
		c.Flags |= FlagUnblocked
		s.clients.resume = append(s.clients.resume, c)
	}
}

// resumeClients goes on with clients that waited. Those who get their turn
// meanwhile run too.
func (s *Server) resumeClients() {
	for len(s.clients.resume) != 0 {
		list := s.clients.resume
		s.clients.resume = nil
		for _, c := range list {
			c.Flags &^= FlagUnblocked
			if c.Flags&(FlagBlocked|FlagFreed|FlagCloseASAP) != 0 {
				continue
			}
			if c.Flags&flagPostponed != 0 {
				s.runPostponed(c)
			}
			if c.Flags&(FlagBlocked|FlagFreed) == 0 && len(c.query) != 0 {
				s.processQuery(c)
			}
		}
	}
}

// runPostponed runs the command that waited for a pause to end.
func (s *Server) runPostponed(c *Client) {
	argv := c.later
	c.later = nil
	c.Flags &^= flagPostponed
	outer := s.exec.current
	s.exec.current = c
	s.clock.now = nanotime()
	if w := c.waits; w != nil { // it had its turn, and found a pause
		s.tryAgain(c, w)
	} else if c.cmd != nil {
		c.argv = argv
		s.dispatch(c, c.cmd, argv)
	} else { // a module took the command away meanwhile
		if cmd := s.accept(c, argv); cmd != nil {
			s.dispatch(c, cmd, argv)
		}
	}
	s.exec.current = outer
	if c.Flags&FlagBlocked == 0 {
		c.finishCommand()
	}
}

// protoDump is how much of bad input the log shows.
const protoDump = 128

// protocolError answers input that cannot be parsed; the connection closes
// behind the answer, for nobody knows where the next request begins.
func (s *Server) protocolError(c *Client, err error, input []byte) {
	text := err.Error()
	if s.LogEnabled(LogVerbose) {
		shown := printable(input)
		if len(input) > protoDump {
			shown = printable(input[:protoDump/2]) + "' (... more bytes ...) '" + printable(input[len(input)-protoDump/2:])
		}
		s.Log(LogVerbose, "Protocol error (%s) from client: %s. Query buffer during protocol error: '%s'",
			strings.TrimPrefix(text, "Protocol error: "), c.Info(), shown)
	}
	c.WriteError("ERR " + text)
	c.Flags |= FlagCloseAfterReply | flagProtocolError
	c.query = nil
	c.parser.Reset()
}

// printable replaces what a log line must not hold by dots.
func printable(b []byte) string {
	out := make([]byte, len(b))
	for i, ch := range b {
		if ch < ' ' || ch > '~' {
			ch = '.'
		}
		out[i] = ch
	}
	return string(out)
}

// overQueryLimit closes a client that sent too much without a command in it.
func (s *Server) overQueryLimit(c *Client) {
	s.Stats.QueryBufferDisconnections++
	s.Log(LogWarning, "Closing client that reached max query buffer length: %s (qbuf initial bytes: %q)",
		c.Info(), c.query[:min(len(c.query), 64)])
	s.CloseSoon(c)
}

// limits tells the parser what the client may send.
func (c *Client) limits() *resp.Limits {
	if c.srv.needsAuth(c) {
		return &c.srv.authLimits
	}
	return &c.srv.limits
}

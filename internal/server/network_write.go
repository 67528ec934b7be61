package server

import (
	"errors"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"berth/internal/ticks"
	"berth/loop"
)

// maxRaw is the most bytes copied in a call that the scheduler does not know
// of.
const maxRaw = 64 << 10

// maxWrite is the most bytes handed to the kernel in one call: longer ones
// would keep the collector waiting for this thread.
const maxWrite = 64 << 10

// maxFlush is the most bytes sent to one client before it is another's turn.
const maxFlush = 1 << 20

// readFD and writeFD do not tell the Go scheduler of the call: the descriptor
// is non-blocking, so it returns at once.
func readFD(fd int, b []byte) (int, error) {
	return rawIO(unix.SYS_READ, fd, b)
}

func writeFD(fd int, b []byte) (int, error) {
	return rawIO(unix.SYS_WRITE, fd, b)
}

func rawIO(call uintptr, fd int, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	do := syscall.RawSyscall
	if len(b) > maxRaw {
		do = syscall.Syscall
	}
	n, _, errno := do(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func isAgain(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}

// flushPending sends what the commands of this iteration replied.
func (s *Server) flushPending() {
	list := s.net.pending
	if len(list) == 0 {
		return
	}
	s.net.pending = s.net.flushing[:0]
	for i, c := range list {
		list[i] = nil
		if c.Flags&(FlagFreed|FlagCloseASAP|flagWriteEvent) == 0 {
			c.flush()
		}
	}
	s.net.flushing = list[:0]
}

// flush sends pending output as far as the kernel takes it, and waits for the
// rest until the connection is writable.
func (c *Client) flush() {
	s := c.srv
	sentNow := 0
	c.outPeak = max(c.outPeak, c.OutputPending())
	for c.OutputPending() > 0 {
		if sentNow >= maxFlush {
			c.waitWritable()
			return
		}
		n, err := s.net.writer.write(c)
		s.Stats.WriteCalls++
		if err != nil {
			if isAgain(err) {
				c.waitWritable()
				return
			}
			s.Log(LogVerbose, "Error writing to client: %v", err)
			s.CloseSoon(c)
			return
		}
		sentNow += n
		s.Stats.NetOut += int64(n)
	}
	s.clients.pool.putOut(c.out)
	c.out, c.outq, c.sent = nil, nil, 0
	c.Flags &^= flagOutput
	c.softSince = 0
	if c.counted > countAgain {
		c.countMemory()
	}
	if c.Flags&flagWriteEvent != 0 {
		c.Flags &^= flagWriteEvent
		s.Loop.Remove(c.fd, loop.Writable)
	}
	if c.Flags&FlagCloseAfterReply != 0 {
		s.CloseSoon(c)
	}
}

// gathering hands several buffers to the kernel in one call. The loop owns it.
type gathering struct{ parts [8]unix.Iovec }

// write sends the beginning of a client's output, and takes off what was sent.
func (g *gathering) write(c *Client) (n int, err error) {
	if len(c.outq) == 0 {
		n, err = writeFD(c.fd, c.out[c.sent:min(len(c.out), c.sent+maxWrite)])
		c.sent += n
		return n, err
	}
	parts, size, skip := 0, 0, c.sent
	for i := 0; i <= len(c.outq) && parts < len(g.parts) && size < maxWrite; i++ {
		b := c.out
		if i < len(c.outq) {
			b = c.outq[i]
		}
		b = b[skip:min(len(b), skip+maxWrite-size)]
		skip = 0
		if len(b) > 0 {
			g.parts[parts].Base = &b[0]
			g.parts[parts].SetLen(len(b))
			size += len(b)
			parts++
		}
	}
	sent, _, errno := syscall.RawSyscall(unix.SYS_WRITEV, uintptr(c.fd), uintptr(unsafe.Pointer(&g.parts[0])), uintptr(parts))
	clear(g.parts[:parts])
	if errno != 0 {
		return 0, errno
	}
	n = int(sent)
	c.sent += n
	for len(c.outq) > 0 && c.sent >= len(c.outq[0]) {
		first := c.outq[0]
		c.sent -= len(first)
		c.outqLen -= len(first)
		c.outq[0] = nil
		c.outq = c.outq[1:]
		c.srv.clients.pool.putOut(first)
	}
	return n, nil
}

// waitWritable goes on with the output when the connection is writable.
func (c *Client) waitWritable() {
	if c.Flags&flagWriteEvent != 0 {
		return
	}
	if err := c.srv.Loop.Add(c.fd, loop.Writable, c.srv.net.onWritable); err != nil {
		c.srv.CloseSoon(c)
		return
	}
	c.Flags |= flagWriteEvent
}

// writable is the loop's call for a client that can be sent more.
func (s *Server) writable(fd int, _ loop.Mask) {
	if c := s.clients.byFD[fd]; c != nil && c.Flags&(FlagCloseASAP|FlagFreed) == 0 {
		if len(s.aof.buf) != 0 && s.Config.Values.AppendFsync == fsyncAlways {
			s.flushAOF(true) // its output may have replies of this iteration
		}
		c.flush()
	}
}

// class is the class whose output limits hold for the client.
func (c *Client) class() int {
	switch {
	case c.Flags&FlagMaster != 0:
		return ClassMaster
	case c.Flags&(FlagReplica|FlagMonitor) == FlagReplica:
		return ClassReplica
	case c.Flags&FlagPubSub != 0:
		return ClassPubSub
	}
	return ClassNormal
}

// overLimit closes a client whose pending output exceeds its class's limits.
func (c *Client) overLimit() bool {
	class := c.class()
	if class >= ClassCount || c.Flags&FlagFake != 0 {
		return false
	}
	used := int64(c.OutputPending())
	if used <= outSize { // what every client is granted
		c.softSince = 0
		return false
	}
	lim := c.srv.Settings.OutputLimits[class]
	over := lim.Hard > 0 && used >= lim.Hard
	if lim.Soft > 0 && used >= lim.Soft {
		now := nanotime()
		if c.softSince == 0 {
			c.softSince = now
		}
		over = over || now-c.softSince > int64(lim.SoftSeconds)*int64(time.Second)
	} else {
		c.softSince = 0
	}
	if !over {
		return false
	}
	if c.Flags&FlagCloseASAP == 0 {
		c.srv.Stats.OutputBufferDisconnections++
		c.srv.Log(LogWarning, "Client %s scheduled to be closed ASAP for overcoming of output buffer limits.", c.Info())
	}
	c.dropOutput()
	c.srv.CloseSoon(c)
	return true
}

// outputExcess is how much more than every client is granted waits to be sent.
func (c *Client) outputExcess() int { return max(0, c.OutputPending()-outSize) }

// checkLimit is overLimit after output that the client did not ask for.
func (c *Client) checkLimit() {
	if len(c.out) > outSize || c.outqLen != 0 {
		c.countMemory()
	}
	c.overLimit()
}

const (
	// cronPeriod is how often all clients are looked at.
	cronPeriod = time.Second
	// peakPeriods is for how many such periods a client's largest buffers are
	// remembered.
	peakPeriods = 8
)

// clientsCron closes idle clients and those over their output limits.
func (s *Server) clientsCron() {
	if s.net.cronPaused {
		return
	}
	now := nanotime()
	ticks.Calibrate()
	s.net.crons++
	if s.tracking.over {
		s.limitTracked()
	}
	forget := s.net.crons%peakPeriods == 0
	limit := int64(s.Settings.Timeout) * int64(time.Second)
	const spared = FlagReplica | FlagMaster | FlagBlocked | FlagPubSub | FlagAdopted
	s.EachClient(func(c *Client) bool {
		if limit > 0 && c.Flags&spared == 0 && now-c.interaction > limit {
			s.Log(LogVerbose, "Closing idle client")
			s.CloseSoon(c)
			return true
		}
		c.overLimit()
		c.countMemory()
		if forget {
			c.qbPeak, c.outPeak = len(c.query), c.OutputPending()
		}
		return true
	})
}

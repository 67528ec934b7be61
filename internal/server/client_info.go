package server

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"berth/loop"
)

// Addr is the other end's address as CLIENT LIST shows it.
func (c *Client) Addr() string {
	if c.addr == "" {
		c.addr = c.endpoint(loop.PeerName)
	}
	return c.addr
}

// LocalAddr is this end's address.
func (c *Client) LocalAddr() string {
	if c.laddr == "" {
		c.laddr = c.endpoint(loop.SockName)
	}
	return c.laddr
}

// endpoint is found when it is first asked for: most clients never are.
func (c *Client) endpoint(of func(int) (string, int, error)) string {
	if c.Flags&FlagUnixSocket != 0 {
		if c.Flags&FlagAdopted != 0 {
			return "module:0"
		}
		return c.srv.Settings.UnixSocket + ":0"
	}
	ip, port, err := of(c.fd)
	if err != nil {
		return "?:0"
	}
	return net.JoinHostPort(ip, strconv.Itoa(port))
}

// flagLetters are the states that CLIENT LIST shows, in its order.
var flagLetters = []struct {
	flag   ClientFlag
	letter byte
}{
	{FlagReplica, 'S'}, {FlagMaster, 'M'}, {FlagPubSub, 'P'}, {FlagMulti, 'x'}, {FlagBlocked, 'b'},
	{FlagTracking, 't'}, {FlagTrackingBroken, 'R'}, {FlagTrackingBcast, 'B'}, {FlagDirtyCAS, 'd'},
	{FlagCloseAfterReply, 'c'}, {FlagUnblocked, 'u'}, {FlagCloseASAP, 'A'}, {FlagUnixSocket, 'U'},
	{FlagReadOnly, 'r'}, {FlagNoEvict, 'e'}, {FlagNoTouch, 'T'},
}

// flagText is the flags field.
func (c *Client) flagText() string {
	var b []byte
	monitor := c.Flags&FlagMonitor != 0
	if monitor {
		b = append(b, 'O')
	}
	for _, f := range flagLetters {
		if c.Flags&f.flag != 0 && !(monitor && f.flag == FlagReplica) {
			b = append(b, f.letter)
		}
	}
	if len(b) == 0 {
		return "N"
	}
	return string(b)
}

// Info is the client's line in CLIENT LIST, without the end of line. The field
// module follows Redis's own for a client that a module made.
func (c *Client) Info() string {
	now := nanotime()
	seconds := func(since int64) int64 { return (now - since) / int64(time.Second) }
	cmd := "NULL"
	if c.cmd != nil {
		cmd = c.cmd.FullName()
	}
	channels, patterns, shards := c.Subscriptions()
	events := "r"
	if c.Flags&flagWriteEvent != 0 {
		events = "rw"
	}
	if c.fd < 0 {
		events = ""
	}
	multi := -1
	multiMem := 0
	if c.multi != nil {
		multi, multiMem = len(c.multi.queue), c.multi.bytes
	}
	argvMem := 0
	for _, a := range c.argv {
		argvMem += len(a)
	}
	input, room := len(c.query), cap(c.query)-len(c.query)
	if input == 0 && c == c.srv.exec.current { // it is read straight from the loop's buffer
		input, room = c.srv.net.batch, readSize-c.srv.net.batch
	}
	excess := c.outputExcess()
	chunks := len(c.outq)
	if excess > 0 {
		chunks++
	}
	total := c.memoryUsage()
	var b strings.Builder
	fmt.Fprintf(&b, "id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=%d multi=%d "+
		"qbuf=%d qbuf-free=%d argv-mem=%d multi-mem=%d rbs=%d rbp=%d obl=%d oll=%d omem=%d tot-mem=%d events=%s cmd=%s "+
		"user=%s redir=%d resp=%d lib-name=%s lib-ver=%s",
		c.ID, c.Addr(), c.LocalAddr(), c.fd, c.Name, seconds(c.created), seconds(c.interaction), c.flagText(), c.DB,
		channels, patterns, shards, multi, input, room, argvMem, multiMem,
		cap(c.out), c.outPeak, c.OutputPending()-excess, chunks, excess, total, events, cmd, c.User, c.trackingRedirect(), c.RESP, c.LibName, c.LibVer)
	if c.OwnerName != "" {
		fmt.Fprintf(&b, " module=%s", c.OwnerName)
	}
	return b.String()
}

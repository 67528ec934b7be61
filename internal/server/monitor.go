package server

import (
	"fmt"
	"slices"

	"berth/internal/config"
)

// startMonitor has the client see all commands from now on. It counts as a
// replica, which may not touch keys.
func (c *Client) startMonitor() {
	c.Flags |= FlagReplica | FlagMonitor
	c.srv.monitors = append(c.srv.monitors, c)
}

// stopMonitor ends it.
func (c *Client) stopMonitor() {
	if c.Flags&FlagMonitor == 0 {
		return
	}
	s := c.srv
	c.Flags &^= FlagReplica | FlagMonitor
	s.monitors = slices.DeleteFunc(s.monitors, func(o *Client) bool { return o == c })
}

// feedMonitors shows a command to all monitors.
func (s *Server) feedMonitors(c *Client, argv [][]byte) {
	now := s.Ustime()
	from := c.Addr()
	switch {
	case c.Flags&FlagScript != 0:
		from = "lua"
	case c.Flags&FlagUnixSocket != 0:
		from = "unix:" + s.Settings.UnixSocket
	}
	const million = 1_000_000
	line := fmt.Appendf(nil, "+%d.%06d [%d %s]", now/million, now%million, c.DB, from)
	for i, arg := range argv {
		line = append(line, ' ')
		if c.isRedacted(i) {
			arg = []byte(redactedText)
		}
		line = append(line, config.Quote(string(arg))...)
	}
	line = append(line, "\r\n"...)
	for _, m := range slices.Clone(s.monitors) {
		m.WriteRaw(line)
		m.checkLimit()
	}
}

func init() {
	handle(map[string]Handler{
		"monitor": cmdMonitor,
	})
}

// cmdMonitor is MONITOR.
func cmdMonitor(c *Client, _ [][]byte) {
	switch {
	case c.Flags&(FlagDenyBlocking|FlagFake) != 0:
		c.WriteError("ERR MONITOR isn't allowed for DENY BLOCKING client")
	case c.Flags&FlagReplica != 0: // it is one already
	default:
		c.startMonitor()
		c.WriteOK()
	}
}

package server

import (
	"maps"
	"slices"

	"berth/internal/resp"
)

// invalidateChannel is where RESP2 clients hear of invalid keys.
const invalidateChannel = "__redis__:invalidate"

// sendInvalid tells a client that a key, or every key, is invalid. The client
// whose command is running hears of it behind the reply.
func (s *Server) sendInvalid(c *Client, key []byte, all bool) {
	var value []byte
	if all {
		value = resp.AppendNull(nil, c.RESP == 3)
	} else {
		value = resp.AppendBulk(resp.AppendArray(nil, 1), key)
	}
	if c != s.exec.current || c.Flags&FlagExecuting == 0 {
		s.pushInvalid(c, value)
		return
	}
	s.AfterUnit(func() {
		if c.Flags&FlagFreed == 0 && c.tracking != nil {
			s.pushInvalid(c, value)
		}
	})
}

// pushInvalid sends a message with what is invalid, in protocol already, to the
// client or to the one that it named.
func (s *Server) pushInvalid(c *Client, value []byte) {
	to, redirected := c, c.tracking.redirect != 0
	if redirected {
		if to = s.clients.byID[c.tracking.redirect]; to == nil {
			c.redirectBroken()
			return
		}
	}
	defer to.pushing()()
	switch {
	case to.RESP == 3:
		to.WritePush(2)
		to.WriteBulkString("invalidate")
	case redirected && to.Flags&FlagPubSub != 0:
		to.WriteArray(3)
		to.WriteBulkString("message")
		to.WriteBulkString(invalidateChannel)
	default:
		return // RESP2 has no way to say it unasked
	}
	to.WriteRaw(value)
	to.checkLimit()
}

// redirectBroken tells a client that whoever got its messages is gone.
func (c *Client) redirectBroken() {
	c.Flags |= FlagTrackingBroken
	if c.RESP != 3 {
		return
	}
	defer c.pushing()()
	c.WritePush(2)
	c.WriteBulkString("tracking-redir-broken")
	c.WriteInt(int64(c.tracking.redirect))
	c.checkLimit()
}

// broadcastInvalid tells the followers of prefixes what changed in this
// iteration, once for all keys.
func (s *Server) broadcastInvalid() {
	for _, name := range slices.Sorted(maps.Keys(s.tracking.prefixes)) {
		p := s.tracking.prefixes[name]
		if len(p.changed) == 0 {
			continue
		}
		changed := p.changed
		p.changed = nil
		keys := slices.Sorted(maps.Keys(changed))
		everything := invalidKeys(keys)
		for _, c := range slices.Clone(p.clients) {
			value := everything
			if c.Flags&FlagTrackingNoLoop != 0 {
				others := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return changed[key] == c })
				if len(others) == 0 {
					continue
				}
				value = invalidKeys(others)
			}
			s.pushInvalid(c, value)
		}
	}
}

// invalidKeys is the array of keys of a message.
func invalidKeys(keys []string) []byte {
	b := resp.AppendArray(nil, len(keys))
	for _, key := range keys {
		b = resp.AppendBulkString(b, key)
	}
	return b
}

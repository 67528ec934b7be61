package server

import (
	"cmp"
	"slices"
)

// minClientMemory is the lowest limit of the clients' memory: with less nobody
// could talk to the server.
const minClientMemory = 128 << 10

// clientLimit is the limit of the clients' memory in bytes, 0 for none.
func (s *Server) clientLimit() uint64 {
	limit := s.Config.Values.MaxMemoryClients
	switch {
	case limit > 0:
		return max(uint64(limit), minClientMemory)
	case limit < 0 && s.Config.Values.MaxMemory > 0:
		return max(uint64(float64(s.Config.Values.MaxMemory)*float64(-limit)/100), minClientMemory)
	}
	return 0
}

// evictClients closes the clients that take most memory while all together take
// too much.
func (s *Server) evictClients() {
	limit := s.clientLimit()
	used := func() uint64 { return s.memory.clients[ClassNormal] + s.memory.clients[ClassPubSub] }
	if limit == 0 || used() < limit {
		return
	}
	var list []*Client
	s.EachClient(func(c *Client) bool {
		c.countMemory()
		if class := c.class(); c.Flags&(FlagNoEvict|FlagCloseASAP) == 0 && (class == ClassNormal || class == ClassPubSub) {
			list = append(list, c)
		}
		return true
	})
	slices.SortFunc(list, func(a, b *Client) int { return cmp.Compare(b.counted, a.counted) })
	for _, c := range list {
		if used() < limit {
			return
		}
		s.Log(LogNotice, "Evicting client: %s", c.Info())
		s.Stats.EvictedClients++
		c.dropOutput()
		c.query = nil
		c.countMemory()
		s.CloseSoon(c)
	}
	if used() >= limit {
		s.Log(LogWarning, "Over client maxmemory after evicting all evictable clients")
	}
}

package server

import (
	"slices"
)

// trackingState says which client may have which key in a cache of its own, for
// CLIENT TRACKING.
type trackingState struct {
	// keys are the ids of the clients that read a key since it last changed, in
	// order.
	// Databases are not told apart, as in Redis: a change in one invalidates the
	// key in all. An id may be that of a client that is gone.
	keys map[string][]uint64
	// items counts the ids, bytes is about what keys takes.
	items, bytes int
	// prefixes are those that clients in broadcasting mode follow.
	prefixes map[string]*trackedPrefix
	// clients is how many clients have tracking on.
	clients int
	// over is set when keys has more than tracking-table-max-keys entries, and
	// rounds counts how often in a row removing some was not enough.
	over   bool
	rounds int
}

// trackedPrefix is one prefix with its followers, and the keys below it that
// changed in this iteration of the loop.
type trackedPrefix struct {
	clients []*Client
	// changed tells who changed a key last; nil for the server itself.
	changed map[string]*Client
}

// tracking is what one client asked for.
type tracking struct {
	// redirect is the client that gets the messages, 0 for the same.
	redirect uint64
	prefixes []string
}

const (
	// trackedKey is about what a key in the table costs beside its name, in
	// bytes.
	trackedKey = 64
	// trackedID is what each client of a key costs.
	trackedID = 8
)

const trackingFlags = FlagTracking | FlagTrackingBroken | FlagTrackingBcast | FlagTrackingOptIn | FlagTrackingOptOut |
	FlagTrackingCaching | FlagTrackingNoLoop

// enableTracking turns tracking on with the flags in mode.
func (c *Client) enableTracking(redirect uint64, mode ClientFlag, prefixes [][]byte) {
	t := &c.srv.tracking
	if c.Flags&FlagTracking == 0 {
		t.clients++
	}
	c.Flags = c.Flags&^(trackingFlags&^FlagTrackingCaching) | FlagTracking | mode
	if c.tracking == nil {
		c.tracking = &tracking{}
	}
	c.tracking.redirect = redirect
	if mode&FlagTrackingBcast == 0 {
		return
	}
	if len(prefixes) == 0 {
		prefixes = [][]byte{nil} // all keys
	}
	if t.prefixes == nil {
		t.prefixes = make(map[string]*trackedPrefix)
	}
	for _, p := range prefixes {
		name := string(p)
		tp := t.prefixes[name]
		if tp == nil {
			tp = &trackedPrefix{}
			t.prefixes[name] = tp
		}
		if !slices.Contains(tp.clients, c) {
			tp.clients = append(tp.clients, c)
			c.tracking.prefixes = append(c.tracking.prefixes, name)
		}
	}
}

// disableTracking turns tracking off. The keys that the client read stay in the
// table until they change.
func (c *Client) disableTracking() {
	if c.Flags&FlagTracking == 0 {
		return
	}
	t := &c.srv.tracking
	t.clients--
	c.Flags &^= trackingFlags
	for _, name := range c.tracking.prefixes {
		tp := t.prefixes[name]
		tp.clients = slices.DeleteFunc(tp.clients, func(o *Client) bool { return o == c })
		if len(tp.clients) == 0 {
			delete(t.prefixes, name)
		}
	}
	c.tracking = nil
}

// rememberKeys notes the keys that a command read for the client whose request
// is being processed.
func (s *Server) rememberKeys(cmd *Command, argv [][]byte) {
	c := s.exec.current
	if c == nil || c.Flags&(FlagTracking|FlagTrackingBcast) != FlagTracking || cmd.Flags&PubSub != 0 || cmd.runsScript() {
		return // of a script the keys count that its commands read
	}
	caching := c.Flags&FlagTrackingCaching != 0
	if c.Flags&FlagTrackingOptIn != 0 && !caching || c.Flags&FlagTrackingOptOut != 0 && caching {
		return
	}
	refs, ok := cmd.FindKeys(argv)
	if !ok {
		return
	}
	t := &s.tracking
	if t.keys == nil {
		t.keys = make(map[string][]uint64)
	}
	for _, ref := range refs {
		key := argv[ref.Pos]
		ids, known := t.keys[string(key)]
		at, found := slices.BinarySearch(ids, c.ID)
		if found {
			continue
		}
		t.keys[string(key)] = slices.Insert(ids, at, c.ID)
		t.items++
		t.bytes += trackedID
		if !known {
			t.bytes += trackedKey + len(key)
		}
	}
	t.over = s.overTracked()
}

// overTracked reports whether more keys are tracked than the limit allows.
func (s *Server) overTracked() bool {
	limit := s.Config.Values.TrackingMaxKeys
	return limit != 0 && uint64(len(s.tracking.keys)) > limit
}

// limitTracked removes some keys from a table that is too large; their clients
// are told, and so forget them too. The longer it stays too large the more go at
// once.
func (s *Server) limitTracked() {
	t := &s.tracking
	const effort = 100
	left := effort * (t.rounds + 1)
	for key := range t.keys { // in no order
		if left == 0 || !s.overTracked() {
			break
		}
		s.invalidate([]byte(key))
		left--
	}
	t.over = s.overTracked()
	if t.over {
		t.rounds++
	} else {
		t.rounds = 0
	}
}

// touchTracked tells those who track the key that by changed it; by is nil for
// the server itself.
func (s *Server) touchTracked(key []byte, by *Client) {
	for name, p := range s.tracking.prefixes {
		if len(name) <= len(key) && string(key[:len(name)]) == name {
			if p.changed == nil {
				p.changed = make(map[string]*Client)
			}
			p.changed[string(key)] = by
		}
	}
	if len(s.tracking.keys) != 0 {
		s.invalidate(key)
	}
}

// invalidate tells the clients that read the key to forget it.
func (s *Server) invalidate(key []byte) {
	t := &s.tracking
	ids, ok := t.keys[string(key)]
	if !ok {
		return
	}
	t.items -= len(ids)
	t.bytes -= trackedKey + len(key) + trackedID*len(ids)
	delete(t.keys, string(key))
	for _, id := range ids {
		c := s.clients.byID[id]
		if c == nil || c.Flags&(FlagTracking|FlagTrackingBcast) != FlagTracking {
			continue
		}
		if c == s.exec.current && c.Flags&FlagTrackingNoLoop != 0 {
			continue
		}
		s.sendInvalid(c, key, false)
	}
}

// flushTracked tells all who track that no key is valid any more.
func (s *Server) flushTracked() {
	t := &s.tracking
	t.keys, t.items, t.bytes, t.over, t.rounds = nil, 0, 0, false, 0
	if t.clients == 0 {
		return
	}
	s.EachClient(func(c *Client) bool {
		if c.Flags&FlagTracking != 0 {
			s.sendInvalid(c, nil, true)
		}
		return true
	})
}

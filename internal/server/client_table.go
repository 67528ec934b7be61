package server

// clientTable holds every client that has a connection, in order of creation,
// and fake ones only as long as their makers keep them.
type clientTable struct {
	byID        map[uint64]*Client
	byFD        []*Client
	first, last *Client
	count       int
	nextID      uint64
	toClose     []*Client
	resume      []*Client
	pool        clientPools
}

// clientPools keeps buffers between uses. All are owned by the loop.
type clientPools struct {
	out [][]byte
}

const (
	// outSize is the capacity of a pooled output buffer.
	outSize = 16 << 10
	// outKeep is the most pooled output buffers kept.
	outKeep = 256
	// chunkSize is how much output gathers in one buffer before another is begun:
	// less than its capacity, so that what is appended at last mostly has room.
	chunkSize = outSize - 1<<10
)

// newID gives the next client id. IDs begin at 1 and are never reused.
func (s *Server) newID() uint64 {
	s.clients.nextID++
	return s.clients.nextID
}

// link puts c at the end of the list and into the tables.
func (t *clientTable) link(c *Client) {
	c.prev = t.last
	if t.last != nil {
		t.last.next = c
	} else {
		t.first = c
	}
	t.last = c
	t.byID[c.ID] = c
	for len(t.byFD) <= c.fd {
		t.byFD = append(t.byFD, nil)
	}
	t.byFD[c.fd] = c
	t.count++
}

// unlink takes c out again.
func (t *clientTable) unlink(c *Client) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		t.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		t.last = c.prev
	}
	c.prev, c.next = nil, nil
	delete(t.byID, c.ID)
	t.byFD[c.fd] = nil
	t.count--
}

// ClientByID finds a connected client, nil when there is none.
func (s *Server) ClientByID(id uint64) *Client { return s.clients.byID[id] }

// ClientCount is the number of connected clients.
func (s *Server) ClientCount() int { return s.clients.count }

// EachClient calls fn for every connected client in order of creation until it
// returns false. fn may free any client.
func (s *Server) EachClient(fn func(*Client) bool) {
	for c := s.clients.first; c != nil; {
		next := c.next
		if !fn(c) {
			return
		}
		// A next one freed by fn is out of the list: begin behind its id.
		if next != nil && next.Flags&FlagFreed != 0 {
			next = s.clients.after(c, next.ID)
		}
		c = next
	}
}

// after finds the first client with an id above id.
func (t *clientTable) after(c *Client, id uint64) *Client {
	from := t.first
	if c.Flags&FlagFreed == 0 {
		from = c.next
	}
	for from != nil && from.ID <= id {
		from = from.next
	}
	return from
}

// getOut gives an empty output buffer.
func (p *clientPools) getOut() []byte {
	if n := len(p.out); n > 0 {
		b := p.out[n-1]
		p.out = p.out[:n-1]
		return b
	}
	return make([]byte, 0, outSize)
}

// putOut takes an output buffer back if it is of the usual size.
func (p *clientPools) putOut(b []byte) {
	if cap(b) == outSize && len(p.out) < outKeep {
		p.out = append(p.out, b[:0])
	}
}

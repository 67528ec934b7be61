package server

import (
	"berth/internal/resp"
)

// noReply are the states in which replies are dropped.
const noReply = FlagReplyOff | FlagReplySkip | FlagCloseASAP | FlagFreed | FlagMaster

// ready makes c.out fit for an append, and reports whether replies are wanted.
// Its fast path is one test: an output buffer is held and nothing mutes it.
func (c *Client) ready() bool {
	if c.Flags&(noReply|flagOutput) == flagOutput && len(c.out) < chunkSize {
		return true
	}
	return c.readySlow()
}

func (c *Client) readySlow() bool {
	if c.Flags&FlagFake != 0 {
		// Captured output stays in one piece, whatever its length.
		c.Flags |= flagOutput
		return true
	}
	if c.Flags&(FlagCloseASAP|FlagFreed) != 0 {
		return false
	}
	if c.Flags&noReply != 0 && c.Flags&FlagPushing == 0 {
		return false
	}
	if c.Flags&flagOutput == 0 {
		c.Flags |= flagOutput
		c.out = c.srv.clients.pool.getOut()
		c.srv.net.pending = append(c.srv.net.pending, c)
		return true
	}
	if len(c.out) >= chunkSize && c.deferred == 0 {
		c.outq = append(c.outq, c.out)
		c.outqLen += len(c.out)
		c.out = c.srv.clients.pool.getOut()
		return !c.overLimit()
	}
	return true
}

// OutputPending is how many bytes wait to be sent.
func (c *Client) OutputPending() int { return c.outqLen + len(c.out) - c.sent }

// Output is what a fake client has been replied so far. It is valid until the
// next reply.
func (c *Client) Output() []byte { return c.out }

// TakeOutput gives the output of a fake client away; its next reply begins a
// new buffer.
func (c *Client) TakeOutput() []byte {
	out := c.out
	c.out = nil
	return out
}

// SwapOutput is TakeOutput for a caller that gives the buffer of the next reply
// in exchange.
func (c *Client) SwapOutput(next []byte) []byte {
	out := c.out
	c.out = next[:0]
	return out
}

// RepliedOnce says that the output of a fake client, not taken yet, is exactly one
// reply of RESP2, and sound: a command of the server's own wrote it. A module's may
// have promised more elements than it gave, and those of publish and subscribe reply
// once for every channel.
func (c *Client) RepliedOnce() bool {
	cmd := c.cmd
	return cmd != nil && cmd.Owner == nil && cmd.Flags&PubSub == 0 && c.RESP == 2 && len(c.out) != 0
}

// TakeErrors gives away the errors that a module's fake client was replied, so
// that they are counted once the module replies them; see CountErrors.
func (c *Client) TakeErrors() []string {
	msgs := c.errors
	c.errors = nil
	return msgs
}

// ResetOutput drops the output of a fake client and keeps the buffer.
func (c *Client) ResetOutput() { c.out = c.out[:0] }

// Deferred marks a place in the reply whose header is written later.
type Deferred struct {
	pos int
	ok  bool
}

// Defer marks the current place in the reply, for a header whose length is not
// known yet. SetArray, SetMap, SetSet or SetAttribute must follow before the
// command ends; of nested ones, the inner first.
func (c *Client) Defer() Deferred {
	if !c.ready() {
		return Deferred{}
	}
	c.deferred++
	return Deferred{pos: len(c.out), ok: true}
}

// SetArray puts the header of an array of n elements in the marked place.
func (c *Client) SetArray(d Deferred, n int) {
	var tmp [24]byte
	c.insert(d, resp.AppendArray(tmp[:0], n))
}

// SetMap puts the header of a map of n pairs in the marked place.
func (c *Client) SetMap(d Deferred, n int) {
	var tmp [24]byte
	c.insert(d, resp.AppendMap(tmp[:0], n, c.RESP == 3))
}

// SetSet puts the header of a set of n members in the marked place.
func (c *Client) SetSet(d Deferred, n int) {
	var tmp [24]byte
	c.insert(d, resp.AppendSet(tmp[:0], n, c.RESP == 3))
}

// SetPush puts the header of a push of n elements in the marked place.
func (c *Client) SetPush(d Deferred, n int) {
	var tmp [24]byte
	c.insert(d, resp.AppendPush(tmp[:0], n, c.RESP == 3))
}

// SetAttribute puts the header of an attribute of n pairs in the marked place.
func (c *Client) SetAttribute(d Deferred, n int) {
	var tmp [24]byte
	c.insert(d, resp.AppendAttribute(tmp[:0], n))
}

// insert opens a gap for the header. While a place is marked the output stays
// in one slice, so the tail is all that moves.
func (c *Client) insert(d Deferred, header []byte) {
	if !d.ok {
		return
	}
	c.deferred--
	if d.pos > len(c.out) {
		return // the client was closed and its output dropped meanwhile
	}
	old := len(c.out)
	c.out = append(c.out, header...)
	if d.pos < old {
		copy(c.out[d.pos+len(header):], c.out[d.pos:old])
		copy(c.out[d.pos:], header)
	}
}

// Mark is a place in a client's output to go back to.
type Mark struct{ out, queued, sent, deferred int }

// Mark is the current end of the output.
func (c *Client) Mark() Mark { return Mark{len(c.out), c.outqLen, c.sent, c.deferred} }

// Rollback takes back what was replied since m. It returns false, and does
// nothing, if some of that may be on its way.
func (c *Client) Rollback(m Mark) bool {
	if c.outqLen != m.queued || c.sent != m.sent || len(c.out) < m.out {
		return false
	}
	c.out, c.deferred = c.out[:m.out], m.deferred
	return true
}

// dropOutput forgets all pending output.
func (c *Client) dropOutput() {
	if c.Flags&FlagFake == 0 && c.out != nil {
		c.srv.clients.pool.putOut(c.out)
		for _, b := range c.outq {
			c.srv.clients.pool.putOut(b)
		}
	}
	c.out, c.outq, c.outqLen, c.sent = nil, nil, 0, 0
}

package server

import (
	"fmt"
	"strings"

	"berth/internal/resp"
)

// WriteError replies an error. msg begins with its code ("ERR …"); CR and LF
// in it become spaces. The error counts in the statistics.
func (c *Client) WriteError(msg string) {
	c.countError(msg)
	if c.ready() {
		c.out = resp.AppendError(c.out, oneLine(msg))
	}
}

// WriteCountedError replies an error that a nested command had, and that was counted
// then: only the running command counts as failed.
func (c *Client) WriteCountedError(msg string) {
	if c.Flags&FlagModule != 0 {
		c.WriteError(msg)
		return
	}
	if c.cmd != nil {
		c.cmd.Stats.Failed++
	}
	if c.ready() {
		c.out = resp.AppendError(c.out, oneLine(msg))
	}
}

// oneLine is an error's text with spaces for line ends.
func oneLine(msg string) string {
	if strings.ContainsAny(msg, "\r\n") {
		return strings.NewReplacer("\r", " ", "\n", " ").Replace(msg)
	}
	return msg
}

// WriteErrorf replies a formatted error, see WriteError.
func (c *Client) WriteErrorf(format string, args ...any) {
	c.WriteError(fmt.Sprintf(format, args...))
}

// WrongType replies that the key holds another kind of value.
func (c *Client) WrongType() { c.WriteError(ErrTextWrongType) }

// maxErrorCode is how far into an error the code's end is looked for.
const maxErrorCode = 32

// countError does the statistics of an error reply. Those of a module's fake
// client are counted when they reach a real one, see adoptErrors.
func (c *Client) countError(msg string) {
	s := c.srv
	if c.Flags&FlagModule != 0 {
		c.errors = append(c.errors, msg)
		return
	}
	s.Stats.ErrorReplies++
	code := "ERR"
	head := msg
	if len(head) > maxErrorCode {
		head = head[:maxErrorCode]
	}
	if i := strings.IndexByte(head, ' '); i > 0 {
		code = head[:i]
	}
	s.Stats.countError(code)
}

// adoptErrors counts the errors that from gathered as if c had replied them.
func (c *Client) adoptErrors(from *Client) {
	c.CountErrors(from.errors)
	from.errors = nil
}

// CountErrors counts errors that went to a module, which now replies them to c.
func (c *Client) CountErrors(msgs []string) {
	for _, msg := range msgs {
		c.countError(msg)
	}
}

// Append moves what the fake client from was replied to the end of c's reply.
func (c *Client) Append(from *Client) {
	c.WriteRaw(from.out)
	from.out = from.out[:0]
	c.adoptErrors(from)
}

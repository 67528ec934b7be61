package server

import "berth/internal/resp"

// CommandWriter writes commands in the form in which they are propagated. All its
// methods do nothing on nil, which stands for nobody who listens.
type CommandWriter struct{ b []byte }

// keptCommands is the size of a buffer of commands up to which it is kept, in
// bytes.
const keptCommands = 64 << 10

// Begin begins a command of n arguments, the name counted.
func (w *CommandWriter) Begin(n int) *CommandWriter {
	w.b = resp.AppendArray(w.b, n)
	return w
}

// Word writes an argument.
func (w *CommandWriter) Word(word string) *CommandWriter {
	if w != nil {
		w.b = resp.AppendBulkString(w.b, word)
	}
	return w
}

// Arg writes an argument.
func (w *CommandWriter) Arg(arg []byte) *CommandWriter {
	if w != nil {
		w.b = resp.AppendBulk(w.b, arg)
	}
	return w
}

// Int writes a number as an argument.
func (w *CommandWriter) Int(n int64) *CommandWriter {
	if w != nil {
		w.b = resp.AppendBulkInt(w.b, n)
	}
	return w
}

// Args writes several arguments.
func (w *CommandWriter) Args(args [][]byte) *CommandWriter {
	if w != nil {
		for _, arg := range args {
			w.b = resp.AppendBulk(w.b, arg)
		}
	}
	return w
}

func (w *CommandWriter) argv(argv [][]byte) { w.Begin(len(argv)).Args(argv) }

// shrink gives a large buffer back that holds nothing.
func (w *CommandWriter) shrink() {
	if len(w.b) == 0 && cap(w.b) > keptCommands {
		w.b = nil
	}
}

// insteadOf begins the command of n arguments that is propagated in place of the
// running one; nil when nobody listens. Its arguments must follow before anything
// else runs.
func (c *Client) insteadOf(n int) *CommandWriter {
	p := &c.srv.propagate
	if p.to == 0 {
		return nil
	}
	if at := c.propagation.from; at != 0 {
		p.instead.b = p.instead.b[:at-1]
	}
	c.propagation.from = len(p.instead.b) + 1
	return p.instead.Begin(n)
}

// insteadDel has the removal of a key propagated in place of the running command.
func (c *Client) insteadDel(key []byte, unlink bool) {
	if w := c.insteadOf(2); w != nil {
		if unlink {
			w.Word("UNLINK").Arg(key)
		} else {
			w.Word("DEL").Arg(key)
		}
	}
}

// notPropagated keeps the running command from being propagated: what it did is
// told by commands besides.
func (c *Client) notPropagated() {
	if c.srv.propagate.to != 0 {
		c.propagation.prevent = ToAll
	}
}

// forcePropagation has the running command propagated even if it changes nothing.
func (c *Client) forcePropagation(to Target) {
	if c.srv.propagate.to != 0 {
		c.propagation.force |= to
	}
}

// beside begins a command of n arguments that is propagated besides the running
// one; nil when nobody listens. Its arguments and besideDone must follow before
// anything else runs.
func (c *Client) beside(n int) *CommandWriter {
	p := &c.srv.propagate
	if p.to == 0 {
		return nil
	}
	return p.args.Begin(n)
}

// besideDone ends what beside began.
func (c *Client) besideDone() {
	if to := c.srv.propagate.to; to != 0 {
		c.srv.propagateLater(c.DB, to)
	}
}

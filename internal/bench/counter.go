//go:build linux

package bench

import "fmt"

// counter counts replies without arrays in a stream that comes in pieces.
type counter struct {
	replies int
	kind    byte // of the line being read; 0 between replies
	n       int  // the number in a bulk string's line
	null    bool // that number is -1
	skip    int  // bytes of a bulk string yet to come
}

func (c *counter) feed(b []byte) error {
	for i := 0; i < len(b); i++ {
		if c.skip > 0 {
			k := min(c.skip, len(b)-i)
			c.skip -= k
			i += k - 1
			if c.skip == 0 {
				c.replies++
			}
			continue
		}
		ch := b[i]
		switch {
		case c.kind == 0:
			if ch != ':' && ch != '+' && ch != '$' {
				return fmt.Errorf("%w: %.80q", ErrChanged, b[i:])
			}
			c.kind, c.n, c.null = ch, 0, false
		case ch == '\n' && c.kind == '$' && !c.null:
			c.kind, c.skip = 0, c.n+len("\r\n")
		case ch == '\n':
			c.kind = 0
			c.replies++
		case ch == '-':
			c.null = true
		case ch >= '0' && ch <= '9':
			c.n = c.n*10 + int(ch-'0')
		}
	}
	return nil
}

//go:build linux

package bench

import (
	"errors"
	"testing"
)

func TestCounter(t *testing.T) {
	const stream = ":1\r\n+OK\r\n$-1\r\n$0\r\n\r\n$12\r\n:3\r\n$7\r\n+abc\r\n:-44\r\n"
	for size := 1; size <= len(stream); size++ {
		var c counter
		for i := 0; i < len(stream); i += size {
			if err := c.feed([]byte(stream[i:min(i+size, len(stream))])); err != nil {
				t.Fatal(err)
			}
		}
		if c.replies != 6 || c.kind != 0 || c.skip != 0 {
			t.Errorf("in pieces of %d: %+v, want 6 replies and nothing left", size, c)
		}
	}
	if err := new(counter).feed([]byte("-ERR no\r\n")); !errors.Is(err, ErrChanged) {
		t.Errorf("an error reply: %v, want ErrChanged", err)
	}
}

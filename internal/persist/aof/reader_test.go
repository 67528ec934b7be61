package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readAll reads commands until there are no more, a line each.
func readAll(src io.Reader) (lines []string, end int64, err error) {
	return readBy(src, readSize)
}

// readBy is readAll with a small buffer in the beginning.
func readBy(src io.Reader, least int) (lines []string, end int64, err error) {
	r := NewReader(src, 0)
	r.least = least
	for {
		argv, err := r.Next()
		if err != nil {
			return lines, r.Offset(), err
		}
		lines = append(lines, fmt.Sprintf("%q", argv))
	}
}

const (
	set  = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$3\r\n1\r\n\r\n"
	ping = "*1\r\n$4\r\nPING\r\n"
)

func TestReader(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       int // commands
		end        int // where the good part ends, below zero for all of it
		err        error
	}{
		{"nothing", "", 0, -1, io.EOF},
		{"commands", ping + set + ping, 3, -1, io.EOF},
		{"remarks", "#TS:123\r\n" + ping + "#x\n#y\r\n" + set, 2, -1, io.EOF},
		{"a remark at the end", ping + "#TS:1", 1, len(ping), ErrTruncated},
		{"no carriage return", "*1\n$1\nx\r\n", 1, -1, io.EOF},
		{"an empty argument", "*2\r\n$1\r\nx\r\n$0\r\n\r\n", 1, -1, io.EOF},
		{"leading zeros", "*01\r\n$0001\r\nx\r\n", 1, -1, io.EOF},
		{"cut in the header", ping + "*", 1, len(ping), ErrTruncated},
		{"cut behind the header", ping + "*3\r\n", 1, len(ping), ErrTruncated},
		{"cut in the length", ping + "*1\r\n$1", 1, len(ping), ErrTruncated},
		{"cut in an argument", ping + set[:len(set)-4], 1, len(ping), ErrTruncated},
		{"cut in the end of line", ping + set[:len(set)-1], 1, len(ping), ErrTruncated},
		{"another letter", ping + "x\r\n", 1, len(ping), ErrFormat},
		{"no arguments", "*0\r\n", 0, 0, ErrFormat},
		{"fewer than none", "*-1\r\n", 0, 0, ErrFormat},
		{"no number", "*\r\n", 0, 0, ErrFormat},
		{"too many", "*99999999999\r\n", 0, 0, ErrFormat},
		{"not a length", "*1\r\n:1\r\nx\r\n", 0, 0, ErrFormat},
		{"a length below zero", "*1\r\n$-1\r\n", 0, 0, ErrFormat},
		{"a huge length", "*1\r\n$9999999999999999999\r\n", 0, 0, ErrFormat},
		{"a length that lies", ping + "*1\r\n$3\r\nPING\r\n", 1, len(ping), ErrFormat},
		{"a promise", "*1\r\n$1000000000000\r\nx", 0, 0, ErrTruncated},
		{"many promised", "*2147483647\r\n$1\r\nx\r\n", 0, 0, ErrTruncated},
		{"a line without an end", "*" + strings.Repeat("1", 2000), 0, 0, ErrFormat},
		{"a remark without an end", "#" + strings.Repeat("1", 2000) + "\n", 0, 0, ErrFormat},
	} {
		for _, src := range []io.Reader{strings.NewReader(tc.text), iotest.OneByteReader(strings.NewReader(tc.text))} {
			lines, end, err := readAll(src)
			want := tc.end
			if want < 0 {
				want = len(tc.text)
			}
			if len(lines) != tc.want || end != int64(want) || !errors.Is(err, tc.err) {
				t.Errorf("%s: %d commands up to %d, %v; want %d up to %d, %v", tc.name, len(lines), end, err, tc.want, want, tc.err)
			}
			if errors.Is(err, ErrFormat) && !strings.HasSuffix(err.Error(), fmt.Sprintf("at offset %d", want)) {
				t.Errorf("%s: the error does not name the offset: %v", tc.name, err)
			}
		}
	}
}

// A command longer than the reader's buffer, between short ones.
func TestReaderLong(t *testing.T) {
	long := strings.Repeat("0123456789", readSize/4)
	text := fmt.Sprintf("%s*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n%s", ping, len(long), long, set)
	lines, end, err := readAll(strings.NewReader(text))
	if len(lines) != 3 || end != int64(len(text)) || !errors.Is(err, io.EOF) || lines[1] != fmt.Sprintf("%q", []string{"ECHO", long}) {
		t.Errorf("%d commands up to %d: %v", len(lines), end, err)
	}
	failing := io.MultiReader(strings.NewReader(ping+"*1"), iotest.ErrReader(io.ErrClosedPipe))
	if lines, end, err := readAll(failing); len(lines) != 1 || end != int64(len(ping)) || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%d commands up to %d: %v", len(lines), end, err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(ping + set + "#TS:1\r\n" + ping))
	f.Add([]byte(set[:len(set)-1]))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, end, err := readBy(bytes.NewReader(data), 16)
		if end > int64(len(data)) {
			t.Fatalf("%d of %d bytes were read", end, len(data))
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrFormat) {
			t.Fatalf("another error: %v", err)
		}
		// What is good is good again, however it comes.
		again, to, err := readBy(iotest.HalfReader(bytes.NewReader(data[:end])), 512)
		if to != end || len(again) != len(lines) || !errors.Is(err, io.EOF) {
			t.Fatalf("%d commands up to %d; again %d up to %d: %v", len(lines), end, len(again), to, err)
		}
	})
}

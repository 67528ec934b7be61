package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrTruncated is returned when the file ends in the middle of a command or remark.
	ErrTruncated = errors.New("aof: unexpected end of file")
	// ErrFormat is returned for what is no command.
	ErrFormat = errors.New("aof: bad file format")

	errMore = errors.New("aof: more bytes are needed")
)

// Reader reads commands one by one.
type Reader struct {
	src io.Reader
	// buf[from:to] are the bytes read and not yet used.
	buf      []byte
	from, to int
	least    int // what buf grows by at least
	eof      bool
	err      error
	offset   int64
	argv     [][]byte
}

const (
	// readSize is how much is read at once.
	readSize = 256 << 10
	// maxHeader is how long a line of the protocol, or a remark, may be.
	maxHeader = 1024
	// maxArgs is the most arguments of a command.
	maxArgs = 1<<31 - 1
	// maxArg is the longest argument, in bytes.
	maxArg = 1 << 40
)

// NewReader reads what is in src, which begins at an offset of the file.
func NewReader(src io.Reader, offset int64) *Reader {
	return &Reader{src: src, offset: offset, least: readSize}
}

// Offset is how far the commands reach that were read, in bytes.
func (r *Reader) Offset() int64 { return r.offset }

// Next reads a command. Its arguments are good until the next call. The error is
// io.EOF at the end of the last command, ErrTruncated, ErrFormat, or what reading
// failed with; the last two name the offset.
func (r *Reader) Next() ([][]byte, error) {
	for {
		n, err := r.parse(r.buf[r.from:r.to])
		if err == nil {
			r.from += n
			r.offset += int64(n)
			if len(r.argv) == 0 { // a remark
				continue
			}
			return r.argv, nil
		}
		if !errors.Is(err, errMore) {
			return nil, fmt.Errorf("%w at offset %d", err, r.offset)
		}
		if r.eof {
			switch {
			case r.err != nil:
				return nil, fmt.Errorf("aof: reading at offset %d: %w", r.offset, r.err)
			case r.from == r.to:
				return nil, io.EOF
			}
			// Not even the half of a remark may stay: what is appended would belong to it.
			return nil, ErrTruncated
		}
		r.fill()
	}
}

// fill reads more. The buffer grows with what has been read, never with what a file
// merely promises.
func (r *Reader) fill() {
	if r.from > 0 {
		copy(r.buf, r.buf[r.from:r.to])
		r.from, r.to = 0, r.to-r.from
	}
	if r.to == len(r.buf) {
		grown := make([]byte, max(2*len(r.buf), r.least))
		copy(grown, r.buf[:r.to])
		r.buf = grown
	}
	for r.to < len(r.buf) && !r.eof {
		n, err := r.src.Read(r.buf[r.to:])
		r.to += n
		if err != nil {
			r.eof = true
			if !errors.Is(err, io.EOF) {
				r.err = err
			}
		}
	}
}

// parse reads a command or a remark at the beginning of b and says how long it is.
func (r *Reader) parse(b []byte) (n int, err error) {
	r.argv = r.argv[:0]
	if len(b) == 0 {
		return 0, errMore
	}
	if b[0] == '#' {
		end, err := line(b)
		return end, err
	}
	argc, n, err := header(b, '*')
	if err != nil {
		return 0, err
	}
	if argc < 1 || argc > maxArgs {
		return 0, ErrFormat
	}
	for range argc {
		size, m, err := header(b[n:], '$')
		if err != nil {
			return 0, err
		}
		if size < 0 || size > maxArg {
			return 0, ErrFormat
		}
		n += m
		if int64(len(b)-n) < size+2 {
			return 0, errMore
		}
		end := n + int(size)
		if b[end] != '\r' || b[end+1] != '\n' {
			return 0, ErrFormat
		}
		r.argv = append(r.argv, b[n:end:end])
		n = end + 2
	}
	return n, nil
}

// line is how long the line is that b begins with, its end included.
func line(b []byte) (int, error) {
	i := bytes.IndexByte(b[:min(len(b), maxHeader)], '\n')
	switch {
	case i >= 0:
		return i + 1, nil
	case len(b) >= maxHeader:
		return 0, ErrFormat
	}
	return 0, errMore
}

// header reads a line that is a sign with a number.
func header(b []byte, sign byte) (val int64, n int, err error) {
	if len(b) == 0 {
		return 0, 0, errMore
	}
	if b[0] != sign {
		return 0, 0, ErrFormat
	}
	if n, err = line(b); err != nil {
		return 0, 0, err
	}
	digits := bytes.TrimSuffix(b[1:n-1], []byte("\r"))
	if len(digits) == 0 || len(digits) > 18 {
		return 0, 0, ErrFormat
	}
	for _, ch := range digits {
		if ch < '0' || ch > '9' {
			return 0, 0, ErrFormat
		}
		val = val*10 + int64(ch-'0')
	}
	return val, n, nil
}

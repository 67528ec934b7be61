package resp

import (
	"bytes"
	"fmt"
	"unsafe"
)

// Limits bound what a request may hold.
type Limits struct {
	// MaxBulk is the longest argument in bytes.
	MaxBulk int64
	// MaxArgs is the most arguments of one request.
	MaxArgs int64
	// Strict marks limits for clients that have not authenticated: their
	// excess has a text of its own.
	Strict bool
}

// The usual limits.
const (
	// DefaultMaxBulk is 512 MiB.
	DefaultMaxBulk = 512 << 20
	// DefaultMaxArgs is a million.
	DefaultMaxArgs = 1 << 20
	// StrictMaxBulk and StrictMaxArgs hold before authentication.
	StrictMaxBulk = 16384
	StrictMaxArgs = 10
	// MaxInline is the longest inline request, and the longest header line.
	MaxInline = 64 << 10
)

// ProtocolError is an input that is no request; its text is what the client is
// told behind "ERR ".
type ProtocolError struct{ text string }

// Error is the text for the client.
func (e *ProtocolError) Error() string { return e.text }

// The errors of Next. Each ends the connection, since where the next request
// begins is unknown.
var (
	ErrBigInline   = &ProtocolError{"Protocol error: too big inline request"}
	ErrQuotes      = &ProtocolError{"Protocol error: unbalanced quotes in request"}
	ErrBigArgsLine = &ProtocolError{"Protocol error: too big mbulk count string"}
	ErrBadArgs     = &ProtocolError{"Protocol error: invalid multibulk length"}
	ErrStrictArgs  = &ProtocolError{"Protocol error: unauthenticated multibulk length"}
	ErrBigBulkLine = &ProtocolError{"Protocol error: too big bulk count string"}
	ErrBadBulk     = &ProtocolError{"Protocol error: invalid bulk length"}
	defaultLimits  = &Limits{MaxBulk: DefaultMaxBulk, MaxArgs: DefaultMaxArgs}
	ErrStrictBulk  = &ProtocolError{"Protocol error: unauthenticated bulk length"}
)

// errNoBulk says that an argument does not begin with a dollar sign.
func errNoBulk(got byte) *ProtocolError {
	return &ProtocolError{fmt.Sprintf("Protocol error: expected '$', got '%c'", got)}
}

// Scratch is the memory in which parsers build argument lists. One may serve
// all parsers of one thread, since a list is good until the next call only.
type Scratch struct {
	args [][]byte
	free []*pending
}

// maxKeptArgs bounds the argument list that Scratch keeps between requests.
const maxKeptArgs = 1024

// span is one argument's place, relative to the request's first byte.
type span struct{ at, n int }

// pending is how far an incomplete array request has been read.
type pending struct {
	spans []span
	// left is how many arguments are missing.
	left int
	// pos is where to go on.
	pos int
	// bulk is the length of the argument at pos, -1 while unknown.
	bulk int
}

// Parser cuts requests out of a byte stream. It keeps no input: the caller
// hands it the unconsumed bytes again with more behind them, and the parser
// remembers how far it had come, so that a long request in many pieces is read
// once. The zero Parser is ready for use.
type Parser struct {
	// Limits bound the input; nil for the defaults. It may be replaced
	// between requests.
	Limits *Limits
	// Scratch is shared memory; nil to have some of its own.
	Scratch *Scratch

	wait *pending
	// scanned is how much of an incomplete inline request has no line end.
	scanned int
}

// Reset forgets an incomplete request.
func (p *Parser) Reset() {
	if p.wait != nil {
		p.Scratch.put(p.wait)
		p.wait = nil
	}
	p.scanned = 0
}

// Need is how long the buffer must be, counted from the first byte of the
// incomplete request, until the argument that is under way is complete; 0 when
// that is unknown.
func (p *Parser) Need() int {
	if p.wait == nil || p.wait.bulk < 0 {
		return 0
	}
	return p.wait.pos + p.wait.bulk + len(CRLF)
}

// Next cuts the first request off buf. It returns the arguments, which alias
// buf and are valid until the next call, and how many bytes the request took.
// n is 0 when buf holds no complete request: call again with the same bytes,
// wherever they are then, and more. A request may have no arguments (an empty
// line). An inline request with quotes is decoded in place. After an error the
// parser must be Reset.
func (p *Parser) Next(buf []byte) (argv [][]byte, n int, err error) {
	if p.wait != nil {
		return p.resume(buf)
	}
	if len(buf) == 0 {
		return nil, 0, nil
	}
	if p.Scratch == nil {
		p.Scratch = &Scratch{}
	}
	lim := p.limits()
	if buf[0] != '*' {
		return p.inline(buf)
	}
	count, pos, ok := header(buf, 0)
	if pos == 0 {
		if len(buf) > MaxInline && bytes.IndexByte(buf, '\r') < 0 {
			return nil, 0, ErrBigArgsLine
		}
		return nil, 0, nil
	}
	if !ok || count > lim.MaxArgs {
		if ok && lim.Strict {
			return nil, 0, ErrStrictArgs
		}
		return nil, 0, ErrBadArgs
	}
	if count <= 0 {
		return nil, pos, nil
	}
	args := p.Scratch.args[:0]
	if cap(args) > maxKeptArgs {
		args = nil
	}
	for left := int(count); left > 0; left-- {
		if pos >= len(buf) {
			p.suspend(buf, args, left, pos, -1)
			return nil, 0, nil
		}
		if buf[pos] != '$' {
			// Redis looks for the line's end before its kind.
			if err := p.notBulk(buf, pos); err != nil {
				return nil, 0, err
			}
			p.suspend(buf, args, left, pos, -1)
			return nil, 0, nil
		}
		size, start, ok := header(buf, pos)
		if start == 0 {
			if err := bigBulkLine(buf[pos:]); err != nil {
				return nil, 0, err
			}
			p.suspend(buf, args, left, pos, -1)
			return nil, 0, nil
		}
		if !ok || uint64(size) > uint64(lim.MaxBulk) {
			return nil, 0, lim.badBulk(ok, size)
		}
		end := start + int(size)
		if end+len(CRLF) > len(buf) {
			p.suspend(buf, args, left, start, int(size))
			return nil, 0, nil
		}
		args = append(args, buf[start:end:end])
		pos = end + len(CRLF)
	}
	p.Scratch.args = args
	return args, pos, nil
}

// limits are those in force.
func (p *Parser) limits() *Limits {
	if p.Limits == nil {
		return defaultLimits
	}
	return p.Limits
}

// header reads the number of the line that begins at pos with its kind. next
// is where the following line begins, 0 when the line is incomplete; ok is
// false when it holds no number as Redis writes them.
func header(buf []byte, pos int) (n int64, next int, ok bool) {
	// One or two digits are nearly all there is.
	if pos+3 < len(buf) {
		if d := buf[pos+1] - '0'; d <= 9 {
			if buf[pos+2] == '\r' {
				return int64(d), pos + 4, true
			}
			if e := buf[pos+2] - '0'; e <= 9 && d != 0 && pos+4 < len(buf) && buf[pos+3] == '\r' {
				return int64(d)*10 + int64(e), pos + 5, true
			}
		}
	}
	i := bytes.IndexByte(buf[pos:], '\r')
	if i < 0 || pos+i+1 >= len(buf) {
		return 0, 0, false
	}
	n, ok = parseInt(buf[pos+1 : pos+i])
	return n, pos + i + 2, ok
}

// parseInt reads a decimal number without leading zeros, plus sign or blanks.
func parseInt(b []byte) (int64, bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && (len(b) > 1 || neg) {
		return 0, false
	}
	var n uint64
	for _, ch := range b {
		d := ch - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	if neg {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n < 1<<63
}

// badBulk is the error for an argument's length.
func (l *Limits) badBulk(ok bool, size int64) error {
	if ok && l.Strict && size > 0 {
		return ErrStrictBulk
	}
	return ErrBadBulk
}

// notBulk is the error for an argument that does not begin with a dollar sign,
// nil while the line is incomplete.
func (p *Parser) notBulk(buf []byte, pos int) error {
	i := bytes.IndexByte(buf[pos:], '\r')
	if i < 0 {
		return bigBulkLine(buf[pos:])
	}
	if pos+i+1 >= len(buf) {
		return nil
	}
	return errNoBulk(buf[pos])
}

// bigBulkLine is the error for a length line without an end.
func bigBulkLine(line []byte) error {
	if len(line) > MaxInline && bytes.IndexByte(line, '\r') < 0 {
		return ErrBigBulkLine
	}
	return nil
}

// suspend remembers how far a request was read. The arguments are kept as
// places, for the bytes may be elsewhere at the next call.
func (p *Parser) suspend(buf []byte, args [][]byte, left, pos, bulk int) {
	w := p.Scratch.get()
	base := uintptr(unsafe.Pointer(unsafe.SliceData(buf)))
	for _, a := range args {
		// An empty argument's address may lie anywhere; its place is of no
		// interest either.
		at := 0
		if len(a) > 0 {
			at = int(uintptr(unsafe.Pointer(unsafe.SliceData(a))) - base)
		}
		w.spans = append(w.spans, span{at, len(a)})
	}
	w.left, w.pos, w.bulk = left, pos, bulk
	p.Scratch.args = args[:0]
	p.wait = w
}

// resume goes on with a request that was incomplete.
func (p *Parser) resume(buf []byte) ([][]byte, int, error) {
	w := p.wait
	lim := p.limits()
	for w.left > 0 {
		if w.bulk < 0 {
			if w.pos >= len(buf) {
				return nil, 0, nil
			}
			if buf[w.pos] != '$' {
				return nil, 0, p.notBulk(buf, w.pos)
			}
			size, start, ok := header(buf, w.pos)
			if start == 0 {
				return nil, 0, bigBulkLine(buf[w.pos:])
			}
			if !ok || uint64(size) > uint64(lim.MaxBulk) {
				return nil, 0, lim.badBulk(ok, size)
			}
			w.pos, w.bulk = start, int(size)
		}
		if w.pos+w.bulk+len(CRLF) > len(buf) {
			return nil, 0, nil
		}
		w.spans = append(w.spans, span{w.pos, w.bulk})
		w.pos += w.bulk + len(CRLF)
		w.bulk = -1
		w.left--
	}
	args := p.Scratch.args[:0]
	for _, sp := range w.spans {
		args = append(args, buf[sp.at:sp.at+sp.n:sp.at+sp.n])
	}
	p.Scratch.args = args
	n := w.pos
	p.Scratch.put(w)
	p.wait = nil
	return args, n, nil
}

// get gives an empty pending record.
func (s *Scratch) get() *pending {
	if n := len(s.free); n > 0 {
		w := s.free[n-1]
		s.free = s.free[:n-1]
		return w
	}
	return &pending{}
}

// maxFree is how many pending records are kept for reuse.
const maxFree = 64

func (s *Scratch) put(w *pending) {
	if cap(w.spans) > maxKeptArgs || len(s.free) >= maxFree {
		return
	}
	w.spans = w.spans[:0]
	s.free = append(s.free, w)
}

package resp

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// Kind is what a reply is. RESP2's nulls are KindNull.
type Kind uint8

// The kinds of replies.
const (
	KindUnknown Kind = iota
	KindStatus
	KindError
	KindInt
	KindBulk
	KindArray
	KindNull
	KindBool
	KindDouble
	KindBigNumber
	KindVerbatim
	KindMap
	KindSet
	KindPush
)

// String is the kind's name.
func (k Kind) String() string {
	names := [...]string{"unknown", "status", "error", "int", "bulk", "array", "null",
		"bool", "double", "bignumber", "verbatim", "map", "set", "push"}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Errors of ParseReply.
var (
	// ErrIncomplete is returned when the bytes end before the reply does.
	ErrIncomplete = errors.New("resp: incomplete reply")
	// ErrReply is returned for bytes that are no reply.
	ErrReply = errors.New("resp: malformed reply")
)

// Reply is a view of one captured reply. It aliases the bytes it was parsed
// from. The elements of an aggregate are parsed when they are first asked for,
// one level at a time. A Reply belongs to one owner at a time.
type Reply struct {
	// Kind is what it is.
	Kind Kind
	// Raw is the whole reply with its attributes, as on the wire.
	Raw []byte
	// Str is the text of a status, error (code included), bulk, verbatim
	// (without the format) or big number.
	Str []byte
	// Format is the three-letter format of a verbatim text.
	Format string
	// Int is the value of an integer, and 1 or 0 for a boolean.
	Int int64
	// Double is the value of a double.
	Double float64
	// Len is the number of elements of an aggregate; of a map, of pairs.
	Len int

	attrs []byte  // the attribute before the reply, "" for none
	body  []byte  // the elements of an aggregate
	attr  *Reply  // parsed attrs
	elems []Reply // parsed body
}

// ParseReply reads the reply at the beginning of b and reports its length.
func ParseReply(b []byte) (r Reply, n int, err error) {
	n, err = extent(b)
	if err != nil {
		return Reply{}, 0, err
	}
	r.Raw = b[:n:n]
	at := 0
	for b[at] == '|' {
		size, err := extentOf(b[at:], 1)
		if err != nil {
			return Reply{}, 0, err
		}
		r.attrs = b[at : at+size : at+size]
		at += size
	}
	if err := r.parse(b[at:n]); err != nil {
		return Reply{}, 0, err
	}
	return r, n, nil
}

// IsNull reports whether it is a null of any kind.
func (r *Reply) IsNull() bool { return r.Kind == KindNull }

// Bool is the value of a boolean.
func (r *Reply) Bool() bool { return r.Int != 0 }

// Elem is the element i of an array, set or push, nil when there is none.
func (r *Reply) Elem(i int) *Reply {
	if r.Kind == KindMap || i < 0 || i >= r.Len {
		return nil
	}
	return &r.children()[i]
}

// Pair is the pair i of a map, nil when there is none.
func (r *Reply) Pair(i int) (key, value *Reply) {
	if r.Kind != KindMap || i < 0 || i >= r.Len {
		return nil, nil
	}
	all := r.children()
	return &all[2*i], &all[2*i+1]
}

// Attr is the attribute that came before the reply, as a map; nil for none.
func (r *Reply) Attr() *Reply {
	if r.attrs == nil {
		return nil
	}
	if r.attr == nil {
		a := &Reply{Raw: r.attrs}
		if a.parse(r.attrs) != nil {
			return nil // cannot be: the extent was checked
		}
		r.attr = a
	}
	return r.attr
}

// children parses the elements; the extent of all was checked before.
func (r *Reply) children() []Reply {
	if r.elems == nil && r.Len > 0 {
		count := r.Len
		if r.Kind == KindMap {
			count *= 2
		}
		r.elems = make([]Reply, count)
		rest := r.body
		for i := range r.elems {
			child, n, err := ParseReply(rest)
			if err != nil {
				// A number or length in it makes no sense: what is left
				// stays of unknown kind.
				break
			}
			r.elems[i] = child
			rest = rest[n:]
		}
	}
	return r.elems
}

// parse reads one reply without attributes that spans all of b.
func (r *Reply) parse(b []byte) (err error) {
	eol := bytes.IndexByte(b, '\r')
	line := b[1:eol]
	rest := b[eol+len(CRLF):]
	switch b[0] {
	case '+':
		r.Kind, r.Str = KindStatus, line
	case '-':
		r.Kind, r.Str = KindError, line
	case '(':
		r.Kind, r.Str = KindBigNumber, line
	case '_':
		r.Kind = KindNull
	case ':':
		r.Kind = KindInt
		r.Int, err = strconv.ParseInt(string(line), 10, 64)
	case '#':
		r.Kind = KindBool
		if len(line) != 1 || line[0] != 't' && line[0] != 'f' {
			return ErrReply
		}
		if line[0] == 't' {
			r.Int = 1
		}
	case ',':
		r.Kind = KindDouble
		r.Double, err = parseDouble(string(line))
	case '$', '!', '=':
		err = r.parseBlob(b[0], line, rest)
	case '*', '%', '~', '>', '|':
		err = r.parseAggregate(b[0], line, rest)
	default:
		return ErrReply
	}
	if err != nil {
		return ErrReply
	}
	return nil
}

func (r *Reply) parseBlob(kind byte, line, rest []byte) error {
	n, err := strconv.Atoi(string(line))
	if err != nil {
		return err
	}
	if n < 0 {
		r.Kind = KindNull
		return nil
	}
	r.Kind, r.Str = KindBulk, rest[:n:n]
	switch kind {
	case '!':
		r.Kind = KindError
	case '=':
		const prefix = len("txt:")
		if n < prefix || r.Str[prefix-1] != ':' {
			return ErrReply
		}
		r.Kind, r.Format, r.Str = KindVerbatim, string(r.Str[:prefix-1]), r.Str[prefix:]
	}
	return nil
}

func (r *Reply) parseAggregate(kind byte, line, rest []byte) error {
	n, err := strconv.Atoi(string(line))
	if err != nil {
		return err
	}
	if n < 0 {
		r.Kind = KindNull
		return nil
	}
	r.Len, r.body = n, rest
	switch kind {
	case '*':
		r.Kind = KindArray
	case '~':
		r.Kind = KindSet
	case '>':
		r.Kind = KindPush
	default:
		r.Kind = KindMap
	}
	return nil
}

// parseDouble reads what AppendDouble writes, and what modules pass as one.
func parseDouble(s string) (float64, error) {
	switch s {
	case "inf", "+inf":
		return math.Inf(1), nil
	case "-inf":
		return math.Inf(-1), nil
	case "nan", "-nan":
		return math.NaN(), nil
	}
	return strconv.ParseFloat(s, 64)
}

// extent is how long the reply at the beginning of b is, with its attributes.
func extent(b []byte) (int, error) {
	at := 0
	for at < len(b) && b[at] == '|' {
		n, err := extentOf(b[at:], 1)
		if err != nil {
			return 0, err
		}
		at += n
	}
	n, err := extentOf(b[at:], 1)
	return at + n, err
}

// extentOf is how long count values are; an attribute at the very beginning
// counts as one, further in it belongs to the value behind it. The depth of
// nesting costs no stack.
func extentOf(b []byte, count int) (int, error) {
	pos := 0
	for left := count; left > 0; left-- {
		if pos >= len(b) {
			return 0, ErrIncomplete
		}
		eol := bytes.IndexByte(b[pos:], '\r')
		if eol < 0 || pos+eol+1 >= len(b) {
			return 0, ErrIncomplete
		}
		if eol == 0 || b[pos+eol+1] != '\n' {
			return 0, ErrReply
		}
		kind, line := b[pos], b[pos+1:pos+eol]
		start := pos
		pos += eol + len(CRLF)
		switch kind {
		case '+', '-', ':', '_', '#', ',', '(':
			continue
		}
		n, err := strconv.Atoi(string(line))
		if err != nil || n > math.MaxInt32 {
			return 0, ErrReply
		}
		switch {
		case n < 0 && (kind == '$' || kind == '*'):
		case n < 0:
			return 0, ErrReply
		case kind == '$' || kind == '!' || kind == '=':
			pos += n + len(CRLF)
			if pos > len(b) {
				return 0, ErrIncomplete
			}
		case kind == '*' || kind == '~' || kind == '>':
			left += n
		case kind == '%':
			left += 2 * n
		case kind == '|':
			left += 2 * n
			if start > 0 {
				left++
			}
		default:
			return 0, ErrReply
		}
	}
	return pos, nil
}

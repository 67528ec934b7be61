package script

import (
	"bytes"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// replyReader reads one reply of the host's. The host writes it itself, so what makes no sense ends the reading and no more.
type replyReader struct {
	b    []byte
	bad  bool
	deep int
}

// maxReplyDepth is how deep replies may nest before what is deeper is dropped: a module may reply anything.
const maxReplyDepth = 4000

// fromReply makes a Lua value of a reply.
func (s *state) fromReply(reply []byte) lua.LValue {
	r := replyReader{b: reply}
	return s.convert(&r)
}

// line takes the line after the type byte.
func (r *replyReader) line() []byte {
	i := bytes.IndexByte(r.b, '\r')
	if i < 0 || i+1 >= len(r.b) {
		return r.fail()
	}
	line := r.b[:i]
	r.b = r.b[i+2:]
	return line
}

func (r *replyReader) fail() []byte {
	r.bad, r.b = true, nil
	return nil
}

func (r *replyReader) length() int {
	n, err := strconv.Atoi(string(r.line()))
	if err != nil {
		r.fail()
		return -1
	}
	return n
}

func (r *replyReader) blob() (b []byte, ok bool) {
	n := r.length()
	if n < 0 {
		return nil, false
	}
	if n > len(r.b)-2 {
		return r.fail(), false
	}
	b = r.b[:n]
	r.b = r.b[n+2:]
	return b, true
}

func (s *state) single(name string, v lua.LValue) lua.LValue {
	t := s.L.CreateTable(0, 1)
	t.RawSetString(name, v)
	return t
}

func (s *state) convert(r *replyReader) lua.LValue {
	if len(r.b) == 0 || r.deep > maxReplyDepth {
		r.fail()
		return lua.LFalse
	}
	kind := r.b[0]
	r.b = r.b[1:]
	switch kind {
	case ':':
		n, err := strconv.ParseInt(string(r.line()), 10, 64)
		if err != nil {
			r.fail()
		}
		return lua.LNumber(n)
	case '$':
		if b, ok := r.blob(); ok {
			return lua.LString(b)
		}
		return lua.LFalse
	case '+':
		return s.single("ok", lua.LString(r.line()))
	case '-':
		t := s.errorTable(errorText(string(r.line())))
		t.RawSetString("ignore_error_stats_update", lua.LTrue)
		return t
	case '*', '>':
		return s.convertArray(r)
	case '%':
		return s.convertMap(r)
	case '~':
		return s.convertSet(r)
	case '|':
		r.deep++
		for n := r.length(); n > 0 && !r.bad; n-- {
			s.convert(r)
			s.convert(r)
		}
		v := s.convert(r)
		r.deep--
		return v
	}
	return s.convertNew(kind, r)
}

// convertNew reads the types that only RESP3 has.
func (s *state) convertNew(kind byte, r *replyReader) lua.LValue {
	switch kind {
	case '_':
		r.line()
		return lua.LNil
	case '#':
		return lua.LBool(string(r.line()) == "t")
	case ',':
		f, ok := parseNumber(string(r.line()))
		if !ok {
			r.fail()
		}
		return s.single("double", lua.LNumber(f))
	case '(':
		return s.single("big_number", lua.LString(r.line()))
	case '=':
		b, ok := r.blob()
		if !ok || len(b) < len("txt:") {
			r.fail()
			return lua.LFalse
		}
		t := s.L.CreateTable(0, 2)
		t.RawSetString("format", lua.LString(b[:3]))
		t.RawSetString("string", lua.LString(b[4:]))
		return s.single("verbatim_string", t)
	case '!':
		b, _ := r.blob()
		t := s.errorTable(errorText(string(b)))
		t.RawSetString("ignore_error_stats_update", lua.LTrue)
		return t
	}
	r.fail()
	return lua.LFalse
}

// room is how many elements to make room for at once: a length that lies must not cost memory.
func (r *replyReader) room(n int) int { return max(0, min(n, len(r.b)/3)) }

func (s *state) convertArray(r *replyReader) lua.LValue {
	n := r.length()
	if n < 0 {
		return lua.LFalse
	}
	t := s.L.CreateTable(r.room(n), 0)
	r.deep++
	for i := 1; i <= n && !r.bad; i++ {
		v := s.convert(r)
		if v == lua.LNil {
			continue
		}
		t.RawSet(lua.LNumber(i), v)
	}
	r.deep--
	return t
}

func (s *state) convertMap(r *replyReader) lua.LValue {
	n := r.length()
	t := s.L.CreateTable(0, r.room(n))
	r.deep++
	for ; n > 0 && !r.bad; n-- {
		key := s.convert(r)
		s.put(t, key, s.convert(r))
	}
	r.deep--
	return s.single("map", t)
}

func (s *state) convertSet(r *replyReader) lua.LValue {
	n := r.length()
	t := s.L.CreateTable(0, r.room(n))
	r.deep++
	for ; n > 0 && !r.bad; n-- {
		s.put(t, s.convert(r), lua.LTrue)
	}
	r.deep--
	return s.single("set", t)
}

// put sets a field unless its key cannot be one.
func (s *state) put(t *lua.LTable, key, value lua.LValue) {
	if f, ok := key.(lua.LNumber); key == lua.LNil || ok && f != f {
		return
	}
	t.RawSet(key, value)
}

package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

var stringFunctions = map[string]func(*state, *lua.LState) int{
	"byte":    stringByte,
	"char":    stringChar,
	"dump":    stringDump,
	"find":    func(s *state, L *lua.LState) int { return s.find(L, true) },
	"format":  stringFormat,
	"gfind":   stringGmatch,
	"gmatch":  stringGmatch,
	"gsub":    stringGsub,
	"len":     stringLen,
	"lower":   stringLower,
	"match":   func(s *state, L *lua.LState) int { return s.find(L, false) },
	"rep":     stringRep,
	"reverse": stringReverse,
	"sub":     stringSub,
	"upper":   stringUpper,
}

// fromEnd turns a position that counts from the end (-1 is the last) into one from the beginning; before it, it is 0.
func fromEnd(pos int64, n int) int64 {
	if pos < 0 {
		pos += int64(n) + 1
	}
	return max(pos, 0)
}

func stringLen(s *state, L *lua.LState) int {
	L.Push(lua.LNumber(len(s.checkString(L, 1))))
	return 1
}

func stringSub(s *state, L *lua.LState) int {
	text := s.checkString(L, 1)
	from := max(fromEnd(s.checkInt64(L, 2), len(text)), 1)
	to := min(fromEnd(s.optInt64(L, 3, -1), len(text)), int64(len(text)))
	if from > to {
		L.Push(lua.LString(""))
		return 1
	}
	L.Push(lua.LString(text[from-1 : to]))
	return 1
}

func stringReverse(s *state, L *lua.LState) int {
	text := s.checkString(L, 1)
	s.allocate(L, len(text))
	b := make([]byte, len(text))
	for i := range b {
		b[i] = text[len(text)-1-i]
	}
	L.Push(textOf(b))
	return 1
}

// mapBytes changes each byte of the first argument: letters are those of the C locale.
func (s *state) mapBytes(L *lua.LState, from, to byte, change int) int {
	text := s.checkString(L, 1)
	s.allocate(L, len(text))
	b := []byte(text)
	for i, c := range b {
		if c >= from && c <= to {
			b[i] = byte(int(c) + change)
		}
	}
	L.Push(textOf(b))
	return 1
}

func stringLower(s *state, L *lua.LState) int { return s.mapBytes(L, 'A', 'Z', 'a'-'A') }
func stringUpper(s *state, L *lua.LState) int { return s.mapBytes(L, 'a', 'z', 'A'-'a') }

func stringRep(s *state, L *lua.LState) int {
	text := s.checkString(L, 1)
	n := s.checkInt(L, 2)
	if n <= 0 || text == "" {
		L.Push(lua.LString(""))
		return 1
	}
	if n > maxText/len(text) {
		s.tooLong(L)
	}
	s.allocate(L, n*len(text))
	L.Push(lua.LString(strings.Repeat(text, n)))
	return 1
}

func stringByte(s *state, L *lua.LState) int {
	text := s.checkString(L, 1)
	at := s.optInt64(L, 2, 1)
	from := fromEnd(at, len(text))
	to := fromEnd(s.optInt64(L, 3, from), len(text))
	from, to = max(from, 1), min(to, int64(len(text)))
	if from > to {
		return 0
	}
	n := int(to - from + 1)
	if n >= maxResults-L.GetTop() {
		s.fail(L, "string slice too long")
	}
	for _, c := range []byte(text[from-1 : to]) {
		L.Push(lua.LNumber(c))
	}
	return n
}

func stringChar(s *state, L *lua.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		c := s.checkInt(L, i+1)
		if c != int(byte(c)) {
			s.argError(L, i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	L.Push(textOf(b))
	return 1
}

// stringDump refuses: there is no bytecode that another interpreter reads.
func stringDump(s *state, L *lua.LState) int {
	s.checkFunction(L, 1)
	s.fail(L, "unable to dump given function")
	return 0
}

// find is string.find, and string.match when there are to be no positions.
func (s *state) find(L *lua.LState, positions bool) int {
	text, pattern := s.checkString(L, 1), s.checkString(L, 2)
	init := fromEnd(s.optInt64(L, 3, 1), len(text)) - 1
	init = max(0, min(init, int64(len(text))))
	if positions && (lua.LVAsBool(L.Get(4)) || !strings.ContainsAny(cString(pattern), specials)) {
		at := strings.Index(text[init:], pattern)
		if at < 0 {
			L.Push(lua.LNil)
			return 1
		}
		at += int(init)
		L.Push(lua.LNumber(at + 1))
		L.Push(lua.LNumber(at + len(pattern)))
		return 2
	}
	m := newMatcher(s, L, text, pattern)
	anchor := m.anchor()
	for at := int(init); ; at++ {
		m.level = 0
		if end := m.match(at, 0); end >= 0 {
			if positions {
				L.Push(lua.LNumber(at + 1))
				L.Push(lua.LNumber(end))
				return 2 + m.pushCaptures(-1, 0)
			}
			return m.pushCaptures(at, end)
		}
		if anchor || at >= len(text) {
			L.Push(lua.LNil)
			return 1
		}
	}
}

func stringGmatch(s *state, L *lua.LState) int {
	text, pattern := s.checkString(L, 1), s.checkString(L, 2)
	at := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		m := newMatcher(s, L, text, pattern)
		for ; at <= len(text); at++ {
			m.level = 0
			end := m.match(at, 0)
			if end < 0 {
				continue
			}
			start := at
			if at = end; end == start {
				at++
			}
			return m.pushCaptures(start, end)
		}
		return 0
	}))
	return 1
}

package script

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

func stringGsub(s *state, L *lua.LState) int {
	text, pattern := s.checkString(L, 1), s.checkString(L, 2)
	repl := L.Get(3)
	switch repl.(type) {
	case lua.LString, lua.LNumber, *lua.LTable, *lua.LFunction:
	default:
		s.argError(L, 3, "string/function/table expected")
	}
	limit := s.optInt(L, 4, len(text)+1)
	m := newMatcher(s, L, text, pattern)
	anchor := m.anchor()
	b := make([]byte, 0, len(text))
	n, at := 0, 0
	for n < limit {
		m.level = 0
		end := m.match(at, 0)
		if end >= 0 {
			n++
			b = m.replace(b, repl, at, end)
		}
		if end > at {
			at = end
		} else if at < len(text) {
			b = append(b, text[at])
			at++
		} else {
			break
		}
		if anchor {
			break
		}
	}
	b = append(b, text[at:]...)
	s.allocate(L, len(b))
	L.Push(textOf(b))
	L.Push(lua.LNumber(n))
	return 2
}

// replace appends what stands for the match from start to end.
func (m *matcher) replace(b []byte, repl lua.LValue, start, end int) []byte {
	var v lua.LValue
	switch repl := repl.(type) {
	case *lua.LTable:
		v = m.L.GetTable(repl, m.captured(0, start, end))
	case *lua.LFunction:
		n := max(m.level, 1)
		args := make([]lua.LValue, n)
		for i := range args {
			args[i] = m.captured(i, start, end)
		}
		v = m.s.call1(m.L, repl, args...)
	default:
		text, _ := toString(repl)
		return m.expand(b, text, start, end)
	}
	if lua.LVIsFalse(v) {
		return append(b, m.text[start:end]...)
	}
	text, ok := toString(v)
	if !ok {
		m.fail("invalid replacement value (a " + v.Type().String() + ")")
	}
	return append(m.room(b, len(text)), text...)
}

// room makes room for n more bytes, when there may be as many.
func (m *matcher) room(b []byte, n int) []byte {
	if len(b)+n > cap(b) {
		m.s.allocate(m.L, len(b)+n)
	}
	return slices.Grow(b, n)
}

// expand appends a replacement text with its %1 filled in.
func (m *matcher) expand(b []byte, text string, start, end int) []byte {
	b = m.room(b, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		i++
		switch {
		case i == len(text):
			b = append(b, 0)
		case text[i] < '0' || text[i] > '9':
			b = append(b, text[i])
		case text[i] == '0':
			b = append(m.room(b, end-start), m.text[start:end]...)
		default:
			part, _ := toString(m.captured(int(text[i]-'1'), start, end))
			b = append(m.room(b, len(part)), part...)
		}
	}
	return b
}

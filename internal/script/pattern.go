package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	specials    = "^$*+?.([%-"
	maxCaptures = 32

	captureOpen     = -1
	capturePosition = -2
)

// maxMatchDepth bounds the recursion of a match: it grows with the pattern's length, and the Go stack must not overflow.
const maxMatchDepth = 10000

type capture struct{ start, size int }

// matcher is one match of a Lua pattern: Lua 5.1's rules, where a NUL ends the pattern.
type matcher struct {
	s        *state
	L        *lua.LState
	text     string
	pat      string
	level    int
	captures [maxCaptures]capture
	deep     int
}

func newMatcher(s *state, L *lua.LState, text, pattern string) *matcher {
	return &matcher{s: s, L: L, text: text, pat: cString(pattern)}
}

// anchor takes a leading ^ off the pattern and tells whether there was one.
func (m *matcher) anchor() bool {
	rest, ok := strings.CutPrefix(m.pat, "^")
	m.pat = rest
	return ok
}

func (m *matcher) fail(text string) { m.s.fail(m.L, text) }

// at is the pattern's byte i, 0 behind its end.
func (m *matcher) at(i int) byte {
	if i < len(m.pat) {
		return m.pat[i]
	}
	return 0
}

// step counts work: a match can take longer than any script.
func (m *matcher) step() {
	m.s.worked(m.L)
}

// match matches the pattern from p at position at of the text and returns the end of the match, -1 for none.
func (m *matcher) match(at, p int) int {
	if m.deep++; m.deep > maxMatchDepth {
		m.fail("pattern too complex")
	}
	defer func() { m.deep-- }()
	for {
		m.step()
		if p >= len(m.pat) {
			return at
		}
		switch m.pat[p] {
		case '(':
			if m.at(p+1) == ')' {
				return m.open(at, p+2, capturePosition)
			}
			return m.open(at, p+1, captureOpen)
		case ')':
			return m.close(at, p+1)
		case '$':
			if p+1 == len(m.pat) {
				if at == len(m.text) {
					return at
				}
				return -1
			}
		case '%':
			switch c := m.at(p + 1); {
			case c == 'b':
				if at = m.balance(at, p+2); at < 0 {
					return -1
				}
				p += 4
				continue
			case c == 'f':
				p += 2
				if m.at(p) != '[' {
					m.fail("missing '[' after '%f' in pattern")
				}
				end := m.classEnd(p)
				previous, next := byte(0), byte(0)
				if at > 0 {
					previous = m.text[at-1]
				}
				if at < len(m.text) {
					next = m.text[at]
				}
				if m.inSet(previous, p, end-1) || !m.inSet(next, p, end-1) {
					return -1
				}
				p = end
				continue
			case c >= '0' && c <= '9':
				if at = m.back(at, c); at < 0 {
					return -1
				}
				p += 2
				continue
			}
		}
		end := m.classEnd(p)
		fits := m.fits(at, p, end)
		switch m.at(end) {
		case '?':
			if fits {
				if r := m.match(at+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.most(at, p, end)
		case '+':
			if !fits {
				return -1
			}
			return m.most(at+1, p, end)
		case '-':
			return m.least(at, p, end)
		default:
			if !fits {
				return -1
			}
			at++
			p = end
		}
	}
}

func (m *matcher) most(at, p, end int) int {
	n := 0
	for m.fits(at+n, p, end) {
		n++
		m.step()
	}
	for ; n >= 0; n-- {
		if r := m.match(at+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) least(at, p, end int) int {
	for {
		if r := m.match(at, end+1); r >= 0 {
			return r
		}
		if !m.fits(at, p, end) {
			return -1
		}
		at++
	}
}

func (m *matcher) open(at, p, what int) int {
	if m.level >= maxCaptures {
		m.fail("too many captures")
	}
	m.captures[m.level] = capture{at, what}
	m.level++
	r := m.match(at, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) close(at, p int) int {
	i := m.level - 1
	for ; i >= 0 && m.captures[i].size != captureOpen; i-- {
	}
	if i < 0 {
		m.fail("invalid pattern capture")
	}
	m.captures[i].size = at - m.captures[i].start
	r := m.match(at, p)
	if r < 0 {
		m.captures[i].size = captureOpen
	}
	return r
}

func (m *matcher) balance(at, p int) int {
	if m.at(p) == 0 || m.at(p+1) == 0 {
		m.fail("unbalanced pattern")
	}
	if at >= len(m.text) || m.text[at] != m.pat[p] {
		return -1
	}
	begin, end, n := m.pat[p], m.pat[p+1], 1
	for at++; at < len(m.text); at++ {
		m.step()
		switch c := m.text[at]; {
		case c == end:
			if n--; n == 0 {
				return at + 1
			}
		case c == begin:
			n++
		}
	}
	return -1
}

func (m *matcher) back(at int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= m.level || m.captures[i].size == captureOpen {
		m.fail("invalid capture index")
	}
	c := m.captures[i]
	size := max(c.size, 0)
	if strings.HasPrefix(m.text[at:], m.text[c.start:c.start+size]) {
		return at + size
	}
	return -1
}

// classEnd is where the single character class at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.at(p)
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if m.at(p) == '^' {
			p++
		}
		for {
			if p >= len(m.pat) {
				m.fail("malformed pattern (missing ']')")
			}
			c := m.pat[p]
			p++
			if c == '%' && p < len(m.pat) {
				p++
			}
			if m.at(p) == ']' {
				return p + 1
			}
		}
	}
	return p
}

func (m *matcher) fits(at, p, end int) bool {
	if at >= len(m.text) {
		return false
	}
	c := m.text[at]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// inSet tells whether c is in the set at p, whose ] is at last.
func (m *matcher) inSet(c byte, p, last int) bool {
	in := true
	p++
	if m.at(p) == '^' {
		in = false
		p++
	}
	for ; p < last; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.at(p)) {
				return in
			}
		case m.at(p+1) == '-' && p+2 < last:
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return in
			}
			p += 2
		case m.pat[p] == c:
			return in
		}
	}
	return !in
}

// inClass tells whether c belongs to the class %class; upper case classes are complements.
func inClass(c, class byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	var in bool
	switch class | 0x20 {
	case 'a':
		in = letter
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = digit
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 0x20 && c < 0x7f && !letter && !digit
	case 's':
		in = isSpace(c)
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = letter || digit
	case 'x':
		in = hexDigit(c) >= 0
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if class < 'A' || class > 'z' || class > 'Z' && class < 'a' {
		return class == c
	}
	return in == (class >= 'a')
}

// capturedText is capture i; without captures, the first is the whole match from start to end.
func (m *matcher) captured(i, start, end int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			m.fail("invalid capture index")
		}
		return lua.LString(m.text[start:end])
	}
	c := m.captures[i]
	switch c.size {
	case captureOpen:
		m.fail("unfinished capture")
	case capturePosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.text[c.start : c.start+c.size])
}

// pushCaptures pushes all captures; the whole match when there are none and start is not negative.
func (m *matcher) pushCaptures(start, end int) int {
	n := m.level
	if n == 0 && start >= 0 {
		n = 1
	}
	for i := 0; i < n; i++ {
		m.L.Push(m.captured(i, start, end))
	}
	return n
}

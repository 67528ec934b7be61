package script

import (
	"strings"
)

// Lua 5.1's tokens: single characters stand for themselves.
type token int

const (
	tokEOF token = 256 + iota
	tokConcat
	tokDots
	tokEq
	tokGE
	tokLE
	tokNE
	tokNumber
	tokName
	tokString
	tokReserved // the reserved words follow, in the order of reserved
)

var reserved = []string{"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not",
	"or", "repeat", "return", "then", "true", "until", "while"}

const (
	tokAnd = tokReserved + iota
	tokBreak
	tokDo
	tokElse
	tokElseif
	tokEnd
	tokFalse
	tokFor
	tokFunction
	tokIf
	tokIn
	tokLocal
	tokNil
	tokNot
	tokOr
	tokRepeat
	tokReturn
	tokThen
	tokTrue
	tokUntil
	tokWhile
)

var tokenTexts = map[token]string{tokEOF: "<eof>", tokConcat: "..", tokDots: "...", tokEq: "==", tokGE: ">=", tokLE: "<=", tokNE: "~=",
	tokNumber: "<number>", tokName: "<name>", tokString: "<string>"}

var reservedTokens = map[string]token{}

func init() {
	for i, word := range reserved {
		reservedTokens[word] = tokReserved + token(i)
		tokenTexts[tokReserved+token(i)] = word
	}
}

// text is a token as errors show it.
func (t token) text() string {
	if text, ok := tokenTexts[t]; ok {
		return text
	}
	if t < ' ' || t == 0x7f {
		return "char(" + itoa(int(t)) + ")"
	}
	return string([]byte{byte(t)})
}

// lexer cuts a source into tokens.
type lexer struct {
	chunk string
	src   string
	at    int
	line  int
	start int // of the token that is being read

	tok   token
	value string  // of a name or string
	num   float64 // of a number
	raw   string  // how the token is written
}

// syntaxError is what the lexer and the parser panic with; compile returns it.
type syntaxError struct{ text string }

func (l *lexer) fail(text, near string) {
	text = l.chunk + ":" + itoa(l.line) + ": " + text
	if near != "" {
		text += " near '" + near + "'"
	}
	panic(syntaxError{text})
}

// peek is the source's next byte; 0 at the end, where ended tells it from a NUL.
func (l *lexer) peek() byte {
	if l.at < len(l.src) {
		return l.src[l.at]
	}
	return 0
}

func (l *lexer) ended() bool { return l.at >= len(l.src) }

func (l *lexer) newline() {
	c := l.src[l.at]
	l.at++
	if n := l.peek(); (n == '\n' || n == '\r') && n != c && !l.ended() {
		l.at++
	}
	l.line++
}

// next reads a token.
func (l *lexer) next() {
	l.tok = l.scan()
	l.raw = l.src[l.start:min(l.at, len(l.src))]
}

// take takes c when it is next.
func (l *lexer) take(c byte) bool {
	if l.peek() == c && !l.ended() {
		l.at++
		return true
	}
	return false
}

func (l *lexer) scan() token {
	for {
		l.start = l.at
		if l.ended() {
			return tokEOF
		}
		c := l.src[l.at]
		switch {
		case c == '\n' || c == '\r':
			l.newline()
			continue
		case isSpace(c):
			l.at++
			continue
		case c == '-' && l.at+1 < len(l.src) && l.src[l.at+1] == '-':
			l.comment()
			continue
		case c == '_' || isLetter(c):
			return l.name()
		case c >= '0' && c <= '9':
			return l.number()
		}
		l.at++
		switch c {
		case '[':
			if level := l.longBracket(); level >= 0 {
				l.longString(level, "string")
				return tokString
			}
		case '=':
			if l.take('=') {
				return tokEq
			}
		case '<':
			if l.take('=') {
				return tokLE
			}
		case '>':
			if l.take('=') {
				return tokGE
			}
		case '~':
			if l.take('=') {
				return tokNE
			}
		case '"', '\'':
			l.str(c)
			return tokString
		case '.':
			if l.take('.') {
				if l.take('.') {
					return tokDots
				}
				return tokConcat
			}
			if n := l.peek(); n >= '0' && n <= '9' {
				return l.number()
			}
		}
		return token(c)
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isWord(c byte) bool { return c == '_' || isLetter(c) || c >= '0' && c <= '9' }

func (l *lexer) name() token {
	for !l.ended() && isWord(l.src[l.at]) {
		l.at++
	}
	l.value = l.src[l.start:l.at]
	if word, ok := reservedTokens[l.value]; ok {
		return word
	}
	return tokName
}

func (l *lexer) number() token {
	for !l.ended() && (l.src[l.at] >= '0' && l.src[l.at] <= '9' || l.src[l.at] == '.') {
		l.at++
	}
	if l.peek()|0x20 == 'e' {
		l.at++
		if c := l.peek(); c == '+' || c == '-' {
			l.at++
		}
	}
	for !l.ended() && isWord(l.src[l.at]) {
		l.at++
	}
	text := l.src[l.start:l.at]
	f, ok := parseNumber(text)
	if !ok {
		l.fail("malformed number", text)
	}
	l.num = f
	return tokNumber
}

// longBracket reads what follows a [ when it is =…=[ and returns its level, or -1 and reads nothing.
func (l *lexer) longBracket() int {
	at := l.at
	for at < len(l.src) && l.src[at] == '=' {
		at++
	}
	if at < len(l.src) && l.src[at] == '[' {
		level := at - l.at
		l.at = at + 1
		return level
	}
	if at > l.at {
		l.at = at
		l.fail("invalid long string delimiter", l.src[l.start:at])
	}
	return -1
}

func (l *lexer) comment() {
	l.at += len("--")
	l.start = l.at
	if l.take('[') {
		at := l.at
		for at < len(l.src) && l.src[at] == '=' {
			at++
		}
		if at < len(l.src) && l.src[at] == '[' {
			level := at - l.at
			l.at = at + 1
			l.longString(level, "comment")
			return
		}
	}
	for !l.ended() && l.src[l.at] != '\n' && l.src[l.at] != '\r' {
		l.at++
	}
}

// longString reads to the closing bracket of the level; line ends become line feeds, the first is dropped.
func (l *lexer) longString(level int, what string) {
	end := "]" + strings.Repeat("=", level) + "]"
	var b []byte
	if c := l.peek(); !l.ended() && (c == '\n' || c == '\r') {
		l.newline()
	}
	for {
		if l.ended() {
			l.fail("unfinished long "+what, "<eof>")
		}
		switch c := l.src[l.at]; c {
		case '\n', '\r':
			l.newline()
			b = append(b, '\n')
			continue
		case ']':
			if strings.HasPrefix(l.src[l.at:], end) {
				l.at += len(end)
				l.value = string(b)
				return
			}
		case '[':
			if level == 0 && what != "" && l.at+1 < len(l.src) && l.src[l.at+1] == '[' {
				l.at += 2
				l.fail("nesting of [[...]] is deprecated", "[")
			}
		}
		b = append(b, l.src[l.at])
		l.at++
	}
}

func (l *lexer) str(quote byte) {
	var b []byte
	for {
		if l.ended() {
			l.fail("unfinished string", "<eof>")
		}
		c := l.src[l.at]
		switch c {
		case quote:
			l.at++
			l.value = string(b)
			return
		case '\n', '\r':
			l.fail("unfinished string", string(quote)+string(b))
		case '\\':
			l.at++
			b = l.escape(b, quote)
			continue
		}
		b = append(b, c)
		l.at++
	}
}

// escape reads what follows a backslash.
func (l *lexer) escape(b []byte, quote byte) []byte {
	if l.ended() {
		return b // the string does not end either
	}
	c := l.src[l.at]
	switch {
	case c == '\n' || c == '\r':
		l.newline()
		return append(b, '\n')
	case c >= '0' && c <= '9':
		n := 0
		for i := 0; i < 3 && l.peek() >= '0' && l.peek() <= '9'; i++ {
			n = n*10 + int(l.peek()-'0')
			l.at++
		}
		if n > 255 {
			l.fail("escape sequence too large", string(quote)+string(b))
		}
		return append(b, byte(n))
	}
	l.at++
	if i := strings.IndexByte("abfnrtv", c); i >= 0 {
		c = "\a\b\f\n\r\t\v"[i]
	}
	return append(b, c)
}

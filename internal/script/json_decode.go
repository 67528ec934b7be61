package script

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// jsonKind is a token's type; the names are what errors say.
type jsonKind string

const (
	jsonObjBegin jsonKind = "T_OBJ_BEGIN"
	jsonObjEnd   jsonKind = "T_OBJ_END"
	jsonArrBegin jsonKind = "T_ARR_BEGIN"
	jsonArrEnd   jsonKind = "T_ARR_END"
	jsonString   jsonKind = "T_STRING"
	jsonNumber   jsonKind = "T_NUMBER"
	jsonBoolean  jsonKind = "T_BOOLEAN"
	jsonNil      jsonKind = "T_NULL"
	jsonColon    jsonKind = "T_COLON"
	jsonComma    jsonKind = "T_COMMA"
	jsonEnd      jsonKind = "T_END"
	jsonError    jsonKind = "T_ERROR"
)

// jsonParser reads one text. A NUL ends it.
type jsonParser struct {
	c    *jsonConfig
	L    *lua.LState
	text string
	at   int
	deep int

	kind  jsonKind // the last token
	index int
	value lua.LValue
	wrong string
}

func (c *jsonConfig) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		c.s.argError(L, 1, "expected 1 argument")
	}
	p := &jsonParser{c: c, L: L, text: c.s.checkString(L, 1)}
	if len(p.text) >= 2 && (p.text[0] == 0 || p.text[1] == 0) {
		c.s.fail(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	p.text = cString(p.text)
	p.next()
	v := p.element()
	p.next()
	if p.kind != jsonEnd {
		p.unexpected("the end")
	}
	L.Push(v)
	return 1
}

func (p *jsonParser) byteAt(i int) byte {
	if i < len(p.text) {
		return p.text[i]
	}
	return 0
}

func (p *jsonParser) bad(why string) { p.kind, p.index, p.wrong = jsonError, p.at, why }

func (p *jsonParser) unexpected(want string) {
	found := string(p.kind)
	if p.kind == jsonError {
		found = p.wrong
	}
	p.c.s.failf(p.L, "Expected %s but found %s at character %d", want, found, p.index+1)
}

// next reads a token.
func (p *jsonParser) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.at]) >= 0 {
		p.at++
	}
	p.index = p.at
	if p.at == len(p.text) {
		p.kind = jsonEnd
		return
	}
	ch := p.text[p.at]
	if i := strings.IndexByte("{}[],:", ch); i >= 0 {
		p.kind = [...]jsonKind{jsonObjBegin, jsonObjEnd, jsonArrBegin, jsonArrEnd, jsonComma, jsonColon}[i]
		p.at++
		return
	}
	rest := p.text[p.at:]
	switch {
	case ch == '"':
		p.string()
	case ch == '-' || ch >= '0' && ch <= '9':
		if p.c.decodeInvalid == 0 && invalidJSONNumber(rest) {
			p.bad("invalid number")
			return
		}
		p.number()
	case strings.HasPrefix(rest, "true"):
		p.kind, p.value = jsonBoolean, lua.LTrue
		p.at += len("true")
	case strings.HasPrefix(rest, "false"):
		p.kind, p.value = jsonBoolean, lua.LFalse
		p.at += len("false")
	case strings.HasPrefix(rest, "null"):
		p.kind = jsonNil
		p.at += len("null")
	case p.c.decodeInvalid != 0 && strings.IndexByte("iInN+", ch) >= 0 && invalidJSONNumber(rest):
		p.number()
	default:
		p.bad("invalid token")
	}
}

// invalidJSONNumber tells what C reads as a number and JSON does not.
func invalidJSONNumber(s string) bool {
	if s[0] == '+' {
		return true
	}
	s = strings.TrimPrefix(s, "-")
	if s == "" {
		return false
	}
	if s[0] == '0' {
		return len(s) > 1 && (s[1]|0x20 == 'x' || s[1] >= '0' && s[1] <= '9')
	}
	if s[0] <= '9' || len(s) < 3 {
		return false
	}
	return strings.EqualFold(s[:3], "inf") || strings.EqualFold(s[:3], "nan")
}

func (p *jsonParser) number() {
	f, n := scanNumber(p.text[p.at:])
	if n == 0 {
		p.bad("invalid number")
		return
	}
	p.kind, p.value = jsonNumber, lua.LNumber(f)
	p.at += n
}

func (p *jsonParser) string() {
	p.at++
	from := p.at
	for p.at < len(p.text) && p.text[p.at] != '"' && p.text[p.at] != '\\' {
		p.at++
	}
	b := []byte(nil)
	if p.byteAt(p.at) == '\\' {
		b = append(b, p.text[from:p.at]...)
	} else {
		p.value = lua.LString(p.text[from:p.at])
	}
	for p.byteAt(p.at) != '"' {
		if p.at >= len(p.text) {
			p.bad("unexpected end of string")
			return
		}
		ch := p.text[p.at]
		if ch == '\\' {
			next := p.byteAt(p.at + 1)
			if next == 'u' {
				r, n := p.escape()
				if n == 0 {
					p.bad("invalid unicode escape code")
					return
				}
				b = utf8.AppendRune(b, r)
				p.at += n
				continue
			}
			i := strings.IndexByte(`"\/btnfr`, next)
			if next == 0 || i < 0 {
				p.bad("invalid escape code")
				return
			}
			ch = "\"\\/\b\t\n\f\r"[i]
			p.at++
		}
		b = append(b, ch)
		p.at++
	}
	p.at++
	p.kind = jsonString
	if b != nil {
		p.value = lua.LString(b)
	}
}

// escape reads \uXXXX, or two that make one character, and says how long it is: 0 when it is none.
func (p *jsonParser) escape() (rune, int) {
	r := p.hex4(p.at + 2)
	if r < 0 {
		return 0, 0
	}
	if r&0xF800 != 0xD800 {
		return r, 6
	}
	if r&0x400 != 0 || p.byteAt(p.at+6) != '\\' || p.byteAt(p.at+7) != 'u' {
		return 0, 0
	}
	low := p.hex4(p.at + 8)
	if low < 0 || low&0xFC00 != 0xDC00 {
		return 0, 0
	}
	return (r&0x3FF<<10 | low&0x3FF) + 0x10000, 12
}

func (p *jsonParser) hex4(at int) rune {
	var r rune
	for i := at; i < at+4; i++ {
		d := hexDigit(p.byteAt(i))
		if d < 0 {
			return -1
		}
		r = r<<4 | rune(d)
	}
	return r
}

// element makes a value of the last token and what follows it.
func (p *jsonParser) element() lua.LValue {
	p.c.s.worked(p.L)
	switch p.kind {
	case jsonString, jsonNumber, jsonBoolean:
		return p.value
	case jsonObjBegin:
		return p.object()
	case jsonArrBegin:
		return p.array()
	case jsonNil:
		return p.c.s.null
	}
	p.unexpected("value")
	return nil
}

func (p *jsonParser) descend() {
	if p.deep++; p.deep > p.c.decodeDepth || p.deep > maxStackedDepth {
		p.c.s.failf(p.L, "Found too many nested data structures (%d) at character %d", p.deep, p.at)
	}
}

// another goes on behind an element, and says whether there is one more before the end. The
// texts are what must stand there, and behind a comma.
func (p *jsonParser) another(end jsonKind, comma, element string) bool {
	if p.next(); p.kind == end {
		return false
	}
	if p.kind != jsonComma {
		p.unexpected(comma)
	}
	if p.next(); p.kind == end {
		p.unexpected(element)
	}
	return true
}

func (p *jsonParser) object() lua.LValue {
	p.descend()
	t := p.L.CreateTable(0, 0)
	p.next()
	for more := p.kind != jsonObjEnd; more; more = p.another(jsonObjEnd, "comma or object end", "object key string") {
		if p.kind != jsonString {
			p.unexpected("object key string")
		}
		key := p.value.(lua.LString)
		p.next()
		if p.kind != jsonColon {
			p.unexpected("colon")
		}
		p.next()
		t.RawSetString(string(key), p.element())
	}
	p.deep--
	return t
}

func (p *jsonParser) array() lua.LValue {
	p.descend()
	t := p.L.CreateTable(0, 0)
	p.next()
	i := 0
	for more := p.kind != jsonArrEnd; more; more = p.another(jsonArrEnd, "comma or array end", "value") {
		i++
		t.RawSet(lua.LNumber(i), p.element())
	}
	p.deep--
	return t
}

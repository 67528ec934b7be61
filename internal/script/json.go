package script

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// jsonConfig is one cjson module's settings.
type jsonConfig struct {
	s             *state
	sparseConvert int
	sparseRatio   int
	sparseSafe    int
	encodeDepth   int
	decodeDepth   int
	encodeInvalid int // 0 refuse, 1 write, 2 write null
	decodeInvalid int
	precision     int
	keepBuffer    int
	buf           []byte
}

// jsonNull is what cjson.null is: equal to itself only, and no nil, so that tables can hold it.
type jsonNull struct{}

// maxStackedDepth is how deep the C libraries can nest with three Lua stack slots a level (LUAI_MAXCSTACK).
const maxStackedDepth = maxResults / 3

var onOff = []string{"off", "on"}

// newJSON makes a cjson module.
func (s *state) newJSON() *lua.LTable {
	c := &jsonConfig{s: s, sparseRatio: 2, sparseSafe: 10, encodeDepth: 1000, decodeDepth: 1000, decodeInvalid: 1, precision: 14, keepBuffer: 1}
	t := s.L.CreateTable(0, 16)
	method := func(name string, max int, fn func(L *lua.LState) int) {
		t.RawSetString(name, s.L.NewFunction(func(L *lua.LState) int {
			if L.GetTop() > max {
				s.argError(L, max+1, "found too many arguments")
			}
			L.SetTop(max)
			return fn(L)
		}))
	}
	method("encode_sparse_array", 3, func(L *lua.LState) int {
		c.option(L, 1, &c.sparseConvert, onOff)
		c.integer(L, 2, &c.sparseRatio, 0, math.MaxInt32)
		c.integer(L, 3, &c.sparseSafe, 0, math.MaxInt32)
		return 3
	})
	method("encode_max_depth", 1, func(L *lua.LState) int { return c.integer(L, 1, &c.encodeDepth, 1, math.MaxInt32) })
	method("decode_max_depth", 1, func(L *lua.LState) int { return c.integer(L, 1, &c.decodeDepth, 1, math.MaxInt32) })
	method("encode_number_precision", 1, func(L *lua.LState) int { return c.integer(L, 1, &c.precision, 1, 14) })
	method("encode_keep_buffer", 1, func(L *lua.LState) int { return c.option(L, 1, &c.keepBuffer, onOff) })
	method("encode_invalid_numbers", 1, func(L *lua.LState) int { return c.option(L, 1, &c.encodeInvalid, []string{"off", "on", "null"}) })
	method("decode_invalid_numbers", 1, func(L *lua.LState) int { return c.option(L, 1, &c.decodeInvalid, onOff) })
	t.RawSetString("encode", s.L.NewFunction(c.encode))
	t.RawSetString("decode", s.L.NewFunction(c.decode))
	t.RawSetString("new", s.L.NewFunction(func(L *lua.LState) int { L.Push(s.newJSON()); return 1 }))
	t.RawSetString("null", s.null)
	t.RawSetString("_NAME", lua.LString("cjson"))
	t.RawSetString("_VERSION", lua.LString("2.1.0"))
	return t
}

// integer sets and tells an integer setting.
func (c *jsonConfig) integer(L *lua.LState, n int, setting *int, least, most int) int {
	if L.Get(n) != lua.LNil {
		v := int(int32(c.s.checkInt64(L, n)))
		if v < least || v > most {
			c.s.argError(L, 1, fmt.Sprintf("expected integer between %d and %d", least, most))
		}
		*setting = v
	}
	L.Push(lua.LNumber(*setting))
	return 1
}

// option sets and tells a setting with names, of which the first two are also false and true.
func (c *jsonConfig) option(L *lua.LState, n int, setting *int, names []string) int {
	switch v := L.Get(n).(type) {
	case *lua.LNilType:
	case lua.LBool:
		*setting = 0
		if v {
			*setting = 1
		}
	default:
		name, found := c.s.checkString(L, n), -1
		for i := range names {
			if names[i] == name {
				found = i
			}
		}
		if found < 0 {
			c.s.argError(L, n, "invalid option '"+name+"'")
		}
		*setting = found
	}
	if *setting < 2 {
		L.Push(lua.LBool(*setting == 1))
	} else {
		L.Push(lua.LString(names[*setting]))
	}
	return 1
}

func (c *jsonConfig) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		c.s.argError(L, 1, "expected 1 argument")
	}
	b := c.append(L, c.buf[:0], L.Get(1), 0)
	if cap(b) <= maxKeptBuf {
		c.buf = b[:0]
	}
	L.Push(lua.LString(b))
	return 1
}

func (c *jsonConfig) refuse(L *lua.LState, v lua.LValue, why string) {
	c.s.fail(L, "Cannot serialise "+v.Type().String()+": "+why)
}

func (c *jsonConfig) append(L *lua.LState, b []byte, v lua.LValue, deep int) []byte {
	c.s.worked(L)
	if len(b) > maxText {
		c.s.tooLong(L)
	}
	switch v := v.(type) {
	case lua.LString:
		c.s.allocate(L, len(b)+len(v))
		return appendJSONText(b, string(v))
	case lua.LNumber:
		return c.appendNumber(L, b, v)
	case lua.LBool:
		return strconv.AppendBool(b, bool(v))
	case *lua.LNilType:
		return append(b, "null"...)
	case *lua.LTable:
		return c.appendTable(L, b, c.s.behind(v), deep+1)
	}
	if v == c.s.null {
		return append(b, "null"...)
	}
	c.refuse(L, v, "type not supported")
	return nil
}

func (c *jsonConfig) appendTable(L *lua.LState, b []byte, t *lua.LTable, deep int) []byte {
	if deep > c.encodeDepth || deep > maxStackedDepth {
		c.s.failf(L, "Cannot serialise, excessive nesting (%d)", deep)
	}
	if n := c.arrayLength(L, t); n > 0 {
		b = append(b, '[')
		for i := 1; i <= n; i++ {
			if i > 1 {
				b = append(b, ',')
			}
			b = c.append(L, b, t.RawGet(lua.LNumber(i)), deep)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	first := true
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if !first {
			b = append(b, ',')
		}
		first = false
		switch k := k.(type) {
		case lua.LNumber:
			b = append(c.appendNumber(L, append(b, '"'), k), '"')
		case lua.LString:
			b = appendJSONText(b, string(k))
		default:
			c.refuse(L, k, "table key must be a number or string")
		}
		b = c.append(L, append(b, ':'), v, deep)
	}
	return append(b, '}')
}

// arrayLength is the length of the array that t is, -1 when it has other keys. A few holes are allowed.
func (c *jsonConfig) arrayLength(L *lua.LState, t *lua.LTable) int {
	highest, items := 0.0, 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		f, ok := k.(lua.LNumber)
		if !ok || f < 1 || math.Floor(float64(f)) != float64(f) {
			return -1
		}
		highest = max(highest, float64(f))
		items++
	}
	if c.sparseRatio > 0 && highest > float64(items)*float64(c.sparseRatio) && highest > float64(c.sparseSafe) {
		if c.sparseConvert == 0 {
			c.refuse(L, t, "excessively sparse array")
		}
		return -1
	}
	if highest > math.MaxInt32 {
		c.s.tooLong(L)
	}
	return int(highest)
}

func (c *jsonConfig) appendNumber(L *lua.LState, b []byte, n lua.LNumber) []byte {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		switch {
		case c.encodeInvalid == 0:
			c.refuse(L, n, "must not be NaN or Inf")
		case c.encodeInvalid == 2:
			return append(b, "null"...)
		case math.IsNaN(f):
			return append(b, "nan"...)
		}
	}
	return appendG(b, f, c.precision, false, false)
}

const hexDigits = "0123456789abcdef"

// appendJSONText writes a text as cjson does: it escapes the slash too, and takes bytes as they are.
func appendJSONText(b []byte, text string) []byte {
	b = append(slices.Grow(b, len(text)+2), '"')
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case ch == '"' || ch == '\\' || ch == '/':
			b = append(b, '\\', ch)
		case ch >= ' ' && ch != 0x7f:
			b = append(b, ch)
		case ch == '\b':
			b = append(b, `\b`...)
		case ch == '\t':
			b = append(b, `\t`...)
		case ch == '\n':
			b = append(b, `\n`...)
		case ch == '\f':
			b = append(b, `\f`...)
		case ch == '\r':
			b = append(b, `\r`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		}
	}
	return append(b, '"')
}

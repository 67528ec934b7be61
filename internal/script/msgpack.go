package script

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// maxPackDepth is how deep tables are packed; what is deeper becomes nil, which ends cycles too.
const maxPackDepth = 16

func (s *state) openMsgpack() {
	t := s.addLibrary("cmsgpack", map[string]func(*state, *lua.LState) int{
		"pack": msgPack, "unpack": msgUnpack, "unpack_limit": msgUnpackLimit, "unpack_one": msgUnpackOne,
	})
	for name, text := range map[string]string{"_NAME": "cmsgpack", "_VERSION": "lua-cmsgpack 0.4.0",
		"_COPYRIGHT": "Copyright (C) 2012, Salvatore Sanfilippo", "_DESCRIPTION": "MessagePack C implementation for Lua"} {
		t.RawSetString(name, lua.LString(text))
	}
}

func msgPack(s *state, L *lua.LState) int {
	if L.GetTop() == 0 {
		s.argError(L, 0, "MessagePack pack needs input.")
	}
	var b []byte
	for i := 1; i <= L.GetTop(); i++ {
		b = s.packValue(L, b, L.Get(i), 0)
	}
	L.Push(textOf(b))
	return 1
}

func (s *state) packValue(L *lua.LState, b []byte, v lua.LValue, deep int) []byte {
	s.worked(L)
	if len(b) > maxText {
		s.tooLong(L)
	}
	switch v := v.(type) {
	case lua.LString:
		s.allocate(L, len(b)+len(v))
		return packText(b, string(v))
	case lua.LBool:
		if v {
			return append(b, 0xc3)
		}
		return append(b, 0xc2)
	case lua.LNumber:
		if n := toInt64(float64(v)); float64(n) == float64(v) && !math.IsInf(float64(v), 0) {
			return packInt(b, n)
		}
		return packFloat(b, float64(v))
	case *lua.LTable:
		if deep < maxPackDepth {
			return s.packTable(L, b, s.behind(v), deep)
		}
	}
	return append(b, 0xc0)
}

func packText(b []byte, text string) []byte {
	switch n := len(text); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, text...)
}

func packFloat(b []byte, f float64) []byte {
	if float64(float32(f)) == f {
		return binary.BigEndian.AppendUint32(append(b, 0xca), math.Float32bits(float32(f)))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(f))
}

func packInt(b []byte, n int64) []byte {
	switch {
	case n >= 0 && n <= math.MaxInt8, n < 0 && n >= -32:
		return append(b, byte(n))
	case n >= 0 && n <= math.MaxUint8:
		return append(b, 0xcc, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(n))
	case n >= 0 && n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(n))
	case n >= 0:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), uint64(n))
	case n >= math.MinInt8:
		return append(b, 0xd0, byte(n))
	case n >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(n))
	case n >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(n))
}

// packCount writes the head of an array or map of n elements.
func packCount(b []byte, n int, fix, small, large byte) []byte {
	switch {
	case n <= 15:
		return append(b, fix|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, small), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, large), uint32(n))
}

func (s *state) packTable(L *lua.LState, b []byte, t *lua.LTable, deep int) []byte {
	n, array := arrayCount(t)
	if array {
		b = packCount(b, n, 0x90, 0xdc, 0xdd)
		for i := 1; i <= n; i++ {
			b = s.packValue(L, b, t.RawGet(lua.LNumber(i)), deep+1)
		}
		return b
	}
	b = packCount(b, count(t), 0x80, 0xde, 0xdf)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		b = s.packValue(L, b, k, deep+1)
		b = s.packValue(L, b, v, deep+1)
	}
	return b
}

// arrayCount tells whether the keys of t are 1 to n.
func arrayCount(t *lua.LTable) (n int, ok bool) {
	highest := 0.0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		f, ok := k.(lua.LNumber)
		if !ok || f <= 0 || float64(int32(toInt64(float64(f)))) != float64(f) {
			return 0, false
		}
		highest = max(highest, float64(f))
		n++
	}
	return n, float64(n) == highest
}

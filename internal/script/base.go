package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

var baseFunctions = map[string]func(*state, *lua.LState) int{
	"assert":         baseAssert,
	"collectgarbage": baseCollect,
	"error":          baseError,
	"gcinfo":         baseGCInfo,
	"getmetatable":   baseGetMetatable,
	"ipairs":         baseIpairs,
	"load":           baseLoad,
	"loadstring":     baseLoadString,
	"newproxy":       baseNewProxy,
	"next":           baseNext,
	"pairs":          basePairs,
	"pcall":          basePcall,
	"rawequal":       baseRawEqual,
	"rawget":         baseRawGet,
	"rawset":         baseRawSet,
	"select":         baseSelect,
	"setmetatable":   baseSetMetatable,
	"tonumber":       baseToNumber,
	"tostring":       baseToString,
	"type":           baseType,
	"unpack":         baseUnpack,
	"xpcall":         baseXpcall,
}

// openBase makes the functions that are globals. getfenv and setfenv look into the interpreter's frames, so they are the
// interpreter's own, with guards.
func (s *state) openBase() {
	s.functions(s.globals, baseFunctions)
	s.globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))
	scratch := lua.NewState(lua.Options{SkipOpenLibs: true})
	lua.OpenBase(scratch)
	getfenv := scratch.GetGlobal("getfenv").(*lua.LFunction).GFunction
	setfenv := scratch.GetGlobal("setfenv").(*lua.LFunction).GFunction
	s.globals.RawSetString("getfenv", s.L.NewFunction(func(L *lua.LState) int { s.checkLevel(L, true); return getfenv(L) }))
	s.globals.RawSetString("setfenv", s.L.NewFunction(func(L *lua.LState) int {
		s.checkTable(L, 2)
		s.checkLevel(L, false)
		fn, ok := L.Get(1).(*lua.LFunction)
		if !ok {
			fn, _, _ = frame(L, int(lua.LVAsNumber(L.Get(1))))
		}
		if fn != nil && fn.IsG && L.Get(1) != lua.LNumber(0) {
			s.fail(L, "'setfenv' cannot change environment of given object")
		}
		return setfenv(L)
	}))
	s.operators = [...]*lua.LFunction{s.function(operate), s.function(remainder)}
	s.iterNext = s.globals.RawGetString("next").(*lua.LFunction)
	s.iterArray = s.function(ipairsNext)
}

// checkLevel checks the first argument of getfenv and setfenv, and makes a number of it.
func (s *state) checkLevel(L *lua.LState, optional bool) {
	if _, ok := L.Get(1).(*lua.LFunction); ok {
		return
	}
	level := 1
	if !optional || L.Get(1) != lua.LNil {
		level = s.checkInt(L, 1)
	}
	if level < 0 {
		s.argError(L, 1, "level must be non-negative")
	}
	if level > 0 {
		if _, _, ok := frame(L, level); !ok {
			s.argError(L, 1, "invalid level")
		}
	}
	if L.GetTop() == 0 {
		L.Push(lua.LNumber(level))
		return
	}
	L.Replace(1, lua.LNumber(level))
}

func baseAssert(s *state, L *lua.LState) int {
	if lua.LVIsFalse(s.checkAny(L, 1)) {
		s.fail(L, s.optString(L, 2, "assertion failed!"))
	}
	return L.GetTop()
}

// baseCollect never collects: a script must not make the whole server wait for a garbage collection.
func baseCollect(s *state, L *lua.LState) int {
	switch option := s.optString(L, 1, "collect"); option {
	case "count":
		L.Push(lua.LNumber(s.heapBytes() / 1024))
	case "step":
		L.Push(lua.LFalse)
	case "collect", "stop", "restart":
		L.Push(lua.LNumber(0))
	case "setpause", "setstepmul":
		L.Push(lua.LNumber(200))
	default:
		s.argError(L, 1, "invalid option '"+option+"'")
	}
	return 1
}

func baseGCInfo(s *state, L *lua.LState) int {
	L.Push(lua.LNumber(int(s.heapBytes() / 1024)))
	return 1
}

func (s *state) heapBytes() float64 { return float64(s.budget.memory.heap()) }

func baseError(s *state, L *lua.LState) int {
	level := s.optInt(L, 2, 1)
	value := L.Get(1)
	if text, ok := toString(value); ok && level > 0 {
		value = lua.LString(s.position(L, level) + text)
	}
	s.raise(L, value)
	return 0
}

func baseGetMetatable(s *state, L *lua.LState) int {
	v := s.checkAny(L, 1)
	var meta lua.LValue
	if t, ok := v.(*lua.LTable); ok {
		meta = s.behind(t).Metatable
	} else {
		meta = L.GetMetatable(v)
	}
	if t, ok := meta.(*lua.LTable); ok {
		if own := t.RawGetString("__metatable"); own != lua.LNil {
			L.Push(own)
			return 1
		}
		if front, ok := s.fronts[t]; ok {
			meta = front
		}
	}
	L.Push(meta)
	return 1
}

func baseSetMetatable(s *state, L *lua.LState) int {
	v, ok := L.Get(1).(*lua.LTable)
	if !ok {
		s.typeError(L, 1, "table")
	}
	meta := L.Get(2)
	if _, ok := meta.(*lua.LTable); !ok && (meta != lua.LNil || L.GetTop() < 2) {
		s.argError(L, 2, "nil or table expected")
	}
	if old, ok := v.Metatable.(*lua.LTable); ok && old.RawGetString("__metatable") != lua.LNil {
		s.fail(L, "cannot change a protected metatable")
	}
	s.writable(L, v)
	if t, ok := meta.(*lua.LTable); ok {
		meta = s.behind(t)
	}
	v.Metatable = meta
	L.SetTop(1)
	return 1
}

func baseNewProxy(s *state, L *lua.LState) int {
	ud := L.NewUserData()
	switch v := L.Get(1).(type) {
	case lua.LBool:
		if v {
			ud.Metatable = L.CreateTable(0, 0)
		}
	case *lua.LNilType:
	case *lua.LUserData:
		ud.Metatable = v.Metatable
	default:
		s.argError(L, 1, "boolean or proxy expected")
	}
	L.Push(ud)
	return 1
}

func baseRawEqual(s *state, L *lua.LState) int {
	L.Push(lua.LBool(L.RawEqual(s.checkAny(L, 1), s.checkAny(L, 2))))
	return 1
}

func baseRawGet(s *state, L *lua.LState) int {
	t := s.checkTable(L, 1)
	L.Push(t.RawGet(s.checkAny(L, 2)))
	return 1
}

func baseRawSet(s *state, L *lua.LState) int {
	if _, ok := L.Get(1).(*lua.LTable); !ok {
		s.typeError(L, 1, "table")
	}
	key, value := s.checkAny(L, 2), s.checkAny(L, 3)
	t := s.checkOwnTable(L, 1)
	s.rawSet(L, t, key, value)
	L.SetTop(1)
	return 1
}

// rawSet sets a field of a table, which must not be nil or NaN.
func (s *state) rawSet(L *lua.LState, t *lua.LTable, key, value lua.LValue) {
	if key == lua.LNil {
		s.raise(L, lua.LString("table index is nil"))
	}
	if f, ok := key.(lua.LNumber); ok && f != f {
		s.raise(L, lua.LString("table index is NaN"))
	}
	t.RawSet(key, value)
}

func baseSelect(s *state, L *lua.LState) int {
	n := L.GetTop()
	if text, ok := L.Get(1).(lua.LString); ok && strings.HasPrefix(string(text), "#") {
		L.Push(lua.LNumber(n - 1))
		return 1
	}
	i := s.checkInt(L, 1)
	if i < 0 {
		i = n + i
	} else if i > n {
		i = n
	}
	if i < 1 {
		s.argError(L, 1, "index out of range")
	}
	return n - i
}

func baseToNumber(s *state, L *lua.LState) int {
	base := s.optInt(L, 2, 10)
	if base == 10 {
		if f, ok := toNumber(s.checkAny(L, 1)); ok {
			L.Push(lua.LNumber(f))
			return 1
		}
		L.Push(lua.LNil)
		return 1
	}
	text := s.checkString(L, 1)
	if base < 2 || base > 36 {
		s.argError(L, 2, "base out of range")
	}
	L.Push(lua.LNil)
	text = trimSpace(text)
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || digits == "" || strings.Contains(digits, "_") {
		return 1
	}
	if lower := strings.ToLower(digits); base == 16 && strings.HasPrefix(lower, "0x") {
		digits = digits[2:]
	}
	v, err := strconv.ParseUint(digits, base, 64)
	if err != nil && v == 0 {
		return 1
	}
	f := float64(v)
	if text[0] == '-' {
		f = float64(-v)
	}
	L.Push(lua.LNumber(f))
	return 1
}

func baseToString(s *state, L *lua.LState) int {
	L.Push(s.tostring(L, s.checkAny(L, 1)))
	return 1
}

// tostring is luaL's tostring: it asks the value's metatable.
func (s *state) tostring(L *lua.LState, v lua.LValue) lua.LValue {
	if fn := s.metaField(L, v, "__tostring"); fn != lua.LNil {
		return s.call1(L, fn, v)
	}
	return lua.LString(plainText(v))
}

func plainText(v lua.LValue) string {
	if text, ok := toString(v); ok {
		return text
	}
	if ud, ok := v.(*lua.LUserData); ok && ud.Value == (jsonNull{}) {
		return "userdata: (nil)"
	}
	return v.String()
}

func (s *state) metaField(L *lua.LState, v lua.LValue, name string) lua.LValue {
	if t, ok := v.(*lua.LTable); ok {
		v = s.behind(t)
	}
	return L.GetMetaField(v, name)
}

func baseType(s *state, L *lua.LState) int {
	L.Push(lua.LString(s.checkAny(L, 1).Type().String()))
	return 1
}

package script

import (
	"sort"

	lua "github.com/yuin/gopher-lua"
)

// errReadOnly is what a change of a protected table raises.
const errReadOnly = "Attempt to modify a readonly table"

// open makes the state's globals and closes them against scripts.
func (s *state) open() {
	s.globals = s.L.CreateTable(0, 64)
	s.env = s.L.CreateTable(0, 0)
	s.L.Env = s.env
	s.L.Replace(lua.GlobalsIndex, s.env)

	s.openBase()
	s.openCoroutine()
	strings := s.addLibrary("string", stringFunctions)
	s.addLibrary("table", tableFunctions)
	s.openMath()
	s.addLibrary("coroutine", coroutineFunctions)
	s.addLibrary("struct", structFunctions)
	s.openBit()
	s.openMsgpack()
	s.null = s.L.NewUserData()
	s.null.Value = jsonNull{}
	s.globals.RawSetString("cjson", s.newJSON())
	s.openRedis()
	stringMeta := s.L.CreateTable(0, 1)
	stringMeta.RawSetString("__index", strings)
	s.shield(stringMeta)
	s.L.SetMetatable(lua.LString(""), stringMeta)

	missing := s.L.CreateTable(0, 1)
	missing.RawSetString("__index", s.function(missingGlobal))
	s.globals.Metatable = missing
	s.envMeta = s.shieldWith(s.env, s.globals)
	s.globals.RawSetString("_G", s.env)
	for _, name := range sortedKeys(s.globals) {
		if t, ok := s.globals.RawGetString(name).(*lua.LTable); ok && t != s.env {
			s.globals.RawSetString(name, s.shield(t))
		}
	}
	s.shield(missing)
}

// addLibrary makes a library of functions, a global of its name.
func (s *state) addLibrary(name string, fns map[string]func(*state, *lua.LState) int) *lua.LTable {
	t := s.L.CreateTable(0, len(fns))
	s.functions(t, fns)
	s.globals.RawSetString(name, t)
	return t
}

func sortedKeys(t *lua.LTable) []string {
	var names []string
	t.ForEach(func(k, _ lua.LValue) {
		if name, ok := k.(lua.LString); ok {
			names = append(names, string(name))
		}
	})
	sort.Strings(names)
	return names
}

// shield makes the table that scripts get instead of t. The interpreter has no read-only tables: it changes a field that is there
// without asking anybody. So scripts hold an empty table whose reads go on to t and whose changes raise.
func (s *state) shield(t *lua.LTable) *lua.LTable {
	if front, ok := s.fronts[t]; ok {
		return front
	}
	front := s.L.CreateTable(0, 0)
	s.shieldWith(front, t)
	return front
}

func (s *state) shieldWith(front, t *lua.LTable) (meta *lua.LTable) {
	meta = s.L.CreateTable(0, 2)
	meta.RawSetString("__index", t)
	meta.RawSetString("__newindex", s.function(readOnly))
	front.Metatable = meta
	s.shields[front] = t
	s.fronts[t] = front
	return meta
}

func (s *state) shielded(t *lua.LTable) bool {
	if t.Metatable == lua.LNil {
		return false
	}
	_, ok := s.shields[t]
	return ok
}

// behind is the table behind a shield, and any other table itself.
func (s *state) behind(t *lua.LTable) *lua.LTable {
	if t.Metatable != lua.LNil {
		if behind, ok := s.shields[t]; ok {
			return behind
		}
	}
	return t
}

func readOnly(s *state, L *lua.LState) int {
	s.fail(L, errReadOnly)
	return 0
}

func missingGlobal(s *state, L *lua.LState) int {
	if L.GetTop() != 2 {
		s.fail(L, "Wrong number of arguments to luaProtectedTableError")
	}
	name, ok := toString(L.Get(2))
	if !ok {
		s.fail(L, "Second argument to luaProtectedTableError must be a string or number")
	}
	s.fail(L, "Script attempted to access nonexistent global variable '"+name+"'")
	return 0
}

package script

import lua "github.com/yuin/gopher-lua"

var stringFunctions = map[string]func(*state, *lua.LState) int{}

func (s *state) openMath() {}

func init() {
	scratch := lua.NewState(lua.Options{SkipOpenLibs: true})
	lua.OpenString(scratch)
	scratch.GetGlobal("string").(*lua.LTable).ForEach(func(k, v lua.LValue) {
		if fn, ok := v.(*lua.LFunction); ok {
			stringFunctions[k.String()] = func(_ *state, L *lua.LState) int { return fn.GFunction(L) }
		}
	})
}

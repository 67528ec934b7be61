package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// openMath makes the library "math". Its random numbers are Redis's.
func (s *state) openMath() {
	t := s.addLibrary("math", map[string]func(*state, *lua.LState) int{
		"fmod": mathFmod, "frexp": mathFrexp, "ldexp": mathLdexp, "max": mathMax, "min": mathMin, "mod": mathFmod, "modf": mathModf,
		"random": mathRandom, "randomseed": mathRandomSeed,
	})
	for name, fn := range map[string]func(float64) float64{
		"abs": math.Abs, "acos": math.Acos, "asin": math.Asin, "atan": math.Atan, "ceil": math.Ceil, "cos": math.Cos, "cosh": math.Cosh,
		"exp": math.Exp, "floor": math.Floor, "log": math.Log, "log10": math.Log10, "sin": math.Sin, "sinh": math.Sinh,
		"sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
		"deg": func(f float64) float64 { return f / (math.Pi / 180) },
		"rad": func(f float64) float64 { return f * (math.Pi / 180) },
	} {
		t.RawSetString(name, s.function(func(s *state, L *lua.LState) int {
			L.Push(lua.LNumber(fn(s.checkNumber(L, 1))))
			return 1
		}))
	}
	for name, fn := range map[string]func(a, b float64) float64{"atan2": math.Atan2, "pow": math.Pow} {
		t.RawSetString(name, s.function(func(s *state, L *lua.LState) int {
			L.Push(lua.LNumber(fn(s.checkNumber(L, 1), s.checkNumber(L, 2))))
			return 1
		}))
	}
	t.RawSetString("pi", lua.LNumber(math.Pi))
	t.RawSetString("huge", lua.LNumber(math.Inf(1)))
}

func mathFmod(s *state, L *lua.LState) int {
	L.Push(lua.LNumber(math.Mod(s.checkNumber(L, 1), s.checkNumber(L, 2))))
	return 1
}

func mathFrexp(s *state, L *lua.LState) int {
	frac, exp := math.Frexp(s.checkNumber(L, 1))
	L.Push(lua.LNumber(frac))
	L.Push(lua.LNumber(exp))
	return 2
}

func mathLdexp(s *state, L *lua.LState) int {
	L.Push(lua.LNumber(math.Ldexp(s.checkNumber(L, 1), s.checkInt(L, 2))))
	return 1
}

func mathModf(s *state, L *lua.LState) int {
	f := s.checkNumber(L, 1)
	whole, frac := math.Modf(f)
	if math.IsInf(f, 0) {
		frac = math.Copysign(0, f)
	}
	L.Push(lua.LNumber(whole))
	L.Push(lua.LNumber(frac))
	return 2
}

// extreme is the argument that comes before all others by better.
func (s *state) extreme(L *lua.LState, better func(a, b float64) bool) int {
	best := s.checkNumber(L, 1)
	for i := 2; i <= L.GetTop(); i++ {
		if f := s.checkNumber(L, i); better(f, best) {
			best = f
		}
	}
	L.Push(lua.LNumber(best))
	return 1
}

func mathMax(s *state, L *lua.LState) int {
	return s.extreme(L, func(a, b float64) bool { return a > b })
}

func mathMin(s *state, L *lua.LState) int {
	return s.extreme(L, func(a, b float64) bool { return a < b })
}

func mathRandom(s *state, L *lua.LState) int {
	r := float64(s.random.next()%rand48Max) / rand48Max
	switch L.GetTop() {
	case 0:
	case 1:
		u := s.checkInt(L, 1)
		if u < 1 {
			s.argError(L, 1, "interval is empty")
		}
		r = math.Floor(r*float64(u)) + 1
	case 2:
		l, u := s.checkInt(L, 1), s.checkInt(L, 2)
		if l > u {
			s.argError(L, 2, "interval is empty")
		}
		// The width is a C int: it wraps.
		r = math.Floor(r*float64(int32(u-l+1))) + float64(l)
	default:
		s.fail(L, "wrong number of arguments")
	}
	L.Push(lua.LNumber(r))
	return 1
}

func mathRandomSeed(s *state, L *lua.LState) int {
	s.random.seed(int32(s.checkInt(L, 1)))
	return 0
}

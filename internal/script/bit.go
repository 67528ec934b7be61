package script

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"
)

// openBit makes the library "bit": LuaJIT's BitOp, numbers as 32 bits.
func (s *state) openBit() {
	fns := map[string]func(*state, *lua.LState) int{"tohex": bitToHex}
	for name, op := range map[string]func(b uint32) uint32{
		"tobit": func(b uint32) uint32 { return b }, "bnot": func(b uint32) uint32 { return ^b }, "bswap": bits.ReverseBytes32,
	} {
		fns[name] = func(s *state, L *lua.LState) int { return pushBits(L, op(s.bits(L, 1))) }
	}
	for name, op := range map[string]func(a, b uint32) uint32{
		"band": func(a, b uint32) uint32 { return a & b }, "bor": func(a, b uint32) uint32 { return a | b },
		"bxor": func(a, b uint32) uint32 { return a ^ b },
	} {
		fns[name] = func(s *state, L *lua.LState) int {
			b := s.bits(L, 1)
			for i := L.GetTop(); i > 1; i-- {
				b = op(b, s.bits(L, i))
			}
			return pushBits(L, b)
		}
	}
	for name, op := range map[string]func(b uint32, n int) uint32{
		"lshift":  func(b uint32, n int) uint32 { return b << n },
		"rshift":  func(b uint32, n int) uint32 { return b >> n },
		"arshift": func(b uint32, n int) uint32 { return uint32(int32(b) >> n) },
		"rol":     bits.RotateLeft32,
		"ror":     func(b uint32, n int) uint32 { return bits.RotateLeft32(b, -n) },
	} {
		fns[name] = func(s *state, L *lua.LState) int {
			b := s.bits(L, 1)
			return pushBits(L, op(b, int(s.bits(L, 2)&31)))
		}
	}
	s.addLibrary("bit", fns)
}

// bits is a number argument modulo 2^32, rounded to even as the addition of 2^52+2^51 does it.
func (s *state) bits(L *lua.LState, n int) uint32 {
	f, ok := toNumber(L.Get(n))
	if !ok {
		s.typeError(L, n, "number")
	}
	return uint32(math.Float64bits(f + (1<<52 + 1<<51)))
}

func pushBits(L *lua.LState, b uint32) int {
	L.Push(lua.LNumber(int32(b)))
	return 1
}

func bitToHex(s *state, L *lua.LState) int {
	b, n, digits := s.bits(L, 1), 8, "0123456789abcdef"
	if L.GetTop() >= 2 {
		n = int(int32(s.bits(L, 2)))
	}
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	n = min(n, 8)
	text := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		text[i] = digits[b&15]
		b >>= 4
	}
	L.Push(textOf(text))
	return 1
}

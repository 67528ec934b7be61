package script

import (
	lua "github.com/yuin/gopher-lua"
)

// maxText is how long a text may get (Redis: proto-max-bulk-len's default and the size of its longest string).
const maxText = 512 << 20

// allocate accounts for n bytes that a library function is about to take, and raises when that is too much.
func (s *state) allocate(L *lua.LState, n int) {
	if n > maxText {
		s.tooLong(L)
	}
}

func (s *state) tooLong(L *lua.LState) { s.raise(L, lua.LString("not enough memory")) }

// textOf makes a text of bytes that nobody changes any more.
func textOf(b []byte) lua.LString { return lua.LString(b) }

// Sizes of what a state holds, measured on amd64.
const (
	stateBytes  = 96 << 10
	threadBytes = firstSlots*16 + 2500*8 + 1024
)

// memory is about how many bytes the state takes.
func (s *state) memory() int64 {
	return stateBytes + int64(len(s.free))*threadBytes
}

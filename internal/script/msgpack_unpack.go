package script

import (
	"encoding/binary"
	"errors"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// Why MessagePack cannot be read; the texts are Lua's errors.
var (
	errPackShort = errors.New("Missing bytes in input.")
	errPackBad   = errors.New("Bad data format in input.")
	errPackStack = errors.New("stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")
	errPackArray = errors.New("stack overflow (in function mp_decode_to_lua_array)")
)

// packReserve are the slots of Lua's stack that calls around the unpacker take.
const packReserve = 30

// unpacker reads MessagePack. slots counts what C's unpacker has on Lua's stack: it is what ends the reading of data that nest too
// deep or hold too many values.
type unpacker struct {
	s     *state
	L     *lua.LState
	data  string
	slots int
}

func msgUnpack(s *state, L *lua.LState) int { return s.unpack(L, 0, 0) }

func msgUnpackOne(s *state, L *lua.LState) int {
	offset := s.optInt64(L, 2, 0)
	L.SetTop(1)
	return s.unpack(L, 1, offset)
}

func msgUnpackLimit(s *state, L *lua.LState) int {
	limit, offset := s.checkInt64(L, 2), s.optInt64(L, 3, 0)
	L.SetTop(1)
	return s.unpack(L, limit, offset)
}

func (s *state) unpack(L *lua.LState, limit, offset int64) int {
	data := s.checkString(L, 1)
	all := limit == 0 && offset == 0
	if offset < 0 || limit < 0 {
		s.failf(L, "Invalid request to unpack with offset of %d and limit of %d.", int32(offset), len(data))
	}
	if offset > int64(len(data)) {
		s.failf(L, "Start offset %d greater than input length %d.", int32(offset), len(data))
	}
	if all {
		limit = math.MaxInt32
	}
	u := &unpacker{s: s, L: L, data: data[offset:]}
	var values []lua.LValue
	for len(u.data) > 0 && int64(len(values)) < limit {
		v, err := u.value()
		if err != nil {
			s.fail(L, err.Error())
		}
		values = append(values, v)
		u.slots++
	}
	n := len(values)
	if !all {
		end := lua.LNumber(-1)
		if len(u.data) > 0 {
			end = lua.LNumber(len(data) - len(u.data))
		}
		L.Push(end)
		n++
	}
	for _, v := range values {
		L.Push(v)
	}
	return n
}

// take is the next n bytes.
func (u *unpacker) take(n int) (string, error) {
	if n > len(u.data) {
		return "", errPackShort
	}
	b := u.data[:n]
	u.data = u.data[n:]
	return b, nil
}

// uint reads a big-endian number of n bytes.
func (u *unpacker) uint(n int) (uint64, error) {
	b, err := u.take(n)
	if err != nil {
		return 0, err
	}
	var buf [8]byte
	copy(buf[8-n:], b)
	return binary.BigEndian.Uint64(buf[:]), nil
}

func (u *unpacker) value() (lua.LValue, error) {
	u.s.worked(u.L)
	if u.slots >= maxResults-packReserve {
		return nil, errPackStack
	}
	b, err := u.take(1)
	if err != nil {
		return nil, err
	}
	kind := b[0]
	switch {
	case kind < 0x80:
		return lua.LNumber(kind), nil
	case kind < 0x90:
		return u.table(int(kind&0xf), true)
	case kind < 0xa0:
		return u.table(int(kind&0xf), false)
	case kind < 0xc0:
		return u.text(int(kind & 0x1f))
	case kind >= 0xe0:
		return lua.LNumber(int8(kind)), nil
	}
	return u.sized(kind)
}

// sized reads a value whose first byte says how long it or its length is.
func (u *unpacker) sized(kind byte) (lua.LValue, error) {
	switch kind {
	case 0xc0:
		return lua.LNil, nil
	case 0xc2:
		return lua.LFalse, nil
	case 0xc3:
		return lua.LTrue, nil
	}
	widths := map[byte]int{0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, 0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8,
		0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4}
	width, ok := widths[kind]
	if !ok {
		return nil, errPackBad
	}
	n, err := u.uint(width)
	if err != nil {
		return nil, err
	}
	switch kind {
	case 0xca:
		return lua.LNumber(math.Float32frombits(uint32(n))), nil
	case 0xcb:
		return lua.LNumber(math.Float64frombits(n)), nil
	case 0xcc, 0xcd, 0xce, 0xcf, 0xd3:
		return lua.LNumber(int64(n)), nil
	case 0xd0:
		return lua.LNumber(int8(n)), nil
	case 0xd1:
		return lua.LNumber(int16(n)), nil
	case 0xd2:
		return lua.LNumber(int32(n)), nil
	case 0xd9, 0xda, 0xdb:
		return u.text(int(n))
	case 0xdc, 0xdd:
		return u.table(int(n), false)
	}
	return u.table(int(n), true)
}

func (u *unpacker) text(n int) (lua.LValue, error) {
	b, err := u.take(n)
	return lua.LString(b), err
}

func (u *unpacker) table(n int, pairs bool) (lua.LValue, error) {
	t := u.L.CreateTable(0, 0)
	if u.slots += 2; !pairs && u.slots >= maxResults-packReserve {
		return nil, errPackArray
	}
	for i := 1; i <= n; i++ {
		key := lua.LValue(lua.LNumber(i))
		if pairs {
			var err error
			if key, err = u.value(); err != nil {
				return nil, err
			}
		}
		v, err := u.value()
		if err != nil {
			return nil, err
		}
		u.s.rawSet(u.L, t, key, v)
	}
	u.slots -= 2
	return t, nil
}

package script

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

var structFunctions = map[string]func(*state, *lua.LState) int{
	"pack":   structPack,
	"size":   structSize,
	"unpack": structUnpack,
}

const (
	maxIntSize = 32
	maxAlign   = 8
)

// layout is where the reading of a struct format stands.
type layout struct {
	s     *state
	L     *lua.LState
	f     string
	i     int
	order binary.ByteOrder
	align int
}

func newLayout(s *state, L *lua.LState) *layout {
	return &layout{s: s, L: L, f: cString(s.checkString(L, 1)), order: binary.LittleEndian, align: 1}
}

// next is the next option, 0 at the end.
func (f *layout) next() byte {
	if f.i == len(f.f) {
		return 0
	}
	f.i++
	return f.f[f.i-1]
}

func (f *layout) number(otherwise int) int {
	from := f.i
	n := 0
	for ; f.i < len(f.f) && f.f[f.i] >= '0' && f.f[f.i] <= '9'; f.i++ {
		if n = n*10 + int(f.f[f.i]-'0'); n > math.MaxInt32 {
			f.s.fail(f.L, "integral size overflow")
		}
	}
	if from == f.i {
		return otherwise
	}
	return n
}

func (f *layout) size(opt byte) int {
	switch opt {
	case 'B', 'b', 'x':
		return 1
	case 'H', 'h':
		return 2
	case 'L', 'l', 'T', 'd':
		return 8
	case 'f':
		return 4
	case 'c':
		return f.number(1)
	case 'i', 'I':
		n := f.number(4)
		if n > maxIntSize {
			f.s.failf(f.L, "integral size %d is larger than limit of %d", n, maxIntSize)
		}
		return n
	}
	return 0
}

func (f *layout) padding(at int, opt byte, size int) int {
	if size == 0 || opt == 'c' {
		return 0
	}
	size = min(size, f.align)
	return (size - at&(size-1)) & (size - 1)
}

// control takes an option that stands for no value.
func (f *layout) control(opt byte) {
	switch opt {
	case ' ':
	case '>':
		f.order = binary.BigEndian
	case '<':
		f.order = binary.LittleEndian
	case '!':
		n := f.number(maxAlign)
		if n <= 0 || n&(n-1) != 0 {
			f.s.failf(f.L, "alignment %d is not a power of 2", n)
		}
		f.align = n
	default:
		f.s.argError(f.L, 1, "invalid format option '"+string([]byte{opt})+"'")
	}
}

func structPack(s *state, L *lua.LState) int {
	f := newLayout(s, L)
	var b []byte
	arg := 2
	L.Push(lua.LNil) // C's packer has a nil there, which the first missing argument is
	for opt := f.next(); opt != 0; opt = f.next() {
		size := f.size(opt)
		b = append(b, make([]byte, f.padding(len(b), opt, size))...)
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			b = f.appendInt(b, s.checkNumber(L, arg), size)
			arg++
		case 'x':
			b = append(b, 0)
		case 'f':
			b = f.order.(binary.AppendByteOrder).AppendUint32(b, math.Float32bits(float32(s.checkNumber(L, arg))))
			arg++
		case 'd':
			b = f.order.(binary.AppendByteOrder).AppendUint64(b, math.Float64bits(s.checkNumber(L, arg)))
			arg++
		case 'c', 's':
			text := s.checkString(L, arg)
			arg++
			if size == 0 {
				size = len(text)
			}
			if len(text) < size {
				s.argError(L, arg, "string too short")
			}
			s.allocate(L, len(b)+size)
			b = append(b, text[:size]...)
			if opt == 's' {
				b = append(b, 0)
			}
		default:
			f.control(opt)
		}
	}
	L.Push(textOf(b))
	return 1
}

func (f *layout) appendInt(b []byte, n float64, size int) []byte {
	v := uint64(toInt64(n))
	if n >= 1<<63 {
		v = uint64(n)
	}
	from := len(b)
	for range size {
		b = append(b, byte(v))
		v >>= 8
	}
	if f.order == binary.ByteOrder(binary.BigEndian) {
		for i, j := from, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return b
}

func (f *layout) int(data string, opt byte) lua.LNumber {
	var v uint64
	for i := range len(data) {
		if f.order == binary.ByteOrder(binary.BigEndian) {
			v = v<<8 | uint64(data[i])
		} else {
			v = v<<8 | uint64(data[len(data)-1-i])
		}
	}
	if opt >= 'A' && opt <= 'Z' {
		return lua.LNumber(v)
	}
	// A shift by more than the word is one by its rest, as the processor does it.
	mask := ^uint64(0) << ((uint(len(data))*8 - 1) & 63)
	if v&mask != 0 {
		v |= mask
	}
	return lua.LNumber(int64(v))
}

func structUnpack(s *state, L *lua.LState) int {
	f := newLayout(s, L)
	data := s.checkString(L, 2)
	at64 := s.optInt64(L, 3, 1)
	if at64 == 0 {
		s.argError(L, 3, "offset must be 1 or greater")
	}
	if at64 < 0 || at64 > int64(len(data))+1 {
		at64 = int64(len(data)) + 2 // no offset that far fits anything
	}
	at := int(at64 - 1)
	n := 0
	L.SetTop(3)
	for opt := f.next(); opt != 0; opt = f.next() {
		size := f.size(opt)
		at += f.padding(at, opt, size)
		f.fits(data, at, size)
		if n+2 > maxResults {
			s.fail(L, "stack overflow (too many results)")
		}
		part := data[at : at+size]
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			L.Push(f.int(part, opt))
			n++
		case 'x':
		case 'f':
			L.Push(lua.LNumber(math.Float32frombits(f.order.Uint32([]byte(part)))))
			n++
		case 'd':
			L.Push(lua.LNumber(math.Float64frombits(f.order.Uint64([]byte(part)))))
			n++
		case 'c':
			if size == 0 {
				f64, ok := toNumber(L.Get(-1))
				if n == 0 || !ok {
					s.fail(L, "format 'c0' needs a previous size")
				}
				size = int(toInt64(f64))
				L.Pop(1)
				f.fits(data, at, size)
				part = data[at : at+size]
				n--
			}
			L.Push(lua.LString(part))
			n++
		case 's':
			end := strings.IndexByte(data[at:], 0)
			if end < 0 {
				s.fail(L, "unfinished string in data")
			}
			L.Push(lua.LString(data[at : at+end]))
			n++
			size = end + 1
		default:
			f.control(opt)
		}
		at += size
	}
	L.Push(lua.LNumber(at + 1))
	return n + 1
}

func (f *layout) fits(data string, at, size int) {
	if size < 0 || size > len(data) || at > len(data)-size {
		f.s.argError(f.L, 2, "data string too short")
	}
}

func structSize(s *state, L *lua.LState) int {
	f := newLayout(s, L)
	at := 0
	for opt := f.next(); opt != 0; opt = f.next() {
		size := f.size(opt)
		at += f.padding(at, opt, size)
		switch {
		case opt == 's':
			s.argError(L, 1, "option 's' has no fixed size")
		case opt == 'c' && size == 0:
			s.argError(L, 1, "option 'c0' has no fixed size")
		}
		if !isAlnum(opt) {
			f.control(opt)
		}
		at += size
	}
	L.Push(lua.LNumber(at))
	return 1
}

func isAlnum(c byte) bool {
	_, err := strconv.ParseUint(string([]byte{c}), 36, 8)
	return err == nil
}

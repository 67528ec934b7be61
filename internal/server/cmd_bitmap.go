package server

import (
	"encoding/binary"
	"math/bits"

	"berth/internal/store"
)

func init() {
	handle(map[string]Handler{
		"bitcount":    cmdBitcount,
		"bitfield":    cmdBitfield,
		"bitfield_ro": cmdBitfield,
		"bitop":       cmdBitop,
		"bitpos":      cmdBitpos,
		"getbit":      cmdGetbit,
		"setbit":      cmdSetbit,
	})
	keyFinders["bitfield"] = bitfieldKeys
}

const errTextBitOffset = "ERR bit offset is not an integer or out of range"

// bitOffset reads the place of a bit, replying the error. With a width above zero
// it may be counted in fields of that width, behind the character #.
func (c *Client) bitOffset(arg []byte, width int64) (int64, bool) {
	counted := width > 0 && len(arg) > 0 && arg[0] == '#'
	if counted {
		arg = arg[1:]
	}
	n, ok := ParseInt(arg)
	if counted {
		high, low := bits.Mul64(uint64(max(n, 0)), uint64(width))
		ok = ok && high == 0 && int64(low) >= 0
		n *= width
	}
	if !ok || n < 0 || n>>3 >= c.srv.Config.Int("proto-max-bulk-len") {
		c.WriteError(errTextBitOffset)
		return 0, false
	}
	return n, true
}

// stringForBits finds a string and makes it long enough for a bit to be written,
// whether or not it is there. grown says that it was not. ok is false when an
// error was replied.
func (c *Client) stringForBits(key []byte, bit int64) (b []byte, grown, ok bool) {
	e, ok := c.writeTyped(key, store.String)
	if !ok {
		return nil, false, false
	}
	need := int(bit>>3) + 1
	db := c.DBStore()
	if e == nil {
		e = db.PutPlain(nil, key, nil, false)
		c.srv.placed(c.DB, e, key, true)
	}
	if e.StringLen() >= need {
		_, b = db.MutableString(e)
		return b, false, true
	}
	_, b = db.ResizeString(e, need)
	return b, true, true
}

// stringToRead is the contents of a string; found is false if it is not there.
func (c *Client) stringToRead(key []byte) (b []byte, found, ok bool) {
	e, ok := c.readTyped(key, store.String)
	if !ok || e == nil {
		return nil, false, ok
	}
	return e.Bytes(nil), true, true
}

// cmdSetbit is SETBIT key offset value.
func cmdSetbit(c *Client, argv [][]byte) {
	at, ok := c.bitOffset(argv[2], 0)
	if !ok {
		return
	}
	on, ok := ParseInt(argv[3])
	if !ok || on&^1 != 0 {
		c.WriteError("ERR bit is not an integer or out of range")
		return
	}
	b, grown, ok := c.stringForBits(argv[1], at)
	if !ok {
		return
	}
	shift := 7 - at&7
	old := int64(b[at>>3]>>shift) & 1
	if grown || old != on {
		b[at>>3] = b[at>>3]&^(1<<shift) | byte(on)<<shift
		c.srv.changed(NotifyString, "setbit", argv[1], c.DB)
	}
	c.WriteInt(old)
}

// cmdGetbit is GETBIT key offset.
func cmdGetbit(c *Client, argv [][]byte) {
	at, ok := c.bitOffset(argv[2], 0)
	if !ok {
		return
	}
	b, _, ok := c.stringToRead(argv[1])
	if !ok {
		return
	}
	n := int64(0)
	if at>>3 < int64(len(b)) {
		n = int64(b[at>>3]>>(7-at&7)) & 1
	}
	c.WriteInt(n)
}

// bitRange is a range of bits, from first to last, both included.
type bitRange struct{ first, last int64 }

// bitUnit reads whether a range is in bits, replying the error; nil is bytes.
func (c *Client) bitUnit(unit []byte) (inBits, ok bool) {
	if unit == nil || equalFold(unit, "byte") {
		return false, true
	}
	if !equalFold(unit, "bit") {
		c.WriteError(ErrTextSyntax)
		return false, false
	}
	return true, true
}

// rangeOfBits makes a range of two ends, in bytes or bits, of a string of size
// bytes.
func rangeOfBits(start, end int64, inBits bool, size int) bitRange {
	total, scale := int64(size), int64(8)
	if inBits {
		total, scale = total*8, 1
	}
	if start < 0 {
		start = max(start+total, 0)
	}
	if end < 0 {
		end = max(end+total, 0)
	}
	end = min(end, total-1)
	if start > end {
		return bitRange{0, -1}
	}
	return bitRange{start * scale, end*scale + scale - 1}
}

// cmdBitcount is BITCOUNT key [start end [BYTE|BIT]].
func cmdBitcount(c *Client, argv [][]byte) {
	b, found, ok := c.stringToRead(argv[1])
	if !ok {
		return
	}
	if !found {
		c.WriteInt(0)
		return
	}
	r := bitRange{0, int64(len(b))*8 - 1}
	switch len(argv) {
	case 2:
	case 4, 5:
		first, ok1 := ParseInt(argv[2])
		last, ok2 := ParseInt(argv[3])
		if !ok1 || !ok2 {
			c.WriteError(ErrTextNotInteger)
			return
		}
		if first < 0 && last < 0 && first > last {
			c.WriteInt(0)
			return
		}
		var unit []byte
		if len(argv) == 5 {
			unit = argv[4]
		}
		inBits, ok := c.bitUnit(unit)
		if !ok {
			return
		}
		r = rangeOfBits(first, last, inBits, len(b))
	default:
		c.WriteError(ErrTextSyntax)
		return
	}
	c.WriteInt(countBits(b, r))
}

func countBits(b []byte, r bitRange) (n int64) {
	if r.first > r.last {
		return 0
	}
	low, high := r.first>>3, r.last>>3
	head, tail := byte(0xff)>>(r.first&7), byte(0xff)<<(7-r.last&7)
	if low == high {
		return int64(bits.OnesCount8(b[low] & head & tail))
	}
	n = int64(bits.OnesCount8(b[low]&head)) + int64(bits.OnesCount8(b[high]&tail))
	mid := b[low+1 : high]
	for ; len(mid) >= 8; mid = mid[8:] {
		n += int64(bits.OnesCount64(binary.LittleEndian.Uint64(mid)))
	}
	for _, x := range mid {
		n += int64(bits.OnesCount8(x))
	}
	return n
}

// findBit is the place of the first bit of a value within a range, or -1.
func findBit(b []byte, r bitRange, one bool) int64 {
	skip := byte(0)
	if !one {
		skip = 0xff
	}
	for at := r.first; at <= r.last; {
		x := b[at>>3] ^ skip // look for a one
		if at&7 == 0 {
			// Whole bytes, eight at a time, that have none.
			i := at >> 3
			pattern := uint64(skip) * 0x0101010101010101
			for i+8 <= (r.last+1)>>3 && binary.LittleEndian.Uint64(b[i:]) == pattern {
				i += 8
			}
			if i<<3 != at {
				at = i << 3
				continue
			}
		}
		x &= 0xff >> (at & 7)
		if x != 0 {
			if at = at&^7 + int64(bits.LeadingZeros8(x)); at <= r.last {
				return at
			}
			return -1
		}
		at = at&^7 + 8
	}
	return -1
}

// cmdBitpos is BITPOS key bit [start [end [BYTE|BIT]]].
func cmdBitpos(c *Client, argv [][]byte) {
	bit, ok := ParseInt(argv[2])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return
	}
	if bit&^1 != 0 {
		c.WriteError("ERR The bit argument must be 1 or 0.")
		return
	}
	b, found, ok := c.stringToRead(argv[1])
	if !ok {
		return
	}
	if !found {
		c.WriteInt(-bit)
		return
	}
	r := bitRange{0, int64(len(b))*8 - 1}
	if len(argv) > 6 {
		c.WriteError(ErrTextSyntax)
		return
	}
	if len(argv) > 3 {
		if r, ok = c.bitposRange(argv[3:], len(b)); !ok {
			return
		}
	}
	at := findBit(b, r, bit == 1)
	if at < 0 && bit == 0 && len(argv) < 5 && r.first <= r.last {
		at = r.last + 1 // zeros follow the string
	}
	c.WriteInt(at)
}

// bitposRange reads start [end [BYTE|BIT]], replying the error.
func (c *Client) bitposRange(args [][]byte, size int) (r bitRange, ok bool) {
	first, ok := ParseInt(args[0])
	if !ok {
		c.WriteError(ErrTextNotInteger)
		return r, false
	}
	inBits, last := false, int64(size-1)
	if len(args) == 3 {
		if inBits, ok = c.bitUnit(args[2]); !ok {
			return r, false
		}
	}
	if len(args) > 1 {
		if last, ok = ParseInt(args[1]); !ok {
			c.WriteError(ErrTextNotInteger)
			return r, false
		}
	}
	return rangeOfBits(first, last, inBits, size), true
}

// cmdBitop is BITOP AND|OR|XOR|NOT destination key [key ...].
func cmdBitop(c *Client, argv [][]byte) {
	op := argv[1]
	not := equalFold(op, "not")
	if !not && !equalFold(op, "and") && !equalFold(op, "or") && !equalFold(op, "xor") {
		c.WriteError(ErrTextSyntax)
		return
	}
	if not && len(argv) != 4 {
		c.WriteError("ERR BITOP NOT must be called with a single source key.")
		return
	}
	sources := make([][]byte, len(argv)-3)
	size := 0
	for i, key := range argv[3:] {
		b, _, ok := c.stringToRead(key)
		if !ok {
			return
		}
		sources[i] = b
		size = max(size, len(b))
	}
	if size == 0 {
		c.WriteInt(0)
		c.dropOld(argv[2])
		return
	}
	result := make([]byte, size)
	copy(result, sources[0])
	if not {
		for i := range result {
			result[i] = ^result[i]
		}
	}
	for _, b := range sources[1:] {
		combineBits(result, b, op[0]|0x20)
	}
	e := c.srv.SetString(c.DB, argv[2], result)
	c.DBStore().MutableString(e) // raw, as in Redis
	c.srv.Notify(NotifyString, "set", argv[2], c.DB)
	c.srv.Dirty++
	c.WriteInt(int64(size))
}

// combineBits combines b, behind which there are zeros, with the result so far.
func combineBits(result, b []byte, op byte) {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		x, y := binary.LittleEndian.Uint64(result[i:]), binary.LittleEndian.Uint64(b[i:])
		switch op {
		case 'a':
			x &= y
		case 'o':
			x |= y
		default:
			x ^= y
		}
		binary.LittleEndian.PutUint64(result[i:], x)
	}
	for ; i < len(b); i++ {
		switch op {
		case 'a':
			result[i] &= b[i]
		case 'o':
			result[i] |= b[i]
		default:
			result[i] ^= b[i]
		}
	}
	if op == 'a' {
		clear(result[len(b):])
	}
}

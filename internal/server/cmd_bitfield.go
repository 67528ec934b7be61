package server

import (
	"math"
)

// overflow says what becomes of a number that does not fit its field.
type overflow uint8

const (
	overflowWrap overflow = iota
	overflowSat
	overflowFail
)

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	set, incr bool // neither: get
	signed    bool
	width     int64
	at        int64
	n         int64
	over      overflow
}

// cmdBitfield is BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type
// offset value | INCRBY type offset increment ...] and BITFIELD_RO.
func cmdBitfield(c *Client, argv [][]byte) {
	ops, last, ok := c.parseFieldOps(argv[2:])
	if !ok {
		return
	}
	if last < 0 {
		b, _, ok := c.stringToRead(argv[1])
		if !ok {
			return
		}
		c.WriteArray(len(ops))
		for i := range ops {
			c.WriteInt(ops[i].get(b))
		}
		return
	}
	if c.cmd.Flags&ReadOnly != 0 {
		c.WriteError("ERR BITFIELD_RO only supports the GET subcommand")
		return
	}
	b, grown, ok := c.stringForBits(argv[1], last)
	if !ok {
		return
	}
	changes := 0
	c.WriteArray(len(ops))
	for i := range ops {
		op := &ops[i]
		if !op.set && !op.incr {
			c.WriteInt(op.get(b))
			continue
		}
		old := op.get(b)
		val, over := op.compute(old)
		if over && op.over == overflowFail {
			c.WriteNull()
			continue
		}
		if op.put(b, val); grown || op.get(b) != old {
			changes++
		}
		if op.set {
			val = old
		}
		c.WriteInt(val)
	}
	switch {
	case changes > 0:
		c.srv.changed(NotifyString, "setbit", argv[1], c.DB)
		c.srv.Dirty += int64(changes - 1)
	case grown:
		// All operations failed, on zeros that were not there before. Redis sends no
		// event, and forgets to tell the append-only file.
		c.srv.Touch(c.DB, argv[1])
		c.srv.Dirty++
	}
}

// parseFieldOps reads the operations, and tells the last bit that is written, -1
// if none is. ok is false when an error was replied.
func (c *Client) parseFieldOps(args [][]byte) (ops []fieldOp, last int64, ok bool) {
	over := overflowWrap
	last = -1
	for len(args) > 0 {
		op := fieldOp{over: over}
		switch word := args[0]; {
		case equalFold(word, "get") && len(args) > 2:
		case equalFold(word, "set") && len(args) > 3:
			op.set = true
		case equalFold(word, "incrby") && len(args) > 3:
			op.incr = true
		case equalFold(word, "overflow") && len(args) > 1:
			switch {
			case equalFold(args[1], "wrap"):
				over = overflowWrap
			case equalFold(args[1], "sat"):
				over = overflowSat
			case equalFold(args[1], "fail"):
				over = overflowFail
			default:
				c.WriteError("ERR Invalid OVERFLOW type specified")
				return nil, 0, false
			}
			args = args[2:]
			continue
		default:
			c.WriteError(ErrTextSyntax)
			return nil, 0, false
		}
		if !op.parseType(args[1]) {
			c.WriteError("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.")
			return nil, 0, false
		}
		if op.at, ok = c.bitOffset(args[2], op.width); !ok {
			return nil, 0, false
		}
		n := 3
		if op.set || op.incr {
			last = max(last, op.at+op.width-1)
			if op.n, ok = ParseInt(args[3]); !ok {
				c.WriteError(ErrTextNotInteger)
				return nil, 0, false
			}
			n = 4
		}
		ops = append(ops, op)
		args = args[n:]
	}
	return ops, last, true
}

// parseType reads a type such as i16 or u8.
func (op *fieldOp) parseType(arg []byte) bool {
	text := cString(arg)
	if text == "" || text[0] != 'i' && text[0] != 'u' {
		return false
	}
	op.signed = text[0] == 'i'
	n, ok := ParseInt([]byte(text[1:]))
	op.width = n
	return ok && n >= 1 && (op.signed && n <= 64 || n <= 63)
}

// get reads the field; what lies behind the string is zero.
func (op *fieldOp) get(b []byte) int64 {
	n := uint64(0)
	for i := op.at; i < op.at+op.width; i++ {
		n <<= 1
		if i>>3 < int64(len(b)) {
			n |= uint64(b[i>>3]>>(7-i&7)) & 1
		}
	}
	if op.signed && op.width < 64 && n>>(op.width-1) != 0 {
		n |= math.MaxUint64 << op.width
	}
	return int64(n)
}

// put writes the field.
func (op *fieldOp) put(b []byte, val int64) {
	for i := op.at + op.width - 1; i >= op.at; i-- {
		shift := 7 - i&7
		b[i>>3] = b[i>>3]&^(1<<shift) | byte(val&1)<<shift
		val >>= 1
	}
}

// compute is what the field is to become, and whether that did not fit.
func (op *fieldOp) compute(old int64) (val int64, over bool) {
	base, by := op.n, int64(0)
	if op.incr {
		base, by = old, op.n
	}
	if op.signed {
		return op.signedSum(base, by)
	}
	return op.unsignedSum(uint64(base), by)
}

func (op *fieldOp) signedSum(val, by int64) (int64, bool) {
	top := int64(math.MaxInt64)
	if op.width < 64 {
		top = 1<<(op.width-1) - 1
	}
	bottom := -top - 1
	sum := val + by
	above := val > top || op.width < 64 && by > top-val || val >= 0 && by > 0 && by > top-val
	below := !above && (val < bottom || op.width < 64 && by < bottom-val || val < 0 && by < 0 && by < bottom-val)
	if !above && !below {
		return sum, false
	}
	switch {
	case op.over == overflowWrap:
		if shift := 64 - op.width; shift > 0 {
			sum = sum << shift >> shift
		}
	case above:
		sum = top
	default:
		sum = bottom
	}
	return sum, true
}

func (op *fieldOp) unsignedSum(val uint64, by int64) (int64, bool) {
	top := uint64(1)<<op.width - 1
	sum := val + uint64(by)
	above := val > top || by > 0 && uint64(by) > top-val
	below := !above && by < 0 && uint64(-by) > val
	if !above && !below {
		return int64(sum), false
	}
	switch {
	case op.over == overflowWrap:
		sum &= top
	case above:
		sum = top
	default:
		sum = 0
	}
	return int64(sum), true
}

// bitfieldKeys finds BITFIELD's key: if all that it does is GET, it is only read.
func bitfieldKeys(_ *Command, argv [][]byte) ([]KeyRef, bool) {
	for args := argv[2:]; len(args) > 0; {
		switch n := len(args); {
		case n >= 3 && equalFold(args[0], "get"):
			args = args[3:]
		case n >= 2 && equalFold(args[0], "overflow"):
			args = args[2:]
		default:
			return []KeyRef{{1, KeyRW | KeyAccess | KeyUpdate}}, true
		}
	}
	return []KeyRef{{1, KeyRO | KeyAccess}}, true
}

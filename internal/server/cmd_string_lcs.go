package server

import (
	"slices"

	"berth/internal/store"
)

// lcsOptions are the options of LCS.
type lcsOptions struct {
	length, index, withLen bool
	min                    int
}

// lcsMatch is one run that both strings share, by its first and last index in
// each.
type lcsMatch struct{ a0, a1, b0, b1 int }

// maxLCS bounds the table of LCS, in cells.
const maxLCS = 1 << 29

// cmdLCS is LCS key1 key2 [LEN] [IDX] [MINMATCHLEN n] [WITHMATCHLEN].
func cmdLCS(c *Client, argv [][]byte) {
	var o lcsOptions
	e1, e2 := c.LookupRead(argv[1]), c.LookupRead(argv[2])
	if e1 != nil && e1.Type() != store.String || e2 != nil && e2.Type() != store.String {
		c.WriteError("ERR The specified keys must contain string values")
		return
	}
	for i := 3; i < len(argv); i++ {
		switch {
		case equalFold(argv[i], "idx"):
			o.index = true
		case equalFold(argv[i], "len"):
			o.length = true
		case equalFold(argv[i], "withmatchlen"):
			o.withLen = true
		case equalFold(argv[i], "minmatchlen") && i+1 < len(argv):
			n, ok := c.indexOf(argv[i+1])
			if !ok {
				return
			}
			o.min = max(n, 0)
			i++
		default:
			c.WriteError(ErrTextSyntax)
			return
		}
	}
	if o.index && o.length {
		c.WriteError("ERR If you want both the length and indexes, please just use IDX.")
		return
	}
	var a, b []byte
	var tmp1, tmp2 [20]byte
	if e1 != nil {
		a = e1.Bytes(tmp1[:])
	}
	if e2 != nil {
		b = e2.Bytes(tmp2[:])
	}
	if (len(a)+1)*(len(b)+1) > maxLCS {
		c.WriteError("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
		return
	}
	common, matches, n := lcs(a, b)
	switch {
	case o.length:
		c.WriteInt(int64(n))
	case o.index:
		c.writeMatches(matches, o, n)
	default:
		c.WriteBulk(common)
	}
}

// lcs finds the longest common subsequence of a and b, and the runs it is made
// of from the last to the first.
func lcs(a, b []byte) (common []byte, matches []lcsMatch, n int) {
	width := len(b) + 1
	table := make([]uint32, (len(a)+1)*width)
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			if a[i-1] == b[j-1] {
				table[i*width+j] = table[(i-1)*width+j-1] + 1
			} else {
				table[i*width+j] = max(table[(i-1)*width+j], table[i*width+j-1])
			}
		}
	}
	for i, j := len(a), len(b); i > 0 && j > 0; {
		switch {
		case a[i-1] == b[j-1]:
			common = append(common, a[i-1])
			if k := len(matches) - 1; k >= 0 && matches[k].a0 == i && matches[k].b0 == j {
				matches[k].a0, matches[k].b0 = i-1, j-1
			} else {
				matches = append(matches, lcsMatch{i - 1, i - 1, j - 1, j - 1})
			}
			i, j = i-1, j-1
		case table[(i-1)*width+j] > table[i*width+j-1]:
			i--
		default:
			j--
		}
	}
	slices.Reverse(common)
	return common, matches, len(common)
}

// writeMatches replies the runs of at least the wanted length.
func (c *Client) writeMatches(matches []lcsMatch, o lcsOptions, n int) {
	matches = slices.DeleteFunc(matches, func(m lcsMatch) bool { return m.a1-m.a0+1 < o.min })
	c.WriteMap(2)
	c.WriteBulkString("matches")
	c.WriteArray(len(matches))
	for _, m := range matches {
		if o.withLen {
			c.WriteArray(3)
		} else {
			c.WriteArray(2)
		}
		for _, r := range [][2]int{{m.a0, m.a1}, {m.b0, m.b1}} {
			c.WriteArray(2)
			c.WriteInt(int64(r[0]))
			c.WriteInt(int64(r[1]))
		}
		if o.withLen {
			c.WriteInt(int64(m.a1 - m.a0 + 1))
		}
	}
	c.WriteBulkString("len")
	c.WriteInt(int64(n))
}

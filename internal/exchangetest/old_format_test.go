package exchangetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"berth/internal/persist/rdb"
)

// oldFile writes files as old versions of Redis did, none of which is at hand.
type oldFile struct {
	b       []byte
	version int
}

func newOldFile(version int) *oldFile {
	return &oldFile{b: fmt.Appendf(nil, "%s%04d", rdb.Magic, version), version: version}
}

// end is the file. Since version 5 a checksum is behind it.
func (f *oldFile) end() []byte {
	b := append(f.b, rdb.OpEOF)
	if f.version < 5 {
		return b
	}
	return binary.LittleEndian.AppendUint64(b, rdb.Checksum(0, b))
}

func (f *oldFile) op(op byte, bytes ...byte) { f.b = append(append(f.b, op), bytes...) }

func (f *oldFile) len(n int) { f.b = rdb.AppendLen(f.b, uint64(n)) }

// str writes a string that is not compressed, as a number if it is one.
func (f *oldFile) str(s string) { f.b = rdb.AppendString(f.b, []byte(s), false) }

// packed writes what is one string, compressed.
func (f *oldFile) packed(b []byte) { f.b = rdb.AppendString(f.b, b, true) }

// key begins a value.
func (f *oldFile) key(o rdb.Object, name string) {
	f.op(byte(o))
	f.str(name)
}

// strs writes a number of strings, which may be pairs.
func (f *oldFile) strs(n int, words []string) {
	f.len(n)
	for _, w := range words {
		f.str(w)
	}
}

// score writes a number as ObjZSet has it.
func (f *oldFile) score(x float64) {
	switch {
	case math.IsInf(x, 1):
		f.op(254)
	case math.IsInf(x, -1):
		f.op(255)
	default:
		text := strconv.FormatFloat(x, 'g', 17, 64)
		f.op(byte(len(text)), []byte(text)...)
	}
}

// ziplist packs elements. With wide set each size of an element before takes five
// bytes, as it does in a list that once was longer.
func (f *oldFile) ziplist(elems []string, wide bool) []byte {
	b := make([]byte, 10)
	last, prev := 10, 0
	for _, e := range elems {
		last = len(b)
		if wide && prev > 0 || prev >= 254 {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(prev))
		} else {
			b = append(b, byte(prev))
		}
		b = f.ziplistElem(b, e)
		prev = len(b) - last
	}
	b = append(b, 0xff)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint32(b[4:], uint32(last))
	binary.LittleEndian.PutUint16(b[8:], uint16(min(len(elems), 0xffff)))
	return b
}

// ziplistElem appends an element. Before version 6 there were fewer encodings of
// numbers.
func (f *oldFile) ziplistElem(b []byte, e string) []byte {
	n, err := strconv.ParseInt(e, 10, 64)
	if err == nil && strconv.FormatInt(n, 10) == e {
		le := binary.LittleEndian.AppendUint64(nil, uint64(n))
		short := f.version >= 6
		switch {
		case short && n >= 0 && n <= 12:
			return append(b, 0xf1+byte(n))
		case short && n == int64(int8(n)):
			return append(b, 0xfe, le[0])
		case n == int64(int16(n)):
			return append(append(b, 0xc0), le[:2]...)
		case short && n == n<<40>>40:
			return append(append(b, 0xf0), le[:3]...)
		case n == int64(int32(n)):
			return append(append(b, 0xd0), le[:4]...)
		}
		return append(append(b, 0xe0), le...)
	}
	switch {
	case len(e) < 1<<6:
		b = append(b, byte(len(e)))
	case len(e) < 1<<14:
		b = append(b, byte(len(e)>>8)|0x40, byte(len(e)))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0x80), uint32(len(e)))
	}
	return append(b, e...)
}

// zipmap packs fields and values; spare bytes are behind every third value.
func zipmap(pairs []string) []byte {
	b := []byte{byte(min(len(pairs)/2, 254))}
	for i, w := range pairs {
		if len(w) < 254 {
			b = append(b, byte(len(w)))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 254), uint32(len(w)))
		}
		spare := 0
		if i%2 == 1 {
			spare = i % 3
			b = append(b, byte(spare))
		}
		b = append(append(b, w...), "\xaa\xaa\xaa"[:spare]...)
	}
	return append(b, 0xff)
}

// intset packs numbers in order, each in some bytes.
func intset(width int, values ...int64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(width))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(values)))
	for _, v := range values {
		b = append(b, binary.LittleEndian.AppendUint64(nil, uint64(v))[:width]...)
	}
	return b
}

// listpack packs elements as nodes of streams have them: numbers below 128, others
// in two bytes, and short strings.
func listpack(elems ...any) []byte {
	b := make([]byte, 6)
	for _, e := range elems {
		from := len(b)
		switch e := e.(type) {
		case int:
			if e >= 0 && e < 128 {
				b = append(b, byte(e))
			} else {
				b = append(b, 0xf1, byte(e), byte(e>>8))
			}
		case string:
			b = append(append(b, 0x80|byte(len(e))), e...)
		}
		b = append(b, byte(len(b)-from))
	}
	b = append(b, 0xff)
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], uint16(len(elems)))
	return b
}

// streamID is an ID as the names of a stream's nodes and pending entries have it.
func streamID(ms, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, ms), seq)
}

// Flags of a stream's entries.
const (
	streamDeleted = 1
	streamSame    = 2 // the fields are those of the first entry
)

// stream writes a stream of one of three generations, with a group and two
// consumers.
func (f *oldFile) stream(gen int, name string) {
	f.key([]rdb.Object{rdb.ObjStream, rdb.ObjStream2, rdb.ObjStream3}[gen-1], name)
	f.len(2)
	f.packed(streamID(1000, 1))
	f.packed(listpack(2, 1, 2, "temp", "humid", 0,
		streamSame, 0, 0, "a", 12, 5,
		streamDeleted|streamSame, 0, 1, "gone", "gone", 5,
		0, 300, 5, 1, "other", "text", 6))
	f.packed(streamID(2000, 0))
	f.packed(listpack(1, 0, 1, "f", 0, streamSame, 7, 3, -5, 4))
	id := func(ms, seq int) {
		f.len(ms)
		f.len(seq)
	}
	f.len(3)
	id(2007, 3)
	if gen >= 2 {
		id(1000, 1)
		id(1000, 2)
		f.len(4)
	}
	f.len(1)
	f.str("group")
	id(1300, 6)
	if gen >= 2 {
		f.len(3)
	}
	when := binary.LittleEndian.AppendUint64(nil, 1700000000123)
	f.len(2)
	for i, e := range [][]byte{streamID(1000, 1), streamID(1300, 6)} {
		f.b = append(append(f.b, e...), when...)
		f.len(i + 1)
	}
	f.len(2)
	for i, e := range [][]byte{streamID(1300, 6), streamID(1000, 1)} {
		f.str(fmt.Sprint("consumer", i))
		f.b = append(f.b, when...)
		if gen >= 3 {
			f.b = append(f.b, when...)
		}
		f.len(1)
		f.b = append(f.b, e...)
	}
}

// small writes one small value of each encoding.
func (f *oldFile) small() {
	words := []string{"", "a", "12", "-5", "300", "70000", "8000000", "5000000000", "some text that is longer than the border of sixty-three bytes, is it not"}
	pairs := paired(words, func(i int) string { return words[len(words)-1-i] })
	f.op(rdb.OpSelectDB, 0)
	f.op(rdb.OpExpire, 0, 0, 0, 0x70)
	f.key(rdb.ObjList, "list")
	f.strs(len(words), words)
	f.key(rdb.ObjSet, "set")
	f.strs(len(words), words)
	f.key(rdb.ObjHash, "hash")
	f.strs(len(words), pairs)
	f.key(rdb.ObjZSet, "zset")
	f.len(3)
	for i, x := range []float64{math.Inf(-1), 1.5, math.Inf(1)} {
		f.str(words[i+1])
		f.score(x)
	}
	f.key(rdb.ObjHashZipmap, "zipmap")
	f.b = rdb.AppendString(f.b, zipmap(pairs), false)
	for _, wide := range []bool{false, true} {
		f.key(rdb.ObjListZiplist, fmt.Sprint("lz", wide))
		f.b = rdb.AppendString(f.b, f.ziplist(words, wide), false)
	}
	f.key(rdb.ObjZSetZiplist, "zz")
	f.b = rdb.AppendString(f.b, f.ziplist([]string{"low", "-inf", "-3", "-3", "a", "0.10000000000000001", "b", "1"}, false), false)
	f.key(rdb.ObjSetIntset, "is2")
	f.packed(intset(2, -32768, -1, 0, 5, 32767))
	f.key(rdb.ObjSetIntset, "is8")
	f.packed(intset(8, math.MinInt64, 0, math.MaxInt64))
	if f.version < 9 {
		return
	}
	f.key(rdb.ObjHashZiplist, "hz")
	f.packed(f.ziplist(pairs, false))
	f.key(rdb.ObjQuicklist, "quick")
	f.len(2)
	f.packed(f.ziplist(words, false))
	f.packed(f.ziplist(words, true))
	f.stream(1, "stream")
}

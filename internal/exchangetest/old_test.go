package exchangetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"berth/internal/persist/rdb"
	"berth/internal/testkit"
)

// words are elements of all lengths and numbers that a packed encoding tells apart.
func oldWords() []string {
	m := newMaker()
	var out []string
	for _, n := range lengths {
		out = append(out, strconv.Itoa(n)+":"+m.words(n))
	}
	return append(out, numbers...)
}

// manyWords are n short ones.
func manyWords(n int) (out []string) {
	for i := range n {
		out = append(out, "e"+strconv.Itoa(i))
	}
	return out
}

// paired puts a value behind each word.
func paired(words []string, value func(i int) string) (out []string) {
	for i, w := range words {
		out = append(out, w, value(i))
	}
	return out
}

// values writes what files of the version could have.
func (f *oldFile) values() {
	words := oldWords()
	f.op(rdb.OpSelectDB, 0)
	if f.version >= 3 {
		f.op(rdb.OpExpireMS, binary.LittleEndian.AppendUint64(nil, 33177117420001)...)
	} else {
		f.op(rdb.OpExpire, 0, 0, 0, 0x70) // the last numbers of seconds that fit are in 2038
	}
	f.key(rdb.ObjString, "expires")
	f.str("v")
	for i, w := range words {
		f.key(rdb.ObjString, fmt.Sprint("str", i))
		f.str(w)
		f.key(rdb.ObjString, fmt.Sprint("packed", i))
		f.packed([]byte(w))
	}
	for _, n := range []int{1, 100, 1000} {
		many := manyWords(n)
		f.key(rdb.ObjList, fmt.Sprint("list", n))
		f.strs(n, many)
		f.key(rdb.ObjSet, fmt.Sprint("set", n))
		f.strs(n, many)
		f.key(rdb.ObjHash, fmt.Sprint("hash", n))
		f.strs(n, paired(many, strconv.Itoa))
		f.key(rdb.ObjZSet, fmt.Sprint("zset", n))
		f.len(n)
		for i, w := range many {
			f.str(w)
			f.score([]float64{0, 1, -1.5, 1e300, math.Inf(1), math.Inf(-1), 0.1}[i%7])
		}
	}
	f.op(rdb.OpSelectDB, 5)
	f.key(rdb.ObjSet, "numbers")
	f.strs(3, []string{"1", "100000", "-5"})
	f.key(rdb.ObjList, "words")
	f.strs(len(words), words)
	if f.version >= 2 {
		f.packedValues(words)
	}
	if f.version >= 4 {
		f.key(rdb.ObjHashZiplist, "hz")
		f.packed(f.ziplist(paired(words, func(i int) string { return words[len(words)-1-i] }), false))
		f.key(rdb.ObjHashZiplist, "hz600")
		f.packed(f.ziplist(paired(manyWords(600), strconv.Itoa), true))
	}
	if f.version >= 7 {
		f.op(rdb.OpAux)
		f.str("redis-ver")
		f.str("3.2.0")
		f.op(rdb.OpResizeDB, 3, 0)
		f.key(rdb.ObjQuicklist, "quick")
		f.len(4)
		for i, part := range [][]string{words, {"alone"}, manyWords(300), words[:5]} {
			f.packed(f.ziplist(part, i%2 == 1))
		}
		f.key(rdb.ObjQuicklist, "quick1")
		f.len(1)
		f.packed(f.ziplist([]string{"1"}, false))
	}
	if f.version >= 8 {
		f.key(rdb.ObjZSet2, "zset2")
		f.len(3)
		for i, x := range []float64{0.1, math.Inf(-1), 1e-320} {
			f.str(strconv.Itoa(i))
			f.b = rdb.AppendDouble(f.b, x)
		}
	}
	if f.version >= 9 {
		f.op(rdb.OpIdle, 0x40, 200)
		f.key(rdb.ObjString, "idle")
		f.str("v")
		f.op(rdb.OpFreq, 77)
		f.key(rdb.ObjString, "freq")
		f.str("v")
		f.stream(1, "stream")
	}
}

// packedValues are the encodings of version 2.
func (f *oldFile) packedValues(words []string) {
	pairs := paired(words, func(i int) string { return words[len(words)-1-i] })
	f.key(rdb.ObjHashZipmap, "zipmap")
	f.packed(zipmap(pairs))
	f.key(rdb.ObjHashZipmap, "zipmap300")
	f.packed(zipmap(paired(manyWords(300), strconv.Itoa)))
	for _, wide := range []bool{false, true} {
		f.key(rdb.ObjListZiplist, fmt.Sprint("lz", wide))
		f.packed(f.ziplist(words, wide))
		f.key(rdb.ObjListZiplist, fmt.Sprint("lz2000", wide))
		f.packed(f.ziplist(manyWords(2000), wide))
		f.key(rdb.ObjZSetZiplist, fmt.Sprint("zz", wide))
		f.packed(f.ziplist([]string{"low", "-inf", "-3", "-3", "a", "0.10000000000000001", "b", "1", "c", "1e+17", strings.Repeat("long", 100), "3e+17", "high", "inf"}, wide))
	}
	f.key(rdb.ObjZSetZiplist, "zz200")
	f.packed(f.ziplist(paired(manyWords(200), strconv.Itoa), false))
	if f.version == 2 {
		f.key(rdb.ObjListZiplist, "lz70000") // more elements than the header counts
		f.packed(f.ziplist(manyWords(70000), false))
	}
	f.key(rdb.ObjSetIntset, "is2")
	f.packed(intset(2, -32768, -1, 0, 5, 32767))
	f.key(rdb.ObjSetIntset, "is4")
	f.packed(intset(4, -40000, 1, 40000))
	f.key(rdb.ObjSetIntset, "is8")
	f.packed(intset(8, math.MinInt64, 0, math.MaxInt64))
	many := make([]int64, 700)
	for i := range many {
		many[i] = int64(i) * 3
	}
	f.key(rdb.ObjSetIntset, "is700")
	f.packed(intset(2, many...))
}

// Files of all old versions, with every encoding there was, mean the same to both
// servers.
func TestOldVersions(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	for version := 1; version <= 9; version++ {
		if testkit.Raced() && version%4 != 1 {
			continue
		}
		t.Run(strconv.Itoa(version), func(t *testing.T) {
			berth, redis := berth, redis
			berth.t, redis.t = t, t
			f := newOldFile(version)
			f.values()
			file := f.end()
			redis.load(file)
			berth.load(file)
			sameState(t, "loaded", redis.state(), berth.state())
			if want, got := redis.digest(), berth.digest(); want != got {
				t.Errorf("the digest is %s, not %s", got, want)
			}
			carry(t, berth, redis)
		})
	}
}

// The three generations of streams are told apart.
func TestStreamGenerations(t *testing.T) {
	t.Parallel()
	berth, redis := servers(t)
	for gen := 1; gen <= 2; gen++ {
		f := newOldFile(8 + gen)
		f.stream(gen, "s")
		redis.load(f.end())
		berth.load(f.end())
		sameState(t, fmt.Sprint("generation ", gen), redis.state(), berth.state())
	}
	want := berth.state()
	f := newOldFile(11)
	f.stream(3, "s")
	berth.load(f.end())
	sameState(t, "generation 3", want, berth.state())
	r := berth.must("XINFO", "STREAM", "s", "FULL")
	if text := strings.Join(stream(nil, &r), " "); strings.Count(text, "1700000000123") != 6 {
		t.Errorf("times are lost: %s", text)
	}
	raw := string(berth.must("XINFO", "STREAM", "s", "FULL").Raw)
	if n := strings.Count(raw, "active-time\r\n:1700000000123\r\n"); n != 2 {
		t.Errorf("%d consumers have the time when they got something:\n%q", n, raw)
	}
}

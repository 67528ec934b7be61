package exchangetest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"berth/internal/testkit"
)

// maker makes the commands that make values.
type maker struct {
	src  *rand.ChaCha8
	rng  *rand.Rand
	cmds [][]string
}

func newMaker() *maker {
	src := rand.NewChaCha8([32]byte{})
	return &maker{src: src, rng: rand.New(src)}
}

func (m *maker) add(args ...string) { m.cmds = append(m.cmds, args) }

// noise is n bytes that no compression makes shorter.
func (m *maker) noise(n int) string {
	b := make([]byte, n)
	_, _ = m.src.Read(b) // it never fails
	return string(b)
}

// words is n bytes of text that repeats itself here and there.
func (m *maker) words(n int) string {
	var b strings.Builder
	for b.Len() < n {
		fmt.Fprintf(&b, "%s %d ", []string{"lorem", "ipsum", "dolor", "sit"}[m.rng.IntN(4)], m.rng.IntN(100))
	}
	return b.String()[:n]
}

// numbers are around the borders of the encodings of whole numbers, and some are
// none although they look it.
var numbers = []string{
	"0", "1", "-1", "12", "13", "127", "128", "-128", "-129", "255", "256", "4095", "4096", "-4096", "8191", "8192", "32767", "32768", "-32768", "-32769",
	"65535", "65536", "8388607", "8388608", "-8388608", "-8388609", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967296",
	"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "00", "+1", " 1", "1 ", "1.5", "0x10", "1e3",
}

// lengths are around the borders of the encodings of lengths, and of what is
// compressed.
var lengths = []int{0, 1, 10, 11, 12, 19, 20, 21, 22, 43, 44, 45, 63, 64, 65, 127, 128, 254, 255, 256, 4095, 4096, 4097, 16383, 16384, 16385, 70000}

// counts are around the borders at which values of many elements change their
// encoding.
var counts = func() []int {
	all := []int{1, 2, 127, 128, 129, 511, 512, 513, 3000}
	if testkit.Raced() {
		return all[:5]
	}
	return all
}()

// everything makes values of all types in all encodings, in the selected database.
func everything() [][]string {
	m := newMaker()
	m.strings()
	m.lists()
	m.sets()
	m.hashes()
	m.sortedSets()
	m.streams()
	return m.cmds
}

func (m *maker) strings() {
	for _, n := range numbers {
		m.add("SET", "str:n:"+n, n)
		m.add("SET", n, "a key that looks like a number")
	}
	for _, n := range lengths {
		m.add("SET", fmt.Sprint("str:noise:", n), m.noise(n))
		m.add("SET", fmt.Sprint("str:words:", n), m.words(n))
		m.add("SET", fmt.Sprint("str:same:", n), strings.Repeat("x", n))
	}
	m.add("SET", "", "the empty key")
	m.add("SET", m.noise(100), "a key of bytes")
	m.add("SET", strings.Repeat("long key ", 3000), "a long key")
	m.add("SETBIT", "str:bits", "100000", "1")
	sparse, dense := []string{"PFADD", "str:sparse"}, []string{"PFADD", "str:dense"}
	for i := range 5000 {
		if i < 50 {
			sparse = append(sparse, strconv.Itoa(i))
		}
		dense = append(dense, strconv.Itoa(i))
	}
	m.add(sparse...)
	m.add(dense...)
	m.add("SETEX", "str:soon", "1000", "v")
	m.add("SET", "str:late", "v", "PXAT", "33177117420001")
	m.add("SET", "str:latest", "v", "PXAT", "4611686018427387904")
}

func (m *maker) lists() {
	for _, n := range numbers {
		m.add("RPUSH", "list:numbers", n)
		m.add("LPUSH", "list:numbers", n)
	}
	for _, n := range lengths {
		m.add("RPUSH", fmt.Sprint("list:one:", n), m.noise(n))
		m.add("RPUSH", "list:lengths", m.words(n), m.noise(n))
	}
	for _, n := range counts {
		ints, texts := []string{"RPUSH", fmt.Sprint("list:ints:", n)}, []string{"RPUSH", fmt.Sprint("list:texts:", n)}
		for i := range n {
			ints = append(ints, strconv.Itoa(i*i*i))
			texts = append(texts, m.words(i%90))
		}
		m.add(ints...)
		m.add(texts...)
	}
	// Around the size of a node, 8 KiB.
	for _, n := range []int{4000, 8150, 8180, 8190, 8191, 8192, 8193, 9000} {
		m.add("RPUSH", fmt.Sprint("list:node:", n), m.noise(n), "b", m.noise(n), m.words(n))
	}
	m.add("EXPIRE", "list:numbers", "100000")
}

func (m *maker) sets() {
	for _, n := range counts {
		for i, size := range []int64{100, 10000, 100000000, 1 << 50} {
			args := []string{"SADD", fmt.Sprint("set:ints:", n, ":", i)}
			for j := range n {
				args = append(args, strconv.FormatInt((int64(j)-int64(n/2))*(size/int64(n)+1), 10))
			}
			m.add(args...)
		}
		args := []string{"SADD", fmt.Sprint("set:texts:", n)}
		for i := range n {
			args = append(args, fmt.Sprint("member ", i))
		}
		m.add(args...)
	}
	for _, n := range lengths {
		m.add("SADD", fmt.Sprint("set:one:", n), m.noise(n))
		m.add("SADD", fmt.Sprint("set:mixed:", n), m.words(n), "1", "70000", "-5")
	}
	m.add(append([]string{"SADD", "set:numbers"}, numbers...)...)
}

func (m *maker) hashes() {
	for _, n := range counts {
		args := []string{"HSET", fmt.Sprint("hash:", n)}
		for i := range n {
			args = append(args, fmt.Sprint("field ", i), strconv.Itoa(i*i))
		}
		m.add(args...)
	}
	for i, n := range lengths {
		m.add("HSET", fmt.Sprint("hash:one:", n), m.noise(n), m.words(n))
		m.add("HSET", fmt.Sprint("hash:few:", n), "a", m.noise(n), m.words(n), "1", "b", numbers[i])
	}
	for _, n := range numbers {
		m.add("HSET", "hash:numbers", n, n)
	}
}

// scores are doubles of all sorts.
var scores = []string{"0", "-0", "1", "-1", "0.1", "3.3333333333333335", "1e300", "-1e-300", "5e-324", "1.7976931348623157e308", "inf", "-inf", "9007199254740993", "1e17", "123456789.25"}

func (m *maker) sortedSets() {
	for _, n := range []int{1, 2, 127, 128, 129, 3000} {
		args := []string{"ZADD", fmt.Sprint("zset:", n)}
		for i := range n {
			args = append(args, scores[i%len(scores)], fmt.Sprint("member ", i))
		}
		m.add(args...)
	}
	for i, n := range lengths {
		m.add("ZADD", fmt.Sprint("zset:one:", n), scores[i%len(scores)], m.noise(n))
		m.add("ZADD", fmt.Sprint("zset:few:", n), "1", m.words(n), "2", "1", "3", numbers[i])
	}
	m.add("GEOADD", "zset:geo", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania")
}

func (m *maker) streams() {
	for _, n := range []int{1, 99, 100, 101, 350} {
		same, other := fmt.Sprint("stream:same:", n), fmt.Sprint("stream:other:", n)
		for i := range n {
			id := fmt.Sprintf("%d-%d", 1000+i/3, i%3+1)
			m.add("XADD", same, id, "field", strconv.Itoa(i), "text", m.words(i%70))
			m.add("XADD", other, id, "f"+strconv.Itoa(i%7), m.noise(i%30))
		}
		m.add("XDEL", same, "1000-1", "1010-2", "1033-1")
		m.add("XTRIM", other, "MAXLEN", strconv.Itoa(n*2/3))
		m.groups(same, n)
	}
	m.add("XADD", "stream:emptied", "5-5", "f", "v")
	m.add("XDEL", "stream:emptied", "5-5")
	m.add("XGROUP", "CREATE", "stream:new", "g", "$", "MKSTREAM")
	m.add("XADD", "stream:far", "18446744073709551614-18446744073709551615", "f", "v")
	m.add("XADD", "stream:big", "1-1", "f", m.noise(5000), "g", m.words(5000))
	m.add("XADD", "stream:set", "7-7", "f", "v")
	m.add("XSETID", "stream:set", "900-1", "ENTRIESADDED", "400", "MAXDELETEDID", "800-3")
}

// groups makes consumer groups of a stream, with all that they can have.
func (m *maker) groups(key string, n int) {
	m.add("XGROUP", "CREATE", key, "untouched", "0")
	m.add("XGROUP", "CREATE", key, "last", "$")
	m.add("XGROUP", "CREATE", key, "read", "0", "ENTRIESREAD", "1")
	m.add("XGROUP", "CREATECONSUMER", key, "read", "idle")
	m.add("XREADGROUP", "GROUP", "read", "a", "COUNT", strconv.Itoa(n/2+1), "STREAMS", key, ">")
	m.add("XREADGROUP", "GROUP", "read", m.noise(20), "COUNT", "5", "STREAMS", key, ">")
	m.add("XACK", key, "read", "1001-1", "1002-3")
	m.add("XCLAIM", key, "read", "b", "0", "1003-1", "1003-2", "TIME", "1700000000000", "RETRYCOUNT", "7", "FORCE")
	m.add("XDEL", key, "1003-2", "1004-1") // what is pending stays so
	m.add("XGROUP", "CREATE", key, "middle", "1005-2")
	m.add("XREADGROUP", "GROUP", "middle", "c", "NOACK", "COUNT", "3", "STREAMS", key, ">")
}

package ds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"berth/internal/mem"
)

// trieModel is a trie beside what it should be: keys in order, and their values.
type trieModel struct {
	t      testing.TB
	heap   mem.Shared
	stock  mem.Stock
	trie   Trie
	keys   []string
	values map[string]uintptr
}

func newTrieModel(t testing.TB) *trieModel {
	return &trieModel{t: t, values: map[string]uintptr{}}
}

func (m *trieModel) set(key string, value uintptr, replace bool) {
	m.t.Helper()
	got := m.trie.Set(&m.stock, []byte(key), value, replace)
	if got == Short {
		m.trie.Supply(&m.stock, &m.heap, []byte(key), len(key)%3 == 0)
		got = m.trie.Set(&m.stock, []byte(key), value, replace)
	}
	_, have := m.values[key]
	want := Added
	if have {
		want = Found
	} else {
		i := sort.SearchStrings(m.keys, key)
		m.keys = slices.Insert(m.keys, i, key)
	}
	if got != want {
		m.t.Fatalf("Set(%q) is %d, want %d", key, got, want)
	}
	if !have || replace {
		m.values[key] = value
	}
}

func (m *trieModel) delete(key string) {
	m.t.Helper()
	_, have := m.values[key]
	losses := m.trie.Losses()
	ok := m.trie.Delete(&m.stock, []byte(key))
	if ok != have {
		m.t.Fatalf("Delete(%q) is %v", key, ok)
	}
	if ok != (m.trie.Losses() != losses) {
		m.t.Fatalf("Delete(%q) is %v and counted %d losses", key, ok, m.trie.Losses()-losses)
	}
	if have {
		delete(m.values, key)
		i := sort.SearchStrings(m.keys, key)
		m.keys = slices.Delete(m.keys, i, i+1)
	}
	if m.stock.Over() {
		m.heap.Trim(&m.stock, true)
	}
}

func leafText(l *TrieLeaf) string {
	if l == nil {
		return "none"
	}
	return fmt.Sprintf("%q=%d", l.Key(), l.Value)
}

func (m *trieModel) textAt(i int) string {
	if i < 0 || i >= len(m.keys) {
		return "none"
	}
	return fmt.Sprintf("%q=%d", m.keys[i], m.values[m.keys[i]])
}

// look compares what is known of a key, there or not.
func (m *trieModel) look(key string) {
	m.t.Helper()
	i := sort.SearchStrings(m.keys, key)
	same, after := "none", i
	if _, have := m.values[key]; have {
		same, after = m.textAt(i), i+1
	}
	if got := leafText(m.trie.Find([]byte(key))); got != same {
		m.t.Fatalf("Find(%q) is %s, want %s", key, got, same)
	}
	b, l, a := m.trie.Around([]byte(key))
	got := [3]string{leafText(b), leafText(l), leafText(a)}
	if want := [3]string{m.textAt(i - 1), same, m.textAt(after)}; got != want {
		m.t.Fatalf("Around(%q) is %s, want %s", key, got, want)
	}
}

// check walks over all of it.
func (m *trieModel) check() {
	m.t.Helper()
	if m.trie.Len() != len(m.keys) {
		m.t.Fatalf("%d keys, want %d", m.trie.Len(), len(m.keys))
	}
	l, bytes := m.trie.First(), 0
	for i := range m.keys {
		if got := leafText(l); got != m.textAt(i) {
			m.t.Fatalf("key %d is %s, want %s", i, got, m.textAt(i))
		}
		bytes += leafBytes(len(m.keys[i]))
		l = l.Next()
	}
	if l != nil {
		m.t.Fatalf("%s follows the last key", leafText(l))
	}
	for i, l := len(m.keys)-1, m.trie.Last(); i >= 0 || l != nil; i, l = i-1, l.Prev() {
		if got := leafText(l); got != m.textAt(i) {
			m.t.Fatalf("backwards, key %d is %s, want %s", i, got, m.textAt(i))
		}
	}
	if m.trie.root != 0 {
		bytes += m.checkBranch(m.trie.root, -1)
	}
	if m.trie.Bytes() != bytes {
		m.t.Fatalf("%d bytes, want %d", m.trie.Bytes(), bytes)
	}
}

// checkBranch looks at the branches below p and returns how many bytes they take.
func (m *trieModel) checkBranch(p uintptr, above int) int {
	if !isBranch(p) {
		return 0
	}
	b := branchAt(p)
	if int(b.nibble()) <= above || b.len() < 2 || b.len() > b.room() || b.room() > branchValues {
		m.t.Fatalf("a branch of half byte %d below %d has %d children and room for %d", b.nibble(), above, b.len(), b.room())
	}
	sum := branchBytes(b.room())
	for i := range b.len() {
		sum += m.checkBranch(*b.kid(i), int(b.nibble()))
	}
	return sum
}

// done gives all memory back.
func (m *trieModel) done() {
	m.t.Helper()
	m.trie.Free(&m.stock, &m.heap)
	m.heap.Trim(&m.stock, false)
	if m.heap.Used() != 0 || m.trie.Len() != 0 || m.trie.Bytes() != 0 {
		m.t.Fatalf("freed, %d bytes are in use, %d keys and %d bytes counted", m.heap.Used(), m.trie.Len(), m.trie.Bytes())
	}
	m.heap.Close()
}

// TestTrie sets, deletes and seeks keys of several kinds at random.
func TestTrie(t *testing.T) {
	words := []func(*rand.Rand) string{
		func(r *rand.Rand) string { return fmt.Sprintf("k%03d", r.IntN(1000)) },
		func(r *rand.Rand) string { return strings.Repeat("a", r.IntN(200)) },
		func(r *rand.Rand) string {
			return strings.Repeat("\x00", r.IntN(6)) + strings.Repeat("\xff", r.IntN(6))
		},
		func(r *rand.Rand) string { return string([]byte{byte(r.IntN(256)), byte(r.IntN(256))}[:r.IntN(3)]) },
		func(r *rand.Rand) string {
			return "a prefix that all have " + strings.Repeat(fmt.Sprint(r.IntN(20)), 1+r.IntN(9)) + strings.Repeat("x", r.IntN(2)*500)
		},
		func(r *rand.Rand) string {
			b := make([]byte, r.IntN(5))
			for i := range b {
				b[i] = "\x00\x01\x10\x11\xff"[r.IntN(5)]
			}
			return string(b)
		},
	}
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		m := newTrieModel(t)
		for i := range 6000 {
			key := words[(int(seed)+rnd.IntN(1+int(seed%3)))%len(words)](rnd)
			switch n := rnd.IntN(10); {
			case n < 4+2*(i/1000%2):
				m.set(key, uintptr(i), rnd.IntN(2) == 0)
			case n < 8:
				m.delete(key)
			default:
				m.look(key)
			}
			if i%500 == 0 {
				m.check()
			}
		}
		m.check()
		m.done()
	}
}

// TestTrieShort has a stock that lacks what is needed: nothing changes.
func TestTrieShort(t *testing.T) {
	m := newTrieModel(t)
	short := func(key string) {
		t.Helper()
		if got := m.trie.Set(&m.stock, []byte(key), 1, true); got != Short {
			t.Fatalf("Set(%q) is %d", key, got)
		}
		m.heap.Trim(&m.stock, false)
		m.check()
	}
	short("the first")
	m.set("ab", 1, false)
	m.heap.Trim(&m.stock, false)
	short("ac") // no leaf
	m.heap.Fill(&m.stock, leafBytes(30), false)
	short(strings.Repeat("x", 30)) // no branch for two
	for i := range 3 {
		m.set(string([]byte{'a', 'c' + byte(i)}), 1, false)
		m.heap.Trim(&m.stock, false)
		if branchAt(m.trie.root).room() == branchAt(m.trie.root).len() {
			m.heap.Fill(&m.stock, leafBytes(30), false)
			short("ao" + strings.Repeat("x", 28)) // none for one more
		}
	}
	m.done()
}

// FuzzTrie reads operations from bytes: a length, an operation and a key each.
func FuzzTrie(f *testing.F) {
	f.Add([]byte("\x02\x00ab\x03\x00abc\x00\x00\x02\x01ab\x02\x02ab\x01\x03a"))
	f.Add([]byte("\x01\x00\x00\x02\x00\x00\x00\x02\x00\x00\x01\x01\x02\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		m := newTrieModel(t)
		for i := 0; len(in) >= 2; i++ {
			n, what := min(int(in[0]), len(in)-2), in[1]
			key := string(in[2 : 2+n])
			in = in[2+n:]
			switch what % 4 {
			case 0:
				m.set(key, uintptr(i), false)
			case 1:
				m.set(key, uintptr(i), true)
			case 2:
				m.delete(key)
			default:
				m.look(key)
			}
		}
		m.check()
		m.done()
	})
}

func BenchmarkTrieFind(b *testing.B) {
	for _, n := range []int{1000, 1000000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var h mem.Shared
			var s mem.Stock
			var t Trie
			keys := make([][]byte, n)
			for i := range keys {
				keys[i] = fmt.Appendf(nil, "k%03d", i)
				for t.Set(&s, keys[i], 1, true) == Short {
					t.Supply(&s, &h, keys[i], true)
				}
			}
			rand.Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			b.Logf("%d bytes a key", t.Bytes()/n)
			for i := 0; b.Loop(); i++ {
				if t.Find(keys[i%n]) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

package ds

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"berth/internal/mem"
)

// member makes a KindMember entry.
func member(h *mem.Heap, key string) unsafe.Pointer {
	p := h.Alloc(memberSize(key))
	b := mem.Bytes(p, memberSize(key))
	if len(key) < LongKey {
		b[0] = byte(len(key))
		copy(b[1:], key)
	} else {
		b[0] = LongKey
		*(*uint64)(unsafe.Add(p, 8)) = uint64(len(key))
		copy(b[16:], key)
	}
	return p
}

func memberSize(key string) int {
	if len(key) < LongKey {
		return 1 + len(key)
	}
	return 16 + len(key)
}

// fixture is a table with a model of what is in it.
type fixture struct {
	t     *testing.T
	h     *mem.Heap
	tab   Table
	model map[string]unsafe.Pointer
	keys  []string // of the model, in no order
	index map[string]int
}

func newFixture(t *testing.T) *fixture {
	return &fixture{t: t, h: mem.New(), tab: Table{Kind: KindMember}, model: map[string]unsafe.Pointer{}, index: map[string]int{}}
}

func (f *fixture) insert(key string) {
	p := member(f.h, key)
	f.tab.Insert(f.h, Hash([]byte(key)), p)
	f.model[key] = p
	f.index[key] = len(f.keys)
	f.keys = append(f.keys, key)
}

func (f *fixture) delete(key string) {
	p := f.tab.Delete(f.h, Hash([]byte(key)), []byte(key))
	if p != f.model[key] {
		f.t.Fatalf("Delete(%.20q) = %p, want %p", key, p, f.model[key])
	}
	f.forget(key)
}

// forget frees the entry of a key that is out of the table.
func (f *fixture) forget(key string) {
	f.h.Free(f.model[key], memberSize(key))
	delete(f.model, key)
	i, last := f.index[key], f.keys[len(f.keys)-1]
	f.keys[i], f.index[last] = last, i
	f.keys = f.keys[:len(f.keys)-1]
	delete(f.index, key)
}

// close empties the table and checks that nothing is left of it.
func (f *fixture) close() {
	for len(f.keys) > 0 {
		f.delete(f.keys[0])
	}
	f.tab.Free(f.h)
	if f.h.Used() != 0 {
		f.t.Errorf("%d bytes in %d blocks are left", f.h.Used(), f.h.Blocks())
	}
	f.h.Close()
}

func key(rnd *rand.Rand, span int) string {
	k := fmt.Sprint(rnd.IntN(span))
	if k[0] == '7' {
		// Some keys are long.
		k += string(make([]byte, 240+rnd.IntN(2)*20))
	}
	return k
}

func TestTableAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	f := newFixture(t)
	for i := range 300_000 {
		// The size swings, so that the table grows and shrinks.
		grow := i/50_000%2 == 0
		k := key(rnd, 100_000)
		if !grow && len(f.keys) > 0 && rnd.IntN(4) > 0 {
			k = f.keys[rnd.IntN(len(f.keys))]
		}
		p, have := f.model[k]
		if got := f.tab.Find(Hash([]byte(k)), []byte(k)); got != p {
			t.Fatalf("step %d: Find(%.20q) = %p, want %p", i, k, got, p)
		}
		switch {
		case !have && (grow || rnd.IntN(4) == 0):
			f.insert(k)
		case have && rnd.IntN(8) == 0:
			// The entry moves.
			q := member(f.h, k)
			f.tab.Replace(Hash([]byte(k)), p, q)
			f.h.Free(p, memberSize(k))
			f.model[k] = q
		case have && (!grow || rnd.IntN(3) == 0):
			if rnd.IntN(2) == 0 {
				f.delete(k)
			} else if f.tab.Remove(f.h, Hash([]byte(k)), p) {
				f.forget(k)
			} else {
				t.Fatalf("step %d: %.20q cannot be removed", i, k)
			}
		}
		if f.tab.Len() != len(f.model) {
			t.Fatalf("step %d: %d entries, want %d", i, f.tab.Len(), len(f.model))
		}
		if i%25_000 == 0 {
			seen := map[string]bool{}
			f.tab.Each(func(p unsafe.Pointer) bool { seen[string(KindMember.Key(p))] = true; return true })
			if len(seen) != len(f.model) {
				t.Fatalf("step %d: Each gives %d entries, want %d", i, len(seen), len(f.model))
			}
		}
	}
	f.close()
}

// TestScanGuarantee scans while the table changes size in both directions. An
// entry that is there throughout is given.
func TestScanGuarantee(t *testing.T) {
	for run := range 120 {
		rnd := rand.New(rand.NewPCG(uint64(run), 7))
		f := newFixture(t)
		scan := f.tab.Scan
		if run >= 60 {
			scan = f.gather
		}
		stay := map[string]bool{}
		for i := range rnd.IntN(3000) {
			k := fmt.Sprint("stay", i)
			f.insert(k)
			stay[k] = true
		}
		for i := range rnd.IntN(20_000) {
			f.insert(fmt.Sprint("go", i))
		}
		var cursor uint64
		n, calls := 0, 0
		for {
			cursor = scan(cursor, func(p unsafe.Pointer) {
				k := string(KindMember.Key(p))
				delete(stay, k)
				if k[0] == 'g' && rnd.IntN(2) == 0 {
					f.delete(k) // the entry that was given may go
				}
			})
			if calls++; cursor == 0 {
				break
			}
			// A step a bucket at most: growth must not outrun the scan.
			for range rnd.IntN(6) {
				if run%2 == 0 {
					n++
					f.insert(fmt.Sprint("new", n))
				} else if k := f.keys[rnd.IntN(len(f.keys))]; k[0] != 's' {
					f.delete(k)
				}
			}
		}
		if len(stay) > 0 {
			t.Errorf("run %d: %d entries were never given, in %d calls", run, len(stay), calls)
		}
		f.close()
	}
}

// gather is Scan by Gather.
func (f *fixture) gather(cursor uint64, fn func(unsafe.Pointer)) uint64 {
	got, cursor := f.tab.Gather(cursor, nil)
	for _, p := range got {
		fn(p)
	}
	return cursor
}

// TestDeleteDuringEach empties a table from within an iteration.
func TestDeleteDuringEach(t *testing.T) {
	f := newFixture(t)
	for i := range 5000 {
		f.insert(fmt.Sprint(i))
	}
	f.tab.Each(func(p unsafe.Pointer) bool {
		f.delete(string(KindMember.Key(p)))
		return true
	})
	if f.tab.Len() != 0 {
		t.Errorf("%d entries are left", f.tab.Len())
	}
	for i := range 100 {
		f.insert(fmt.Sprint(i))
	}
	f.close()
}

func TestTableRandom(t *testing.T) {
	f := newFixture(t)
	if f.tab.Random() != nil {
		t.Error("an empty table has a random entry")
	}
	const n = 100
	for i := range n {
		f.insert(fmt.Sprint(i))
	}
	hits := map[string]int{}
	for range n * 200 {
		hits[string(KindMember.Key(f.tab.Random()))]++
	}
	for i := range n {
		if h := hits[fmt.Sprint(i)]; h < 100 || h > 320 {
			t.Errorf("entry %d was drawn %d times, want about 200", i, h)
		}
	}
	// A sparse table still answers.
	f.tab.Hold()
	for i := 1; i < n; i++ {
		f.delete(fmt.Sprint(i))
	}
	if got := string(KindMember.Key(f.tab.Random())); got != "0" {
		t.Errorf("got %q", got)
	}
	f.tab.Release()
	f.close()
}

func TestReserve(t *testing.T) {
	f := newFixture(t)
	f.tab.Reserve(f.h, 10_000)
	b := f.tab.arrays[0].buckets()
	for i := range 10_000 {
		f.insert(fmt.Sprint(i))
	}
	if f.tab.Resizing() || f.tab.arrays[0].buckets() != b {
		t.Errorf("the table grew from %d buckets to %d", b, f.tab.arrays[0].buckets())
	}
	f.close()
}

// TestKinds reads keys of every kind and length.
func TestKinds(t *testing.T) {
	for _, n := range []int{0, 1, 254, 255, 256, 70_000} {
		key := make([]byte, n)
		for i := range key {
			key[i] = byte(i)
		}
		var long uint8
		short := byte(n)
		if n >= LongKey {
			long, short = FlagLong, LongKey
		}
		for flags := range uint8(4) {
			flags |= long
			for kind, off := range map[Kind]int{
				KindEntry: EntryKeyOffset(flags), KindField: FieldKeyOffset(flags),
				KindMember: 1 + 15*int(long/FlagLong), KindScored: 9 + 15*int(long/FlagLong),
			} {
				words := make([]uint64, (off+n+15)/8)
				p := unsafe.Pointer(&words[0])
				b := unsafe.Slice((*byte)(p), len(words)*8)
				switch kind {
				case KindEntry:
					b[4], b[5] = flags, short
				case KindField:
					b[0], b[1] = flags, short
				case KindMember:
					b[0] = short
				case KindScored:
					b[8] = short
				}
				if long != 0 {
					*(*uint64)(unsafe.Add(p, off-8)) = uint64(n)
				}
				copy(b[off:], key)
				if got := kind.Key(p); string(got) != string(key) {
					t.Errorf("kind %d, flags %d, %d bytes: got %d bytes", kind, flags, n, len(got))
				}
				if !kind.isKey(p, key) || kind.isKey(p, append(key[:n:n], 1)) {
					t.Errorf("kind %d, flags %d, %d bytes: isKey is wrong", kind, flags, n)
				}
			}
		}
	}
}

func BenchmarkTableFind(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := mem.New()
			defer h.Close()
			tab := Table{Kind: KindMember}
			keys := make([][]byte, n)
			for i := range keys {
				keys[i] = fmt.Appendf(nil, "key:%012d", i)
				tab.Insert(h, Hash(keys[i]), member(h, string(keys[i])))
			}
			rand.Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			b.ReportMetric(float64(tab.Bytes())/float64(n), "bytes/entry")
			b.ResetTimer()
			for i := range b.N {
				k := keys[i%n]
				if tab.Find(Hash(k), k) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}

func BenchmarkTableInsert(b *testing.B) {
	h := mem.New()
	defer h.Close()
	tab := Table{Kind: KindMember}
	p := make([]unsafe.Pointer, b.N)
	for i := range p {
		p[i] = member(h, fmt.Sprintf("key:%012d", i))
	}
	b.ResetTimer()
	for i := range p {
		k := KindMember.Key(p[i])
		tab.Insert(h, Hash(k), p[i])
	}
}

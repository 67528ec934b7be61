package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"berth/internal/mem"
)

// resident is the process's resident memory in bytes, 0 where it is not known.
func resident() int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
	return pages * os.Getpagesize()
}

// keyOf writes the 16-byte key number i to b.
func keyOf(b []byte, i int) []byte {
	copy(b, "key:000000000000")
	for j := 15; i > 0; j-- {
		b[j] = byte('0' + i%10)
		i /= 10
	}
	return b
}

func fill(db *DB, n int) {
	key, val := make([]byte, 16), make([]byte, 32)
	for i := range n {
		binary.LittleEndian.PutUint64(val, uint64(i)|0xff<<56)
		db.SetString(keyOf(key, i), val, false)
	}
}

// BenchmarkMillion is the store with a million keys of 16 bytes and values of
// 32, in random order, so that neither bucket nor entry is in the cache.
func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	before := resident()
	db := New(nil)
	defer db.Close()
	fill(db, n)
	perKey := float64(resident()-before) / n
	key, val := make([]byte, 16), make([]byte, 32)
	b.Run("get", func(b *testing.B) {
		rnd := rand.New(rand.NewPCG(1, 2))
		sum := 0
		for range b.N {
			e := db.Find(keyOf(key, rnd.IntN(n)))
			sum += len(e.Bytes(nil))
		}
		b.ReportMetric(perKey, "RSS-B/key")
		b.ReportMetric(float64(db.Used())/n, "B/key")
		_ = sum
	})
	b.Run("set", func(b *testing.B) {
		rnd := rand.New(rand.NewPCG(1, 2))
		for range b.N {
			db.SetString(keyOf(key, rnd.IntN(n)), val, false)
		}
	})
	b.Run("keygen", func(b *testing.B) {
		// What the loops above spend on making keys.
		rnd := rand.New(rand.NewPCG(1, 2))
		for range b.N {
			keyOf(key, rnd.IntN(n))
		}
	})
	b.Run("gc", func(b *testing.B) {
		for range b.N {
			runtime.GC()
		}
	})
}

func BenchmarkSetNew(b *testing.B) {
	db := New(nil)
	defer db.Close()
	fill(db, b.N)
}

// TestMemory holds the store to its promise: at most 100 bytes of resident
// memory for a key of 16 bytes with a value of 32.
func TestMemory(t *testing.T) {
	if resident() == 0 {
		t.Skip("no /proc")
	}
	for _, n := range []int{400_000, 1_000_000} {
		before := resident()
		db := New(nil)
		fill(db, n)
		perKey := float64(resident()-before) / float64(n)
		if perKey > 100 && !mem.Invariants {
			t.Errorf("%d keys: %.1f bytes each", n, perKey)
		}
		t.Logf("%d keys: %.1f bytes resident each, %.1f allocated", n, perKey, float64(db.Used())/float64(n))
		db.Close()
	}
}

// BenchmarkWorstSet shows the slowest of many inserts: growth is spread out.
func BenchmarkWorstSet(b *testing.B) {
	for range b.N {
		db := New(nil)
		key, val := make([]byte, 16), make([]byte, 32)
		var worst time.Duration
		for i := range 1_000_000 {
			keyOf(key, i)
			start := time.Now()
			db.SetString(key, val, false)
			worst = max(worst, time.Since(start))
		}
		b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
		db.Close()
	}
}

func ExampleDB() {
	db := New(nil)
	defer db.Close()
	e := db.SetString([]byte("greeting"), []byte("hello"), false)
	e = db.AppendString(e, []byte(", world"))
	fmt.Printf("%s %v\n", e.Bytes(nil), e.Encoding())
	// Output: hello, world raw
}

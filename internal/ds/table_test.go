package ds

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// TestTableAgainstMap runs random operations on a table and on a map.
func TestTableAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	tab, model := NewTable[int](), map[string]int{}
	for i := range 200_000 {
		// The size swings, so that the table grows and shrinks.
		span := 20_000
		if i/20_000%2 == 1 {
			span = 50
		}
		key := []byte(fmt.Sprint(rnd.IntN(span)))
		switch e := tab.Find(key); {
		case rnd.IntN(3) == 0 || span == 50 && rnd.IntN(2) == 0:
			if span == 50 && len(model) > 0 {
				for k := range model {
					key = []byte(k)
					break
				}
			}
			_, want := model[string(key)]
			delete(model, string(key))
			if got := tab.Delete(key) != nil; got != want {
				t.Fatalf("step %d: Delete(%s) is %v", i, key, got)
			}
		case e != nil:
			if model[string(key)] != e.Value {
				t.Fatalf("step %d: %s is %d, want %d", i, key, e.Value, model[string(key)])
			}
			e.Value, model[string(key)] = i, i
		default:
			if _, ok := model[string(key)]; ok {
				t.Fatalf("step %d: %s is lost", i, key)
			}
			tab.Insert(key, i)
			model[string(key)] = i
		}
		if tab.Len() != len(model) {
			t.Fatalf("step %d: %d entries, want %d", i, tab.Len(), len(model))
		}
	}
	seen := map[string]bool{}
	tab.Each(func(e *Entry[int]) bool { seen[e.Key()] = true; return true })
	if len(seen) != len(model) {
		t.Errorf("Each saw %d of %d", len(seen), len(model))
	}
}

// TestScanGuarantee checks that a scan returns every key that is there from its
// beginning to its end, while others come and go and the table resizes.
func TestScanGuarantee(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		tab := NewTable[int]()
		stay := 1 + rnd.IntN(300)
		for i := range stay {
			tab.Insert([]byte(fmt.Sprint("stay", i)), i)
		}
		seen := map[string]bool{}
		other := 0
		for cursor := uint64(0); ; {
			cursor = tab.Scan(cursor, func(e *Entry[int]) { seen[e.Key()] = true })
			if cursor == 0 {
				break
			}
			for range rnd.IntN(40) {
				if rnd.IntN(2) == int(seed%2) {
					tab.Insert([]byte(fmt.Sprint("other", other)), 0)
					other++
				} else if other > 0 {
					tab.Delete([]byte(fmt.Sprint("other", rnd.IntN(other))))
				}
			}
			if rnd.IntN(30) == 0 {
				for i := range other {
					tab.Delete([]byte(fmt.Sprint("other", i)))
				}
			}
		}
		for i := range stay {
			if !seen[fmt.Sprint("stay", i)] {
				t.Fatalf("seed %d: stay%d of %d was not returned", seed, i, stay)
			}
		}
	}
}

// TestListAgainstSlice runs random operations on a list and on a slice.
func TestListAgainstSlice(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	l, model := &List{}, []string{}
	for i := range 30_000 {
		item := fmt.Sprint(i)
		switch n := len(model); rnd.IntN(8) {
		case 0:
			l.PushFront([]byte(item))
			model = append([]string{item}, model...)
		case 1, 2:
			l.PushBack([]byte(item))
			model = append(model, item)
		case 3:
			at := rnd.IntN(n + 1)
			l.Insert(at, []byte(item))
			model = append(model[:at], append([]string{item}, model[at:]...)...)
		case 4, 5:
			if n > 0 {
				at := rnd.IntN(n)
				if got := string(l.Delete(at)); got != model[at] {
					t.Fatalf("step %d: Delete(%d) is %s, want %s", i, at, got, model[at])
				}
				model = append(model[:at], model[at+1:]...)
			}
		case 6:
			if n > 0 {
				at := rnd.IntN(n)
				l.Set(at, []byte(item))
				model[at] = item
			}
		case 7:
			if n > 600 {
				l.Trim(100, n-100)
				model = append([]string{}, model[100:n-99]...)
			}
		}
		if l.Len() != len(model) {
			t.Fatalf("step %d: %d items, want %d", i, l.Len(), len(model))
		}
		if len(model) > 0 {
			at := rnd.IntN(len(model))
			if got := string(l.At(at)); got != model[at] {
				t.Fatalf("step %d: item %d is %s, want %s", i, at, got, model[at])
			}
		}
	}
	bytes := 0
	l.Each(len(model)-1, false, func(i int, item []byte) bool {
		if string(item) != model[i] {
			t.Fatalf("backwards: item %d is %s, want %s", i, item, model[i])
		}
		bytes += len(item)
		return true
	})
	if bytes != l.Bytes() {
		t.Errorf("Bytes is %d, want %d", l.Bytes(), bytes)
	}
}

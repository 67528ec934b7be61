package ds

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"unsafe"

	"berth/internal/mem"
)

type scored struct {
	score float64
	name  string
	p     unsafe.Pointer
}

func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
}

// checkNode verifies counts, minima, order and the height, and returns the
// items.
func checkNode(t *testing.T, a uintptr, height int) []item {
	if height == 0 {
		l := leafAt(a)
		return l.items[:l.n]
	}
	var all []item
	n := innerAt(a)
	for i := range n.n {
		below := checkNode(t, n.kids[i].node, height-1)
		if len(below) != n.kids[i].count || len(below) == 0 || below[0] != n.kids[i].min {
			t.Fatalf("kid %d at height %d: %d items, count %d, or a wrong minimum", i, height, len(below), n.kids[i].count)
		}
		all = append(all, below...)
	}
	return all
}

// TestTreeAgainstSlice runs random changes on a tree and on a sorted slice.
func TestTreeAgainstSlice(t *testing.T) {
	for run := range 8 {
		rnd := rand.New(rand.NewPCG(11, uint64(run)))
		h := mem.New()
		var tree Tree
		var model []scored
		next, stayed := 0, 0
		for step := range 15_000 {
			grow := step/2500%2 == 0
			if len(model) == 0 || rnd.IntN(10) < map[bool]int{true: 7, false: 2}[grow] {
				next++
				x := scored{name: strconv.Itoa(next)}
				switch run % 4 {
				case 0:
					x.score = float64(rnd.IntN(50)) // many equal scores
				case 1:
					x.score = rnd.NormFloat64()
				case 2:
					x.score = float64(next)
				default:
					x.score = float64(-next)
				}
				if rnd.IntN(200) == 0 {
					x.score = math.Inf(rnd.IntN(2)*2 - 1)
				}
				x.p = NewScored(h, x.score, []byte(x.name))
				tree.Insert(h, x.p)
				i, _ := slices.BinarySearchFunc(model, x, compareScored)
				model = slices.Insert(model, i, x)
			} else {
				i := rnd.IntN(len(model))
				if run >= 4 {
					i = rnd.IntN(min(len(model), 40)) // from one end
				}
				x := model[i]
				if tree.Delete(h, x.score+1, []byte(x.name+"?")) {
					t.Fatal("deleted what is not there")
				}
				if !tree.Delete(h, x.score, []byte(x.name)) {
					t.Fatalf("step %d: %v is not found", step, x)
				}
				h.Free(x.p, KindScored.EntrySize(x.p))
				model = slices.Delete(model, i, i+1)
			}
			if tree.Len() != len(model) {
				t.Fatalf("step %d: %d entries, want %d", step, tree.Len(), len(model))
			}
			if len(model) > 0 {
				i := rnd.IntN(len(model))
				if rank, ok := tree.Rank(model[i].score, []byte(model[i].name)); !ok || rank != i {
					t.Fatalf("step %d: rank %d, want %d", step, rank, i)
				}
				if tree.At(i) != model[i].p {
					t.Fatalf("step %d: a wrong entry at %d", step, i)
				}
			}
			if len(model) > 0 && run != 2 && run != 3 {
				i := rnd.IntN(len(model))
				x := model[i]
				near := model[min(max(0, i+rnd.IntN(41)-20), len(model)-1)].score
				if tree.Rescore(x.p, near) {
					stayed++
					model = slices.Delete(model, i, i+1)
					x.score = near
					i, _ = slices.BinarySearchFunc(model, x, compareScored)
					model = slices.Insert(model, i, x)
				}
				if *Score(x.p) != x.score {
					t.Fatalf("step %d: %s has %g, want %g", step, x.name, *Score(x.p), x.score)
				}
			}
			if step%500 == 0 {
				checkTree(t, &tree, model, rnd)
			}
		}
		if stayed < 1000 && run != 2 && run != 3 {
			t.Errorf("only %d entries got another score in their leaf", stayed)
		}
		for _, x := range model {
			tree.Delete(h, x.score, []byte(x.name))
			h.Free(x.p, KindScored.EntrySize(x.p))
		}
		if tree.root != 0 || h.Used() != 0 {
			t.Errorf("%d bytes are left", h.Used())
		}
		h.Close()
	}
}

func checkTree(t *testing.T, tree *Tree, model []scored, rnd *rand.Rand) {
	t.Helper()
	if len(model) == 0 {
		return
	}
	for i, x := range checkNode(t, tree.root, tree.height) {
		if mem.Ptr(x.entry) != model[i].p || x.score != model[i].score {
			t.Fatalf("item %d is wrong", i)
		}
	}
	at := model[rnd.IntN(len(model))].score
	want, _ := slices.BinarySearchFunc(model, at, func(x scored, s float64) int { return cmp.Compare(x.score, s) })
	if got := tree.Partition(func(s float64, _ unsafe.Pointer) bool { return s < at }); got != want {
		t.Fatalf("%d entries below %v, want %d", got, at, want)
	}
	from := rnd.IntN(len(model))
	i, it := from, tree.Iter(from, false)
	for p := it.Next(); p != nil; p = it.Next() {
		if p != model[i].p {
			t.Fatalf("forwards, item %d is wrong", i)
		}
		i++
	}
	j, it := from, tree.Iter(from, true)
	for p := it.Next(); p != nil; p = it.Next() {
		if p != model[j].p {
			t.Fatalf("backwards, item %d is wrong", j)
		}
		j--
	}
	if i != len(model) || j != -1 {
		t.Fatalf("the iterators ended at %d and %d", i, j)
	}
}

func TestIntSetAgainstMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 5))
	h := mem.New()
	defer h.Close()
	for range 200 {
		s := NewIntSet(h)
		model := map[int64]bool{}
		shift := 64 - rnd.IntN(60)
		for range 300 {
			n := rnd.Int64() >> (shift - 1)
			if rnd.IntN(2) == 0 {
				n = -n
			}
			var ok bool
			if rnd.IntN(3) == 0 {
				for m := range model {
					n = m
					break
				}
				s, ok = s.Remove(h, n)
				if ok != model[n] {
					t.Fatalf("Remove(%d) = %v", n, ok)
				}
				delete(model, n)
			} else {
				s, ok = s.Add(h, n)
				if ok == model[n] {
					t.Fatalf("Add(%d) = %v", n, ok)
				}
				model[n] = true
			}
			if s.Len() != len(model) || s.Has(n) != model[n] {
				t.Fatalf("%d members, want %d", s.Len(), len(model))
			}
		}
		for i := 1; i < s.Len(); i++ {
			if s.At(i-1) >= s.At(i) || !model[s.At(i)] {
				t.Fatal("not in order")
			}
		}
		c, err := LoadIntSet(h, s.Bytes())
		if err != nil || string(c.Bytes()) != string(s.Bytes()) {
			t.Fatalf("a copy is not the same: %v", err)
		}
		c.Free(h)
		s.Free(h)
	}
	if h.Used() != 0 {
		t.Errorf("%d bytes are left", h.Used())
	}
	for _, bad := range []string{"", "\x02\x00\x00\x00\x01\x00\x00\x00", "\x03\x00\x00\x00\x00\x00\x00\x00", "\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x00"} {
		if _, err := LoadIntSet(h, []byte(bad)); err == nil {
			t.Errorf("%q is an intset", bad)
		}
	}
}

func TestField(t *testing.T) {
	h := mem.New()
	defer h.Close()
	for _, n := range []int{0, 1, 254, 255, 70_000} {
		name := slices.Repeat([]byte{'n'}, n)
		f := NewField(h, name, nil)
		for _, m := range []int{0, 1, 2, 50, 1024, 1025, 1026, 300_000, 3, 2000} {
			value := slices.Repeat([]byte{byte(m)}, m)
			f = f.SetValue(h, value)
			if string(f.Name()) != string(name) || string(f.Value()) != string(value) {
				t.Fatalf("name of %d, value of %d: they are %d and %d", n, m, len(f.Name()), len(f.Value()))
			}
		}
		f.Free(h)
	}
	if h.Used() != 0 {
		t.Errorf("%d bytes are left", h.Used())
	}
}

func BenchmarkTree(b *testing.B) {
	const n = 1_000_000
	h := mem.New()
	defer h.Close()
	var tree Tree
	ps := make([]unsafe.Pointer, n)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range ps {
		ps[i] = NewScored(h, rnd.Float64(), fmt.Appendf(nil, "member:%d", i))
		tree.Insert(h, ps[i])
	}
	b.Run("update", func(b *testing.B) {
		for i := range b.N {
			p := ps[(i*7919)%n]
			tree.Delete(h, *Score(p), KindScored.Key(p))
			*Score(p) = rnd.Float64()
			tree.Insert(h, p)
		}
		b.ReportMetric(float64(tree.Bytes())/n, "tree-B/entry")
	})
	b.Run("rank", func(b *testing.B) {
		for i := range b.N {
			p := ps[(i*7919)%n]
			tree.Rank(*Score(p), KindScored.Key(p))
		}
	})
	b.Run("range100", func(b *testing.B) {
		sum := 0.0
		for i := range b.N {
			it := tree.Iter((i*7919)%(n-100), false)
			for range 100 {
				sum += *Score(it.Next())
			}
		}
	})
}

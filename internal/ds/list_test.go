package ds

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"berth/internal/mem"
)

// TestListAgainstSlice runs random changes on a list and on a slice, under
// limits that make for many packs and for few.
func TestListAgainstSlice(t *testing.T) {
	for _, lim := range []Limit{-1, -2, 1, 3, 100} {
		t.Run(strconv.Itoa(int(lim)), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(5, uint64(lim)))
			h := mem.New()
			defer h.Close()
			l := NewList(h)
			var model [][]byte
			quiet := 0
			pick := func() []byte {
				switch rnd.IntN(20) {
				case 0:
					return bytes.Repeat([]byte{'L'}, rnd.IntN(10_000))
				case 1, 2:
					return bytes.Repeat([]byte{'m'}, rnd.IntN(300))
				}
				return strconv.AppendInt(nil, int64(rnd.IntN(50)), 10)
			}
			for step := range 12_000 {
				n := len(model)
				s := pick()
				grow := step/3000%2 == 0
				switch op := rnd.IntN(12); {
				case op < 2 || op < 5 && grow:
					front := op%2 == 0
					if rnd.IntN(2) == 0 || n == 0 || !l.TryPush(h, lim, Of(s), front) {
						l.Push(h, lim, Of(s), front)
					} else {
						quiet++
					}
					if front {
						model = slices.Insert(model, 0, s)
					} else {
						model = append(model, s)
					}
				case n == 0:
				case op < 6:
					front := op%2 == 0
					i := 0
					if !front {
						i = n - 1
					}
					k, pos, more := l.Outer(front)
					if e, _ := k.Get(pos); !e.EqualBytes(model[i]) {
						t.Fatalf("step %d: the element at the end is not %.10q", step, model[i])
					}
					if !more || !k.CanDelete(h, pos) {
						continue
					}
					quiet++
					l.CutOuter(h, front)
					model = slices.Delete(model, i, i+1)
				case op < 7:
					i, after := rnd.IntN(n), rnd.IntN(2)
					l.Insert(h, lim, i, Of(s), after == 1)
					model = slices.Insert(model, i+after, s)
				case op < 8:
					i := rnd.IntN(n)
					l.Set(h, i, Of(s))
					model[i] = s
				case op < 9:
					x, back, limit := NeedleOf(s), rnd.IntN(2) == 0, rnd.IntN(3)
					want := 0
					model, want = removeModel(model, s, limit, back)
					if got := l.Remove(h, &x, limit, back); got != want {
						t.Fatalf("step %d: removed %d of %.10q, want %d", step, got, s, want)
					}
				default:
					i := rnd.IntN(n)
					m := rnd.IntN(min(n-i, 3) + 1)
					if rnd.IntN(100) == 0 {
						m = rnd.IntN(n - i + 1)
					}
					l.Delete(h, i, m)
					model = slices.Delete(model, i, i+m)
				}
				checkList(t, l, model, rnd, step)
			}
			if quiet < 200 && lim != 1 && !mem.Invariants {
				t.Errorf("only %d changes were made with what the heap has at hand", quiet)
			}
			c := l.Clone(h)
			checkList(t, c, model, rnd, -1)
			for !c.FreePart(h, 2) {
			}
			l.Free(h)
			if h.Used() != 0 {
				t.Errorf("%d bytes are left", h.Used())
			}
		})
	}
}

func removeModel(model [][]byte, s []byte, limit int, back bool) ([][]byte, int) {
	removed := 0
	if back {
		slices.Reverse(model)
	}
	model = slices.DeleteFunc(model, func(m []byte) bool {
		if string(m) == string(s) && (limit == 0 || removed < limit) {
			removed++
			return true
		}
		return false
	})
	if back {
		slices.Reverse(model)
	}
	return model, removed
}

func checkList(t *testing.T, l List, model [][]byte, rnd *rand.Rand, step int) {
	t.Helper()
	if l.Len() != len(model) {
		t.Fatalf("step %d: %d elements, want %d", step, l.Len(), len(model))
	}
	sum := 0
	for i := range l.Packs() {
		k, n := l.PackAt(i)
		if err := CheckPack(k.Bytes()); err != nil || k.Len() != n || n == 0 || k.Size() != int(l.node(i).size) {
			t.Fatalf("step %d: pack %d has %d elements, the list says %d: %v", step, i, k.Len(), n, err)
		}
		sum += n
	}
	if sum != len(model) {
		t.Fatalf("step %d: the packs hold %d elements, want %d", step, sum, len(model))
	}
	if len(model) == 0 {
		return
	}
	i := rnd.IntN(len(model))
	if !l.At(i).EqualBytes(model[i]) {
		t.Fatalf("step %d: element %d is wrong", step, i)
	}
	if step%50 > 0 {
		return
	}
	it, j := l.Iter(i, false), i
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		if !e.EqualBytes(model[j]) {
			t.Fatalf("step %d: forwards, element %d is wrong", step, j)
		}
		j++
	}
	it, k := l.Iter(i, true), i
	for e, ok := it.Next(); ok; e, ok = it.Next() {
		if !e.EqualBytes(model[k]) {
			t.Fatalf("step %d: backwards, element %d is wrong", step, k)
		}
		k--
	}
	if j != len(model) || k != -1 {
		t.Fatalf("step %d: the iterators ended at %d and %d", step, j, k)
	}
}

func TestLimit(t *testing.T) {
	for _, tc := range []struct {
		lim         Limit
		size, count int
		want        bool
	}{
		{-1, 4096, 1 << 20, false}, {-1, 4097, 1, true}, {-2, 8192, 1, false}, {-5, 65536, 1, false}, {-9, 65536, 1, false},
		{-9, 65537, 1, true}, {3, 100, 3, false}, {3, 100, 4, true}, {3, 8193, 1, true}, {0, 10, 1, false}, {0, 10, 2, true},
	} {
		if got := tc.lim.Exceeded(tc.size, tc.count); got != tc.want {
			t.Errorf("limit %d: %d bytes, %d elements: %v", tc.lim, tc.size, tc.count, got)
		}
	}
}

func BenchmarkListPushPop(b *testing.B) {
	for _, front := range []bool{true, false} {
		b.Run(map[bool]string{true: "front", false: "back"}[front], func(b *testing.B) {
			h := mem.New()
			defer h.Close()
			l := NewList(h)
			e := Raw([]byte("0123456789"))
			for range 100_000 {
				l.Push(h, -2, e, front)
			}
			b.ResetTimer()
			for range b.N {
				l.Push(h, -2, e, front)
				l.Delete(h, map[bool]int{true: l.Len() - 1, false: 0}[front], 1)
			}
		})
	}
}

func BenchmarkListMiddle(b *testing.B) {
	h := mem.New()
	defer h.Close()
	l := NewList(h)
	e := Raw([]byte("0123456789"))
	for range 1_000_000 {
		l.Push(h, -2, e, false)
	}
	b.ReportMetric(float64(l.Bytes())/1e6, "bytes/elem")
	for b.Loop() {
		l.Insert(h, -2, l.Len()/2, e, false)
		l.Delete(h, l.Len()/2, 1)
	}
}

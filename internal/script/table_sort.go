package script

import (
	lua "github.com/yuin/gopher-lua"
)

// sorter is one table.sort: Lua's quicksort, whose behaviour under an order function that contradicts itself scripts can see.
type sorter struct {
	s    *state
	L    *lua.LState
	v    []lua.LValue // v[0] is unused: Lua counts from 1
	less lua.LValue
}

func tableSort(s *state, L *lua.LState) int {
	n := s.length(s.checkTable(L, 1))
	var less lua.LValue = lua.LNil
	if L.Get(2) != lua.LNil {
		less = s.checkFunction(L, 2)
	}
	L.SetTop(2)
	if n < 2 {
		return 0
	}
	t := s.checkOwnTable(L, 1)
	s.allocate(L, 16*n)
	v := make([]lua.LValue, n+1)
	for i := 1; i <= n; i++ {
		v[i] = t.RawGet(lua.LNumber(i))
	}
	q := &sorter{s: s, L: L, v: v, less: less}
	q.sort(1, n)
	for i := 1; i <= n; i++ {
		t.RawSet(lua.LNumber(i), v[i])
	}
	return 0
}

func (q *sorter) before(i, j lua.LValue) bool {
	if q.less != lua.LNil {
		return lua.LVAsBool(q.s.call1(q.L, q.less, i, j))
	}
	q.s.worked(q.L)
	return q.L.LessThan(i, j)
}

func (q *sorter) swapIf(i, j int) {
	if q.before(q.v[j], q.v[i]) {
		q.v[i], q.v[j] = q.v[j], q.v[i]
	}
}

func (q *sorter) sort(l, u int) {
	for l < u {
		q.swapIf(l, u)
		if u-l == 1 {
			return
		}
		i := (l + u) / 2
		if q.before(q.v[i], q.v[l]) {
			q.v[i], q.v[l] = q.v[l], q.v[i]
		} else {
			q.swapIf(i, u)
		}
		if u-l == 2 {
			return
		}
		pivot := q.v[i]
		q.v[i], q.v[u-1] = q.v[u-1], q.v[i]
		i = q.partition(l, u, pivot)
		// The smaller half first, the larger in this loop: the depth is logarithmic.
		if i-l < u-i {
			q.sort(l, i-1)
			l = i + 1
		} else {
			q.sort(i+1, u)
			u = i - 1
		}
	}
}

// partition moves what is less than the pivot, which lies at u-1, before what is not, and returns its new place.
func (q *sorter) partition(l, u int, pivot lua.LValue) int {
	i, j := l, u-1
	for {
		for i++; q.before(q.v[i], pivot); i++ {
			if i >= u {
				q.s.fail(q.L, "invalid order function for sorting")
			}
		}
		for j--; q.before(pivot, q.v[j]); j-- {
			if j <= l {
				q.s.fail(q.L, "invalid order function for sorting")
			}
		}
		if j < i {
			break
		}
		q.v[i], q.v[j] = q.v[j], q.v[i]
	}
	q.v[u-1], q.v[i] = q.v[i], q.v[u-1]
	return i
}

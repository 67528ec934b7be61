package ds

import (
	"unsafe"

	"berth/internal/mem"
)

// treeLevels is more than a tree has: each level has at least three times as many items
// below it.
const treeLevels = 40

// Rescore gives the entry p, which is in the tree, another score if that leaves it in
// its leaf, or else does nothing and returns false. It needs no memory.
func (t *Tree) Rescore(p unsafe.Pointer, score float64) bool {
	if t.height >= treeLevels {
		return false
	}
	was := item{*Score(p), mem.Addr(p)}
	name := was.name()
	var path [treeLevels]*kid // from the root
	a := t.root
	for level := range t.height {
		n := innerAt(a)
		k := &n.kids[n.find(was.score, name)]
		path[level], a = k, k.node
	}
	l := leafAt(a)
	from := l.find(was.score, name)
	if l.prev != 0 {
		if before := leafAt(l.prev); before.items[before.n-1].compare(score, name) > 0 {
			return false
		}
	}
	if l.next != 0 && leafAt(l.next).items[0].compare(score, name) < 0 {
		return false
	}
	to := from
	if score > was.score {
		for ; to+1 < l.n && l.items[to+1].compare(score, name) < 0; to++ {
			l.items[to] = l.items[to+1]
		}
	} else {
		for ; to > 0 && l.items[to-1].compare(score, name) > 0; to-- {
			l.items[to] = l.items[to-1]
		}
	}
	l.items[to] = item{score, was.entry}
	*Score(p) = score
	if from != 0 && to != 0 {
		return true
	}
	for level := t.height - 1; level >= 0; level-- {
		path[level].min = l.items[0]
		if level > 0 && path[level] != &innerAt(path[level-1].node).kids[0] {
			break
		}
	}
	return true
}

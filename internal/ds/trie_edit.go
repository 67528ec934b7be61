package ds

import (
	"unsafe"

	"berth/internal/mem"
)

// Outcome is what became of a Set.
type Outcome uint8

// The outcomes.
const (
	// Short is one that had no effect, since the stock had too little. See Supply.
	Short Outcome = iota
	// Added is that the key is new.
	Added
	// Found is that the key was there.
	Found
)

// Set gives a key its value. One that is there gets it only if replace is set.
//
// All of the key is read before anything changes.
func (t *Trie) Set(s *mem.Stock, key []byte, value uintptr, replace bool) Outcome {
	if l := t.Find(key); l != nil {
		if replace {
			l.Value = value
		}
		return Found
	}
	var at spot
	if t.root != 0 {
		at, _ = t.spotOf(key)
	}
	p := s.Peek(leafBytes(len(key)))
	if p == 0 {
		return Short
	}
	l := trieLeaf(p)
	copy(mem.Bytes(unsafe.Add(unsafe.Pointer(l), leafHeader), len(key)), key)
	b := uintptr(0)
	grow := t.root != 0 && at.grows()
	if t.root != 0 && (at.other != 0 || grow) {
		s.Take(leafBytes(len(key)))
		if b = s.Take(at.branchBytes()); b == 0 {
			s.Give(p, leafBytes(len(key)))
			return Short
		}
	} else {
		s.Take(leafBytes(len(key)))
	}
	l.next, l.prev, l.Value, l.size = 0, 0, value, len(key)
	t.bytes += leafBytes(len(key))
	t.count++
	if t.root == 0 {
		t.root = p
		return Added
	}
	before, after := at.around()
	l.link(before, after)
	switch {
	case at.other != 0:
		t.split(&at, b, p)
	case grow:
		t.grow(s, &at, b, p)
	default:
		branchAt(*at.kid).add(at.value, p)
	}
	return Added
}

// grows says whether a new child at the spot needs a larger branch.
func (s *spot) grows() bool {
	if s.other != 0 {
		return false
	}
	b := branchAt(*s.kid)
	return b.len() == b.room()
}

// branchBytes is the size of the branch that a new key at the spot needs.
func (s *spot) branchBytes() int {
	n := 2
	if s.other == 0 {
		n = branchAt(*s.kid).len() + 1
	}
	return branchBytes(roomFor(n))
}

// Supply gets from the heap what a Set of the key needs that the stock lacks, and
// more for those to come if batch is set.
func (t *Trie) Supply(s *mem.Stock, h *mem.Shared, key []byte, batch bool) {
	leaf, branch := leafBytes(len(key)), 0
	if t.root != 0 {
		if at, l := t.spotOf(key); l == nil {
			branch = at.branchBytes()
		}
	}
	if s.Peek(leaf) == 0 {
		h.Fill(s, leaf, batch)
	}
	if branch != 0 && (mem.SameBlock(leaf, branch) || s.Peek(branch) == 0) {
		h.Fill(s, branch, batch)
	}
}

func (l *TrieLeaf) link(before, after *TrieLeaf) {
	if before != nil {
		l.prev = before.addr()
		before.next = l.addr()
	}
	if after != nil {
		l.next = after.addr()
		after.prev = l.addr()
	}
}

func (l *TrieLeaf) unlink() {
	if l.prev != 0 {
		trieLeaf(l.prev).next = l.next
	}
	if l.next != 0 {
		trieLeaf(l.next).prev = l.prev
	}
}

// newBranch makes a branch of a block that has no children yet.
func newBranch(p uintptr, place uint64, room int) *branch {
	b := (*branch)(mem.Ptr(p))
	b.head = place | uint64(room)<<roomShift
	return b
}

// split puts a branch, the block b, over what is at the spot and the leaf p.
func (t *Trie) split(at *spot, b, p uintptr) {
	n := newBranch(b, at.place, roomFor(2))
	n.head |= at.value | at.other
	*n.kid(n.rank(at.value)) = p
	*n.kid(n.rank(at.other)) = *at.kid
	*at.kid = n.addr()
	t.bytes += branchBytes(n.room())
}

// grow moves the branch at the spot to the larger block b and adds the leaf p.
func (t *Trie) grow(s *mem.Stock, at *spot, b, p uintptr) {
	old := branchAt(*at.kid)
	n := t.move(s, old, b, roomFor(old.len()+1))
	n.add(at.value, p)
	*at.kid = n.addr()
}

// move gives a branch another block.
func (t *Trie) move(s *mem.Stock, old *branch, to uintptr, room int) *branch {
	n := newBranch(to, old.head&^(roomBits<<roomShift), room)
	for i := range old.len() {
		*n.kid(i) = *old.kid(i)
	}
	t.bytes += branchBytes(room) - branchBytes(old.room())
	old.free(s)
	return n
}

// add puts in a child, for which there is room.
func (b *branch) add(value uint64, p uintptr) {
	i := b.rank(value)
	for n := b.len(); n > i; n-- {
		*b.kid(n) = *b.kid(n - 1)
	}
	*b.kid(i) = p
	b.head |= value
}

// drop takes a child out.
func (b *branch) drop(value uint64) {
	b.head &^= value
	for i, n := b.rank(value), b.len(); i < n; i++ {
		*b.kid(i) = *b.kid(i + 1)
	}
}

// Delete takes the key out, and reports whether it was there.
func (t *Trie) Delete(s *mem.Stock, key []byte) bool {
	var above *uintptr // where the branch is that has kid, whose value is v
	var v uint64
	kid, word := &t.root, firstWord(key)
	for isBranch(*kid) {
		b := branchAt(*kid)
		if v = valueAt(b.head, key, word); b.head&v == 0 {
			return false
		}
		above, kid = kid, b.kid(b.rank(v))
	}
	if *kid == 0 {
		return false
	}
	l := trieLeaf(*kid)
	if !l.is(key, word) {
		return false
	}
	l.unlink()
	t.bytes -= leafBytes(l.size)
	s.Give(l.addr(), leafBytes(l.size))
	t.count--
	t.losses++
	if above == nil {
		t.root = 0
		return true
	}
	b := branchAt(*above)
	b.drop(v)
	switch n := b.len(); {
	case n == 1:
		*above = *b.kid(0)
		t.bytes -= branchBytes(b.room())
		b.free(s)
	case n <= b.room()/2-1:
		if p := s.Take(branchBytes(roomFor(n))); p != 0 {
			*above = t.move(s, b, p, roomFor(n)).addr()
		}
	}
	return true
}

// Free gives all of the trie's memory back.
func (t *Trie) Free(s *mem.Stock, h *mem.Shared) {
	if t.root != 0 {
		freeTrie(s, h, t.root)
	}
	*t = Trie{losses: t.losses + uint64(t.count)}
}

func freeTrie(s *mem.Stock, h *mem.Shared, p uintptr) {
	if s.Over() {
		h.Trim(s, true)
	}
	if !isBranch(p) {
		l := trieLeaf(p)
		s.Give(p, leafBytes(l.size))
		return
	}
	b := branchAt(p)
	for i := range b.len() {
		freeTrie(s, h, *b.kid(i))
	}
	b.free(s)
}

// First is the leaf with the smallest key, nil for an empty trie.
func (t *Trie) First() *TrieLeaf {
	if t.root == 0 {
		return nil
	}
	return first(t.root)
}

// Last is the leaf with the greatest key, nil for an empty trie.
func (t *Trie) Last() *TrieLeaf {
	if t.root == 0 {
		return nil
	}
	return last(t.root)
}

// Around are the leaves with the greatest key below the given one, with that, and
// with the smallest key above it; nil for none.
func (t *Trie) Around(key []byte) (before, same, after *TrieLeaf) {
	if t.root == 0 {
		return nil, nil, nil
	}
	at, l := t.spotOf(key)
	if l != nil {
		return l.Prev(), l, l.Next()
	}
	before, after = at.around()
	return before, nil, after
}

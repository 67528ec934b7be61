package ds

import (
	"math/bits"
	"unsafe"

	"berth/internal/mem"
)

// Trie holds words by byte keys, in the order of the keys. It is a radix tree over
// half bytes that skips those that no two keys differ in: a branch names the half
// byte it looks at and has a child for each value that occurs, found by counting
// bits. So a search looks at few places, and compares one key, in the end.
//
// The keys and words are in leaves, which stay where they are until they are
// deleted, and which are chained in order.
//
// The blocks come from a mem.Stock that is passed: nothing here needs more than
// what is in it, so that all of it runs where nothing may wait. The zero Trie is
// empty; it holds no Go pointers and may lie in off-heap memory.
type Trie struct {
	root   uintptr // a leaf, or a branch and one; 0 for none
	count  int
	bytes  int
	losses uint64
}

// TrieLeaf is a key of a Trie and its word. The key follows in its block.
type TrieLeaf struct {
	next, prev uintptr
	Value      uintptr
	size       int
}

const leafHeader = int(unsafe.Sizeof(TrieLeaf{}))

// branch is followed by its children, in order: leaves, or branches and one.
//
// From its lowest bit on, head has a bit for each value of a half byte, after one
// for keys that end there, then how many children there is room for, then the
// number of the half byte.
type branch struct{ head uint64 }

const (
	branchValues = 17
	valueBits    = 1<<branchValues - 1
	roomShift    = branchValues
	nibbleShift  = roomShift + 5
)

func trieLeaf(p uintptr) *TrieLeaf  { return (*TrieLeaf)(mem.Ptr(p)) }
func branchAt(p uintptr) *branch    { return (*branch)(mem.Ptr(p - 1)) }
func isBranch(p uintptr) bool       { return p&1 != 0 }
func leafBytes(key int) int         { return leafHeader + key }
func branchBytes(room int) int      { return 8 + 8*room }
func roomFor(n int) int             { return n | 1 } // blocks come in steps of 16 bytes
func (l *TrieLeaf) addr() uintptr   { return uintptr(unsafe.Pointer(l)) }
func (b *branch) addr() uintptr     { return uintptr(unsafe.Pointer(b)) + 1 }
func (b *branch) nibble() uint64    { return b.head >> nibbleShift }
func (b *branch) room() int         { return int(b.head >> roomShift & 31) }
func (b *branch) len() int          { return bits.OnesCount64(b.head & valueBits) }
func (b *branch) free(s *mem.Stock) { s.Give(b.addr()-1, branchBytes(b.room())) }

func (b *branch) kid(i int) *uintptr {
	return (*uintptr)(unsafe.Add(unsafe.Pointer(b), 8+8*i))
}

// rank is how many children are before that of the value, which is a bit.
func (b *branch) rank(value uint64) int { return bits.OnesCount64(b.head & (value - 1) & valueBits) }

// Key is the leaf's key. It aliases the leaf.
func (l *TrieLeaf) Key() []byte {
	return mem.Bytes(unsafe.Add(unsafe.Pointer(l), leafHeader), l.size)
}

// Next is the leaf with the next greater key, nil at the end.
func (l *TrieLeaf) Next() *TrieLeaf { return trieLeaf(l.next) }

// Prev is the leaf with the next smaller key, nil at the beginning.
func (l *TrieLeaf) Prev() *TrieLeaf { return trieLeaf(l.prev) }

// Len is the number of keys.
func (t *Trie) Len() int { return t.count }

// Bytes is the memory of the trie.
func (t *Trie) Bytes() int { return t.bytes }

// Losses counts the keys that were deleted: as long as it stays the same, leaves
// are where they are.
func (t *Trie) Losses() uint64 { return t.losses }

// valueAt is the bit that stands for what the key has in a half byte.
func valueAt(key []byte, nibble uint64) uint64 {
	i := nibble >> 1
	if i >= uint64(len(key)) {
		return 1
	}
	c := *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(key)), i))
	return 2 << (c >> (^nibble & 1 << 2) & 15)
}

// Find is the leaf with the key, or nil.
func (t *Trie) Find(key []byte) *TrieLeaf {
	p := t.root
	for isBranch(p) {
		b := branchAt(p)
		v := valueAt(key, b.nibble())
		if b.head&v == 0 {
			return nil
		}
		p = *b.kid(b.rank(v))
	}
	if p == 0 {
		return nil
	}
	if l := trieLeaf(p); string(l.Key()) == string(key) {
		return l
	}
	return nil
}

// near is a leaf whose key has as much in common with the key, from its beginning
// on, as any. The trie must not be empty.
func (t *Trie) near(key []byte) *TrieLeaf {
	p := t.root
	for isBranch(p) {
		b := branchAt(p)
		i := 0
		if v := valueAt(key, b.nibble()); b.head&v != 0 {
			i = b.rank(v)
		}
		p = *b.kid(i)
	}
	return trieLeaf(p)
}

// differ is the first half byte in which two keys differ; same, if in none.
func differ(a, b []byte) (nibble uint64, same bool) {
	n := min(len(a), len(b))
	pa, pb := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := *(*uint64)(unsafe.Add(pa, i)) ^ *(*uint64)(unsafe.Add(pb, i)); x != 0 {
			break
		}
	}
	for ; i < n; i++ {
		if x := byteAt(pa, i) ^ byteAt(pb, i); x > 15 {
			return 2 * uint64(i), false
		} else if x != 0 {
			return 2*uint64(i) + 1, false
		}
	}
	return 2 * uint64(n), len(a) == len(b)
}

// spot is where a key belongs that is not there: in the place of kid, which begins
// to differ from it at the half byte, or as another child of kid, if that is a
// branch of that half byte.
type spot struct {
	kid    *uintptr
	nibble uint64
	value  uint64 // the key's, as a bit
	other  uint64 // that of what is below kid, if it is not another child's place
}

// spotOf finds where the key belongs, or the leaf that has it. The trie must not be
// empty.
func (t *Trie) spotOf(key []byte) (spot, *TrieLeaf) {
	l := t.near(key)
	nibble, same := differ(key, l.Key())
	if same {
		return spot{}, l
	}
	s := spot{kid: &t.root, nibble: nibble, value: valueAt(key, nibble)}
	for isBranch(*s.kid) {
		b := branchAt(*s.kid)
		if b.nibble() == nibble {
			return s, nil
		}
		if b.nibble() > nibble {
			break
		}
		s.kid = b.kid(b.rank(valueAt(key, b.nibble())))
	}
	s.other = valueAt(l.Key(), nibble)
	return s, nil
}

// first and last are the outermost leaves below a child.
func first(p uintptr) *TrieLeaf {
	for isBranch(p) {
		p = *branchAt(p).kid(0)
	}
	return trieLeaf(p)
}

func last(p uintptr) *TrieLeaf {
	for isBranch(p) {
		b := branchAt(p)
		p = *b.kid(b.len() - 1)
	}
	return trieLeaf(p)
}

// around are the leaves before and after a key that belongs at s; nil for none.
func (s *spot) around() (before, after *TrieLeaf) {
	p := *s.kid
	below := s.other < s.value // all that is at kid is below the key
	if s.other == 0 {
		b := branchAt(p)
		i := b.rank(s.value)
		if below = i == b.len(); !below {
			p = *b.kid(i)
		}
	}
	if below {
		before = last(p)
		return before, before.Next()
	}
	after = first(p)
	return after.Prev(), after
}

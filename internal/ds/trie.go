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

// branch is followed by its children, in order: leaves, or branches and one. From
// its lowest bit on, head has
//   - how far to shift a word of eight bytes of the key to have the half byte below,
//   - how many children there is room for,
//   - a bit for keys that end before it, and one for each value of the half byte that
//     has a child,
//   - the number of the byte.
type branch struct{ head uint64 }

const (
	roomShift  = 6
	valueShift = roomShift + 5
	indexShift = valueShift + branchValues

	branchValues = 17
	shiftBits    = 1<<roomShift - 1
	roomBits     = 1<<(valueShift-roomShift) - 1
	endValue     = 1 << valueShift
	valueBits    = endValue * (1<<branchValues - 1)

	// MaxTrieKey is how long a key may be, in bytes.
	MaxTrieKey = 1<<(64-indexShift) - 1
)

// placeOf is where a half byte is, as head has it.
func placeOf(nibble uint64) uint64 {
	i := nibble >> 1
	return i<<indexShift | i&7<<3 | ^nibble&1<<2
}

func branchAt(p uintptr) *branch    { return (*branch)(mem.Ptr(p - 1)) }
func isBranch(p uintptr) bool       { return p&1 != 0 }
func leafBytes(key int) int         { return leafHeader + key }
func branchBytes(room int) int      { return 8 + 8*room }
func roomFor(n int) int             { return n | 1 } // blocks come in steps of 16 bytes
func (l *TrieLeaf) addr() uintptr   { return uintptr(unsafe.Pointer(l)) }
func (b *branch) addr() uintptr     { return uintptr(unsafe.Pointer(b)) + 1 }
func (b *branch) nibble() uint64    { return b.head>>indexShift<<1 | ^b.head>>2&1 }
func (b *branch) room() int         { return int(b.head >> roomShift & roomBits) }
func (b *branch) len() int          { return bits.OnesCount64(b.head & valueBits) }
func (b *branch) free(s *mem.Stock) { s.Give(b.addr()-1, branchBytes(b.room())) }

func (b *branch) kid(i int) *uintptr {
	return (*uintptr)(unsafe.Add(unsafe.Pointer(b), 8+8*i))
}

// rank is how many children are before that of the value, which is a bit.
func (b *branch) rank(value uint64) int { return bits.OnesCount64(b.head & (value - endValue)) }

// trieLeaf is the leaf at p, nil for 0, which mem.Ptr would not do: to the compiler
// what it makes is never nil.
func trieLeaf(p uintptr) *TrieLeaf { return *(**TrieLeaf)(unsafe.Pointer(&p)) }

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

// firstWord is the first eight bytes of a key, with zeros for those it lacks.
func firstWord(key []byte) uint64 {
	p, n := unsafe.Pointer(unsafe.SliceData(key)), len(key)
	switch {
	case n >= 8:
		return *(*uint64)(p)
	case n >= 4:
		return uint64(*(*uint32)(p)) | uint64(*(*uint32)(unsafe.Add(p, n-4)))<<(8*(n-4)&63)
	case n > 0:
		return uint64(byteAt(p, 0)) | uint64(byteAt(p, n/2))<<(8*(n/2)&63) | uint64(byteAt(p, n-1))<<(8*(n-1)&63)
	}
	return 0
}

// valueAt is the bit that stands for what the key has in a branch's half byte. The
// key's first word spares waiting for a byte of it.
func valueAt(head uint64, key []byte, word uint64) uint64 {
	i := head >> indexShift
	if i >= uint64(len(key)) {
		return endValue
	}
	if i >= 8 {
		word = uint64(*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(key)), i))) << (head & 56)
	}
	return 2 * endValue << (word >> (head & shiftBits) & 15)
}

// is says whether the leaf has the key.
func (l *TrieLeaf) is(key []byte, word uint64) bool {
	if l.size != len(key) {
		return false
	}
	if n := len(key); n <= 8 {
		// Blocks are multiples of eight bytes.
		return n == 0 || (*(*uint64)(unsafe.Add(unsafe.Pointer(l), leafHeader))^word)<<(8*(8-n)&63) == 0
	}
	return string(l.Key()) == string(key)
}

// Find is the leaf with the key, or nil.
func (t *Trie) Find(key []byte) *TrieLeaf {
	p, word := t.root, firstWord(key)
	for isBranch(p) {
		b := branchAt(p)
		v := valueAt(b.head, key, word)
		if b.head&v == 0 {
			return nil
		}
		p = *b.kid(b.rank(v))
	}
	if p == 0 {
		return nil
	}
	if l := (*TrieLeaf)(mem.Ptr(p)); l.is(key, word) {
		return l
	}
	return nil
}

// near is a leaf whose key has as much in common with the key, from its beginning
// on, as any. The trie must not be empty.
func (t *Trie) near(key []byte) *TrieLeaf {
	p, word := t.root, firstWord(key)
	for isBranch(p) {
		b := branchAt(p)
		i := 0
		if v := valueAt(b.head, key, word); b.head&v != 0 {
			i = b.rank(v)
		}
		p = *b.kid(i)
	}
	return (*TrieLeaf)(mem.Ptr(p))
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
	kid   *uintptr
	place uint64
	value uint64 // the key's, as a bit
	other uint64 // that of what is below kid, if it is not another child's place
}

// spotOf finds where the key belongs, or the leaf that has it. The trie must not be
// empty.
func (t *Trie) spotOf(key []byte) (spot, *TrieLeaf) {
	l := t.near(key)
	nibble, same := differ(key, l.Key())
	if same {
		return spot{}, l
	}
	word, place := firstWord(key), placeOf(nibble)
	s := spot{kid: &t.root, place: place, value: valueAt(place, key, word)}
	for isBranch(*s.kid) {
		b := branchAt(*s.kid)
		if b.nibble() == nibble {
			return s, nil
		}
		if b.nibble() > nibble {
			break
		}
		s.kid = b.kid(b.rank(valueAt(b.head, key, word)))
	}
	s.other = valueAt(place, l.Key(), firstWord(l.Key()))
	return s, nil
}

// first and last are the outermost leaves below a child.
func first(p uintptr) *TrieLeaf {
	for isBranch(p) {
		p = *branchAt(p).kid(0)
	}
	return (*TrieLeaf)(mem.Ptr(p))
}

func last(p uintptr) *TrieLeaf {
	for isBranch(p) {
		b := branchAt(p)
		p = *b.kid(b.len() - 1)
	}
	return (*TrieLeaf)(mem.Ptr(p))
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

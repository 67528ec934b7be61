package abi

import (
	"bytes"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// dictCell is RedisModuleDict: words by binary keys, in the order of the keys. All
// of it is outside the Go heap, so that quick functions can change it.
type dictCell struct {
	_      uintptr
	head   uint64
	trie   ds.Trie
	serial uint64 // which life of the cell this is
}

// iterCell is RedisModuleDictIter. It has a copy of the key it stands on, by which
// it finds its way when keys were deleted; until then the leaf is good.
type iterCell struct {
	_      uintptr
	head   uint64
	dict   uintptr
	serial uint64 // of the dictionary, which may have been freed
	leaf   uintptr
	losses uint64 // of the trie, when leaf was found
	text   uintptr
	size   int
	room   int // what fits at text, in inner or, if it is more, in memory of heapAlloc
	state  iterState
	inner  [inlineKey]byte
}

// inlineKey is how long a key with its NUL may be to fit in an iterator.
const inlineKey = 48

var (
	dictCells = cellClass{size: cellSize}
	iterCells = cellClass{size: 2 * cellSize}

	_ [cellSize - unsafe.Sizeof(dictCell{})]struct{}
	_ [2*cellSize - unsafe.Sizeof(iterCell{})]struct{}
)

type iterState uint64

const (
	iterAt   iterState = iota // the next step returns the key itself
	iterPast                  // the key was returned already
	iterDone                  // there is nothing there
)

func dictAt(p uintptr) *dictCell { return (*dictCell)(at(p)) }
func iterOf(p uintptr) *iterCell { return (*iterCell)(at(p)) }

// begin makes a dictionary of a fresh cell.
func (d *dictCell) begin() {
	d.head = headDict
	d.trie = ds.Trie{}
	d.serial++
}

// memory is about what the dictionary takes, in bytes.
func (d *dictCell) memory() int { return cellSize + d.trie.Bytes() }

// stock is where memory for dictionaries comes from: own, if the host lock is
// somebody else's. Then endStock has to follow.
func (f *frame) stock(own *mem.Stock) *mem.Stock {
	if f.locked() {
		return &heldStock
	}
	return own
}

// endStock gives back what is too much.
func endStock(s *mem.Stock) {
	if s != &heldStock {
		sharedHeap.Trim(s, false)
	} else if s.Over() {
		sharedHeap.Trim(s, true)
	}
}

// freeDict ends the life of a dictionary.
func freeDict(p uintptr, locked bool) {
	var own mem.Stock
	s := &own
	if locked {
		s = &heldStock
	}
	dictAt(p).trie.Free(s, &sharedHeap)
	endStock(s)
	dictCells.free(p, locked)
}

// dictMemory is what all dictionaries take but for their keys and values, which
// sharedHeap counts.
func dictMemory() int64 { return dictCells.live() * cellSize }

// begin makes an iterator of a fresh cell that stands nowhere.
func (it *iterCell) begin(d uintptr) {
	it.head = headDictIter
	it.dict, it.serial = d, dictAt(d).serial
	it.text, it.size, it.room = uintptr(unsafe.Pointer(&it.inner)), 0, inlineKey
	it.state = iterDone
}

// free ends the life of an iterator.
func (it *iterCell) free(locked bool) {
	if it.room > inlineKey {
		heapFree(it.text, it.room)
	}
	iterCells.free(it.addr(), locked)
}

func (it *iterCell) addr() uintptr { return uintptr(unsafe.Pointer(it)) }

func (it *iterCell) key() []byte { return unsafe.Slice((*byte)(at(it.text)), it.size) }

// of is the dictionary, nil if it is no more.
func (it *iterCell) of() *dictCell {
	if d := dictAt(it.dict); d.head == headDict && d.serial == it.serial {
		return d
	}
	return nil
}

// fits says whether there is room for the leaf's key.
func (it *iterCell) fits(l *ds.TrieLeaf) bool { return l == nil || len(l.Key()) < it.room }

// grow makes room for the leaf's key. The one that is there is forgotten.
func (it *iterCell) grow(l *ds.TrieLeaf) {
	if it.fits(l) {
		return
	}
	room := mem.UsableSize(len(l.Key()) + 1)
	p := heapAlloc(room)
	if it.room > inlineKey {
		heapFree(it.text, it.room)
	}
	it.text, it.room, it.size = p, room, 0
}

// stand has the iterator stand on a leaf, for which there is room; nil: it is done.
func (it *iterCell) stand(d *dictCell, l *ds.TrieLeaf, state iterState) {
	if l == nil {
		it.state = iterDone
		return
	}
	it.state = state
	it.leaf, it.losses = uintptr(unsafe.Pointer(l)), d.trie.Losses()
	k := l.Key()
	it.size = len(k)
	b := unsafe.Slice((*byte)(at(it.text)), len(k)+1)
	copy(b, k)
	b[len(k)] = 0
}

// next is the leaf that a step leads to, nil at the end.
func (it *iterCell) next(d *dictCell, forward bool) *ds.TrieLeaf {
	if it.state == iterDone {
		return nil
	}
	var before, same, after *ds.TrieLeaf
	if it.losses == d.trie.Losses() {
		same = (*ds.TrieLeaf)(at(it.leaf))
		if it.state == iterPast {
			before, after = same.Prev(), same.Next()
		}
	} else {
		before, same, after = d.trie.Around(it.key())
	}
	switch {
	case it.state == iterAt && same != nil:
		return same
	case forward:
		return after
	}
	return before
}

// operator reads an operator, as far as Redis looks at it: its first character, and
// whether = comes next.
func operator(p uintptr) (op byte, equal bool) {
	if op = *(*byte)(at(p)); op != 0 {
		equal = *(*byte)(at(p + 1)) == '='
	}
	return op, equal
}

// seek finds the leaf that an operator and a key lead to, nil for none; ok is false
// for an operator that does not exist.
func (d *dictCell) seek(op byte, equal bool, key []byte) (l *ds.TrieLeaf, ok bool) {
	switch op {
	case '^':
		return d.trie.First(), true
	case '$':
		return d.trie.Last(), true
	case '=':
		return d.trie.Find(key), true
	case '<', '>':
	default:
		return nil, false
	}
	before, same, after := d.trie.Around(key)
	switch {
	case equal && same != nil:
		return same, true
	case op == '<':
		return before, true
	}
	return after, true
}

// compare says whether the key that the iterator stands on is as the operator says
// beside another.
func (it *iterCell) compare(op byte, equal bool, key []byte) bool {
	if it.state == iterDone {
		return false
	}
	c := bytes.Compare(it.key(), key)
	switch {
	case c == 0:
		return equal
	case op == '<':
		return c < 0
	case op == '>':
		return c > 0
	}
	return false
}

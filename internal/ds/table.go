package ds

import (
	"hash/maphash"
	"math/bits"
)

// Table is a hash table from keys to values of type V. It grows and shrinks in
// steps, so that no single operation has to move everything, and Scan returns
// every entry that was there all the time, as Redis's SCAN promises.
type Table[V any] struct {
	seed   maphash.Seed
	tabs   [2]buckets[V]
	moving int // the next bucket of tabs[0] to move to tabs[1]; -1 when not resizing
	frozen int // above zero no bucket is moved: iteration is under way
}

type buckets[V any] struct {
	list []*Entry[V]
	used int
}

// Entry is one key with its value. It stays where it is until its key is
// deleted.
type Entry[V any] struct {
	next *Entry[V]
	hash uint64
	key  string
	// Value belongs to the table's owner.
	Value V
}

// Key is the entry's key.
func (e *Entry[V]) Key() string { return e.key }

const minBuckets = 4

// NewTable makes an empty table.
func NewTable[V any]() *Table[V] {
	return &Table[V]{seed: maphash.MakeSeed(), moving: -1}
}

// Len is the number of entries.
func (t *Table[V]) Len() int { return t.tabs[0].used + t.tabs[1].used }

// Buckets is how many buckets there are, of interest to statistics.
func (t *Table[V]) Buckets() int { return len(t.tabs[0].list) + len(t.tabs[1].list) }

// Find returns the entry of key, nil when there is none.
func (t *Table[V]) Find(key []byte) *Entry[V] {
	if t.Len() == 0 {
		return nil
	}
	t.step()
	h := maphash.Bytes(t.seed, key)
	for i := range t.tabs {
		b := &t.tabs[i]
		if len(b.list) == 0 {
			continue
		}
		for e := b.list[h&uint64(len(b.list)-1)]; e != nil; e = e.next {
			if e.hash == h && e.key == string(key) {
				return e
			}
		}
	}
	return nil
}

// Insert adds key, which must not be there, and returns its entry.
func (t *Table[V]) Insert(key []byte, v V) *Entry[V] {
	t.grow()
	t.step()
	e := &Entry[V]{hash: maphash.Bytes(t.seed, key), key: string(key), Value: v}
	b := &t.tabs[0]
	if t.moving >= 0 {
		b = &t.tabs[1]
	}
	b.put(e)
	return e
}

func (b *buckets[V]) put(e *Entry[V]) {
	slot := &b.list[e.hash&uint64(len(b.list)-1)]
	e.next = *slot
	*slot = e
	b.used++
}

// Delete takes key out and returns its entry, nil when there was none.
func (t *Table[V]) Delete(key []byte) *Entry[V] {
	if t.Len() == 0 {
		return nil
	}
	t.step()
	h := maphash.Bytes(t.seed, key)
	for i := range t.tabs {
		b := &t.tabs[i]
		if len(b.list) == 0 {
			continue
		}
		for at := &b.list[h&uint64(len(b.list)-1)]; *at != nil; at = &(*at).next {
			if e := *at; e.hash == h && e.key == string(key) {
				*at = e.next
				e.next = nil
				b.used--
				t.shrink()
				return e
			}
		}
	}
	return nil
}

// grow begins to double the table when it holds as many entries as buckets.
func (t *Table[V]) grow() {
	b := &t.tabs[0]
	switch {
	case len(b.list) == 0:
		b.list = make([]*Entry[V], minBuckets)
	case t.moving < 0 && b.used >= len(b.list):
		t.resize(b.used * 2)
	}
}

// shrink begins to make the table smaller when it is nearly empty.
func (t *Table[V]) shrink() {
	b := &t.tabs[0]
	if t.moving < 0 && len(b.list) > minBuckets && b.used*10 < len(b.list) {
		t.resize(b.used)
	}
}

func (t *Table[V]) resize(want int) {
	n := minBuckets
	for n < want {
		n *= 2
	}
	if n != len(t.tabs[0].list) {
		t.tabs[1] = buckets[V]{list: make([]*Entry[V], n)}
		t.moving = 0
	}
}

// step moves one bucket, or passes some empty ones.
func (t *Table[V]) step() {
	if t.moving < 0 || t.frozen > 0 {
		return
	}
	from, to := &t.tabs[0], &t.tabs[1]
	for empty := 10; empty > 0 && t.moving < len(from.list) && from.list[t.moving] == nil; empty-- {
		t.moving++
	}
	if t.moving < len(from.list) {
		for e := from.list[t.moving]; e != nil; {
			next := e.next
			to.put(e)
			from.used--
			e = next
		}
		from.list[t.moving] = nil
		t.moving++
	}
	if from.used == 0 && t.moving >= len(from.list) || from.used == 0 {
		t.tabs[0], t.tabs[1] = *to, buckets[V]{}
		t.moving = -1
	}
}

// Scan calls fn for the entries of a few buckets and returns the cursor to go
// on with, 0 at the end. The cursor counts with its bits reversed: buckets that
// a growing table splits, or a shrinking one joins, are then visited as one.
// The idea is Pieter Noordhuis's, in Redis. fn may change the table.
func (t *Table[V]) Scan(cursor uint64, fn func(*Entry[V])) uint64 {
	if t.Len() == 0 {
		return 0
	}
	t.frozen++
	defer func() { t.frozen-- }()
	small, large := t.tabs[0].list, t.tabs[1].list
	if len(large) == 0 {
		visit(small, cursor, fn)
		return next(cursor, uint64(len(small)-1))
	}
	if len(small) > len(large) {
		small, large = large, small
	}
	m0, m1 := uint64(len(small)-1), uint64(len(large)-1)
	visit(small, cursor, fn)
	for {
		visit(large, cursor, fn)
		cursor = next(cursor, m1)
		if cursor&(m0^m1) == 0 {
			return cursor
		}
	}
}

func visit[V any](list []*Entry[V], cursor uint64, fn func(*Entry[V])) {
	for e := list[cursor&uint64(len(list)-1)]; e != nil; {
		following := e.next // fn may delete e
		fn(e)
		e = following
	}
}

// next counts up from the most significant bit of the mask.
func next(cursor, mask uint64) uint64 {
	cursor |= ^mask
	cursor = bits.Reverse64(cursor)
	cursor++
	return bits.Reverse64(cursor)
}

// Each calls fn for every entry until it returns false. fn may delete the entry
// it is given and no other.
func (t *Table[V]) Each(fn func(*Entry[V]) bool) {
	t.frozen++
	defer func() { t.frozen-- }()
	for i := range t.tabs {
		for _, e := range t.tabs[i].list {
			for e != nil {
				following := e.next
				if !fn(e) {
					return
				}
				e = following
			}
		}
	}
}

// Random returns a random entry, nil when there is none. Entries that share a
// bucket are a little less likely than others. rnd must be uniform.
func (t *Table[V]) Random(rnd func() uint64) *Entry[V] {
	if t.Len() == 0 {
		return nil
	}
	t.step()
	for {
		n := rnd() % uint64(t.Buckets())
		list := t.tabs[0].list
		if n >= uint64(len(list)) {
			n -= uint64(len(list))
			list = t.tabs[1].list
		}
		chain := 0
		for e := list[n]; e != nil; e = e.next {
			chain++
		}
		if chain == 0 {
			continue
		}
		e := list[n]
		for k := rnd() % uint64(chain); k > 0; k-- {
			e = e.next
		}
		return e
	}
}

package server

import (
	"bytes"

	"berth/internal/ds"
	"berth/internal/store"
)

// ZSetCursor is a place in a range of a sorted set, from where a module walks both
// ways. The set may change between steps: the cursor stays with its member and,
// when that is gone, goes on where it was. The zero ZSetCursor is no place.
type ZSetCursor struct {
	ranks  func(store.ZSetValue) (lo, hi int)
	lo, hi int // the range, as ranks gave it when the set had size members
	at     int
	size   int
	on     bool // there is a place
	within bool // no step has led out of the range

	// The member last looked at, and where it was. The set's order tells from it
	// where everything has moved to.
	member []byte
	score  float64
	seenAt int
}

// Begin goes to the first or the last member of a range.
func (k *ZSetCursor) Begin(z store.ZSetValue, ranks func(store.ZSetValue) (lo, hi int), first bool) {
	lo, hi := ranks(z)
	*k = ZSetCursor{ranks: ranks, lo: lo, hi: hi, at: lo, size: z.Len(), on: lo < hi, within: lo < hi, seenAt: -1, member: k.member[:0]}
	if !first {
		k.at = hi - 1
	}
	k.Current(z)
}

// BeginNowhere leaves a cursor that is at no member, though its end is not reached:
// what a range that cannot be read leaves, as in Redis.
func (k *ZSetCursor) BeginNowhere() { *k = ZSetCursor{within: true} }

// Stop forgets the range.
func (k *ZSetCursor) Stop() { *k = ZSetCursor{} }

// AtEnd reports whether a step has led out of the range.
func (k *ZSetCursor) AtEnd() bool { return !k.within }

// Current is the member that the cursor is at; ok is false if there is none. The
// member is valid until the set changes.
func (k *ZSetCursor) Current(z store.ZSetValue) (member ds.Elem, score float64, ok bool) {
	if !k.on {
		return member, 0, false
	}
	k.follow(z)
	if k.at < k.lo || k.at >= k.hi {
		return member, 0, false
	}
	it := z.Iter(k.at, false)
	if member, score, ok = it.Next(); ok {
		k.member = member.Append(k.member[:0])
		k.score, k.seenAt = score, k.at
	}
	return member, score, ok
}

// Step goes to the next member, or the one before, and reports whether it is in
// the range. If not, the cursor stays.
func (k *ZSetCursor) Step(z store.ZSetValue, back bool) bool {
	if !k.on {
		return false
	}
	gone := k.follow(z)
	next := k.at + 1
	switch {
	case back:
		next = k.at - 1
	case gone:
		next = k.at // the member that followed the one that is gone
	}
	if next < k.lo || next >= k.hi {
		k.within = false
		return false
	}
	if k.at = next; gone {
		k.Current(z)
	}
	return true
}

// follow finds the place anew if members were added or removed. gone says that the
// cursor's own member is not there any more, so that at is the one behind it.
func (k *ZSetCursor) follow(z store.ZSetValue) (gone bool) {
	if z.Len() == k.size {
		return false
	}
	k.size = z.Len()
	k.lo, k.hi = k.ranks(z)
	if k.seenAt < 0 {
		return false
	}
	var tmp [20]byte
	behind := func(member ds.Elem, score float64) int {
		if score != k.score {
			if score < k.score {
				return -1
			}
			return 1
		}
		return bytes.Compare(member.Bytes(tmp[:]), k.member)
	}
	rank := z.Partition(func(member ds.Elem, score float64) bool { return behind(member, score) < 0 })
	it := z.Iter(rank, false)
	member, score, ok := it.Next()
	here := ok && behind(member, score) == 0
	steps := k.at - k.seenAt
	k.at, k.seenAt = rank+steps, rank
	if here {
		return false
	}
	if steps > 0 {
		k.at-- // one of the members that were passed is gone
	}
	return steps == 0
}

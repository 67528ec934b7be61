package ds

import "slices"

// List is a sequence of byte strings, quick at both ends and fair in the
// middle: chunks of up to chunkItems items.
type List struct {
	chunks [][][]byte
	length int
	bytes  int
}

const chunkItems = 128

// Len is the number of items.
func (l *List) Len() int { return l.length }

// Bytes is the sum of the items' lengths.
func (l *List) Bytes() int { return l.bytes }

// PushBack adds an item, which the list keeps, at the end.
func (l *List) PushBack(item []byte) {
	n := len(l.chunks)
	if n == 0 || len(l.chunks[n-1]) >= chunkItems {
		l.chunks = append(l.chunks, nil)
		n++
	}
	l.chunks[n-1] = append(l.chunks[n-1], item)
	l.length++
	l.bytes += len(item)
}

// PushFront adds an item, which the list keeps, at the beginning.
func (l *List) PushFront(item []byte) {
	if len(l.chunks) == 0 || len(l.chunks[0]) >= chunkItems {
		l.chunks = slices.Insert(l.chunks, 0, nil)
	}
	l.chunks[0] = slices.Insert(l.chunks[0], 0, item)
	l.length++
	l.bytes += len(item)
}

// locate finds the chunk of item i, counted from 0.
func (l *List) locate(i int) (chunk, at int) {
	if i > l.length/2 {
		left := l.length - i
		for c := len(l.chunks) - 1; ; c-- {
			if n := len(l.chunks[c]); left <= n {
				return c, n - left
			} else {
				left -= n
			}
		}
	}
	for c := range l.chunks {
		if n := len(l.chunks[c]); i < n {
			return c, i
		} else {
			i -= n
		}
	}
	return len(l.chunks), 0
}

// At returns item i, counted from 0; the list keeps it.
func (l *List) At(i int) []byte {
	c, at := l.locate(i)
	return l.chunks[c][at]
}

// Set replaces item i.
func (l *List) Set(i int, item []byte) {
	c, at := l.locate(i)
	l.bytes += len(item) - len(l.chunks[c][at])
	l.chunks[c][at] = item
}

// Insert puts an item before item i, or at the end when i is Len.
func (l *List) Insert(i int, item []byte) {
	if i >= l.length {
		l.PushBack(item)
		return
	}
	c, at := l.locate(i)
	if len(l.chunks[c]) >= chunkItems {
		half := chunkItems / 2
		tail := slices.Clone(l.chunks[c][half:])
		l.chunks[c] = l.chunks[c][:half]
		l.chunks = slices.Insert(l.chunks, c+1, tail)
		if at >= half {
			c, at = c+1, at-half
		}
	}
	l.chunks[c] = slices.Insert(l.chunks[c], at, item)
	l.length++
	l.bytes += len(item)
}

// Delete takes item i out and returns it.
func (l *List) Delete(i int) []byte {
	c, at := l.locate(i)
	item := l.chunks[c][at]
	l.chunks[c] = slices.Delete(l.chunks[c], at, at+1)
	if len(l.chunks[c]) == 0 {
		l.chunks = slices.Delete(l.chunks, c, c+1)
	}
	l.length--
	l.bytes -= len(item)
	return item
}

// Trim keeps the items from and including first up to and including last.
func (l *List) Trim(first, last int) {
	kept := &List{}
	l.Each(first, true, func(i int, item []byte) bool {
		if i > last {
			return false
		}
		kept.PushBack(item)
		return true
	})
	*l = *kept
}

// Each calls fn for the items from i on, forwards or backwards, until it
// returns false. fn must not change the list.
func (l *List) Each(i int, forward bool, fn func(i int, item []byte) bool) {
	if i < 0 || i >= l.length {
		return
	}
	c, at := l.locate(i)
	for {
		if !fn(i, l.chunks[c][at]) {
			return
		}
		if forward {
			i++
			if at++; at == len(l.chunks[c]) {
				if c++; c == len(l.chunks) {
					return
				}
				at = 0
			}
			continue
		}
		i--
		if at--; at < 0 {
			if c--; c < 0 {
				return
			}
			at = len(l.chunks[c]) - 1
		}
	}
}

// Clone copies the list and its items.
func (l *List) Clone() *List {
	out := &List{}
	l.Each(0, true, func(_ int, item []byte) bool {
		out.PushBack(slices.Clone(item))
		return true
	})
	return out
}

package mem

// Stock is a supply of free blocks that its owner takes from and gives to
// without a lock, without a system call and without a Go pointer: where not even
// an allocation can wait. It is filled and emptied in batches, by Fill and Trim,
// where there is time. The zero Stock is empty.
//
// To the heap all of a Stock's blocks are handed out.
type Stock struct {
	lists [stockClasses]stockList
	// kept is a block for one request above StockMax.
	kept     uintptr
	keptSize int
	// large are blocks above StockMax that were given: each has the address of
	// the next and its own size.
	large uintptr
	over  bool
}

// stockList is a chain of free blocks.
type stockList struct {
	first uintptr
	n     int
}

const (
	// StockMax is the largest size of which there is a supply, in bytes.
	StockMax     = 256
	stockClasses = linearN + 8

	// stockBatch is how many bytes of a class Fill takes at once, and stockLimit how
	// many a Stock has before it is Over.
	stockBatch = 4 << 10
	stockLimit = 64 << 10
)

// Peek is the block that Take(n) would take, 0 if there is none. Its first word
// belongs to the Stock, the others may be written.
func (s *Stock) Peek(n int) uintptr {
	if n <= StockMax {
		return s.lists[classOf(n)].first
	}
	if s.kept != 0 && SameBlock(s.keptSize, n) {
		return s.kept
	}
	return 0
}

// Take returns a block of n bytes, or 0: then Fill gets one.
func (s *Stock) Take(n int) uintptr {
	p := s.Peek(n)
	switch {
	case p == 0:
	case n <= StockMax:
		l := &s.lists[classOf(n)]
		l.first = *(*uintptr)(Ptr(p))
		l.n--
	default:
		s.kept = 0
	}
	return p
}

// Give takes back a block of n bytes.
func (s *Stock) Give(p uintptr, n int) {
	if n > StockMax {
		*(*[2]uintptr)(Ptr(p)) = [2]uintptr{s.large, uintptr(n)}
		s.large = p
		s.over = true
		return
	}
	c := classOf(n)
	l := &s.lists[c]
	*(*uintptr)(Ptr(p)) = l.first
	l.first = p
	l.n++
	if l.n > stockLimit/int(classSize[c]) {
		s.over = true
	}
}

// Over says that the Stock has more than it should, until Trim.
func (s *Stock) Over() bool { return s.over }

// Bytes is how much the Stock has.
func (s *Stock) Bytes() int {
	sum := 0
	for c := range s.lists {
		sum += s.lists[c].n * int(classSize[c])
	}
	if s.kept != 0 {
		sum += UsableSize(s.keptSize)
	}
	for p := s.large; p != 0; {
		b := *(*[2]uintptr)(Ptr(p))
		sum += UsableSize(int(b[1]))
		p = b[0]
	}
	return sum
}

// Fill gets blocks of n bytes for s, at least one; many, if batch is set.
func (h *Shared) Fill(s *Stock, n int, batch bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n > StockMax {
		h.dropKept(s)
		s.kept, s.keptSize = uintptr(h.heap.Alloc(n)), n
		return
	}
	count := 1
	if batch {
		count = stockBatch / UsableSize(n)
	}
	for range count {
		s.Give(uintptr(h.heap.Alloc(n)), n)
	}
}

func (h *Shared) dropKept(s *Stock) {
	if s.kept != 0 {
		h.heap.Free(Ptr(s.kept), s.keptSize)
		s.kept = 0
	}
}

// Trim gives back what s has too much of, and all if it is not to keep any.
func (h *Shared) Trim(s *Stock, keep bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dropKept(s)
	for s.large != 0 {
		b := *(*[2]uintptr)(Ptr(s.large))
		h.heap.Free(Ptr(s.large), int(b[1]))
		s.large = b[0]
	}
	for c := range s.lists {
		size := int(classSize[c])
		rest := 0
		if keep {
			rest = stockLimit / 2 / size
		}
		for l := &s.lists[c]; l.n > rest; {
			p := l.first
			l.first = *(*uintptr)(Ptr(p))
			l.n--
			h.heap.Free(Ptr(p), size)
		}
	}
	s.over = false
}

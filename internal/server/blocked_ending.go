package server

import "sync/atomic"

// Ending is the part of a wait that threads change: how it ends, and what it took.
// It is made of atomic words, in memory that stays where it is for good, and the
// queue to the loop needs neither a lock nor an allocation. So a module's thread may
// use it without the Go scheduler's knowledge.
type Ending struct {
	state atomic.Uint32
	// index is its number, from 1 on; next that of the one queued before it.
	index, next uint32
	// result is the private data that Unblock brought. It becomes Blocked.Data on the
	// loop.
	result atomic.Uintptr
	// measuring is when MeasureStart was called, 0 if it was not, and background what
	// MeasureStart and MeasureEnd added up, in nanoseconds.
	measuring, background atomic.Int64
}

// What an Ending can be. Who changes it from one of the first two ends the wait.
const (
	endingOpen uint32 = iota
	endingOfKeys
	endingClaimed
	endingUnblocked // the result is there
	endingAborted
	endingOver
)

// endingChunk is how many are made at once.
const endingChunk = 128

// endings are all that there are of a server. Only last is not the loop's.
type endings struct {
	// last is the number of the one that was queued last, 0 for none.
	last   atomic.Uint32
	chunks []*[endingChunk]Ending
	owners []*Blocked
	free   []uint32
}

func (s *Server) ending(index uint32) *Ending {
	return &s.blocked.endings.chunks[(index-1)/endingChunk][(index-1)%endingChunk]
}

// newEnding is one for b.
func (s *Server) newEnding(b *Blocked) *Ending {
	all := &s.blocked.endings
	if len(all.free) == 0 {
		chunk := new([endingChunk]Ending)
		for i := range chunk {
			chunk[i].index = uint32(len(all.owners) + i + 1)
			all.free = append(all.free, chunk[i].index)
		}
		all.chunks = append(all.chunks, chunk)
		all.owners = append(all.owners, make([]*Blocked, endingChunk)...)
	}
	last := len(all.free) - 1
	e := s.ending(all.free[last])
	all.free = all.free[:last]
	all.owners[e.index-1] = b
	e.result.Store(0)
	e.measuring.Store(0)
	e.background.Store(0)
	e.state.Store(endingOpen)
	if b.keys != nil {
		e.state.Store(endingOfKeys)
	}
	return e
}

// forget takes the ending from a wait that is over, for another.
func (s *Server) forgetEnding(b *Blocked) {
	e := b.ending
	b.over.Store(true)
	e.state.Store(endingOver)
	s.blocked.endings.owners[e.index-1] = nil
	s.blocked.endings.free = append(s.blocked.endings.free, e.index)
}

// EndWait is Unblock of the wait that has the ending, but for a wait for keys; false
// when somebody has ended it. Any thread, which need not be known to the scheduler.
func (s *Server) EndWait(e *Ending, data uintptr) bool {
	if !e.state.CompareAndSwap(endingOpen, endingClaimed) {
		return false
	}
	e.result.Store(data)
	e.state.Store(endingUnblocked)
	s.enqueueEnding(e)
	return true
}

// enqueueEnding hands a wait that was ended to the loop, in the order of calls. Of
// many only the first wakes it.
func (s *Server) enqueueEnding(e *Ending) {
	last := &s.blocked.endings.last
	for {
		e.next = last.Load()
		if last.CompareAndSwap(e.next, e.index) {
			break
		}
	}
	// By now e may be over, and used again: nothing more of it is looked at.
	s.Loop.Ring()
}

// takeEndings empties the queue: the first that was queued, and next leads to the
// one behind.
func (s *Server) takeEndings() (first uint32) {
	for i := s.blocked.endings.last.Swap(0); i != 0; {
		e := s.ending(i)
		i, e.next, first = e.next, first, i
	}
	return first
}

// Ended tells whether somebody has ended the wait. Any thread, which need not be known
// to the scheduler. Once it is over another wait may have the ending.
func (e *Ending) Ended() bool { return e.state.Load() > endingOfKeys }

// Start begins a stretch of work that counts as time of the command. Any thread,
// which need not be known to the scheduler.
func (e *Ending) Start() { e.measuring.Store(nanotime()) }

// Stop adds the time since Start, and reports false when there was none. Any thread,
// which need not be known to the scheduler.
func (e *Ending) Stop() bool {
	began := e.measuring.Load()
	if began != 0 {
		e.background.Add(nanotime() - began)
	}
	return began != 0
}

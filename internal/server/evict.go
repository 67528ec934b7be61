package server

import (
	"math"
	"time"

	"berth/internal/store"
	"berth/loop"
)

const (
	// evictPool is how many candidates for eviction are remembered.
	evictPool = 16
	// evictBatch is after how many keys the time and the memory are looked at.
	evictBatch = 16
	// maxSamples bounds maxmemory-samples, which anyone may set to any number.
	maxSamples = 4096
)

// The policies by their number in policyNames.
const (
	policyVolatileLRU = iota
	policyVolatileLFU
	policyVolatileRandom
	policyVolatileTTL
	policyAllLRU
	policyAllLFU
	policyAllRandom
)

// candidate is a key that was sampled and may be evicted.
type candidate struct {
	score uint64
	db    int
	key   []byte
}

// evictState is what eviction remembers from one time to the next.
type evictState struct {
	// pool has the best candidates seen, in order of their score. They may be
	// gone by the time their turn comes.
	pool    []candidate
	spare   [][]byte // buffers of keys that left the pool
	drawn   []byte   // the key that was drawn last
	samples []store.Sampled
	nextDB  int
	// running is set while a timer goes on evicting.
	running bool
	// short is whether there was too little memory when the running request
	// began.
	short bool
	// since is when memory became short, in nanoseconds, 0 if it is not.
	since int64
}

// evictResult says how an attempt to get under the limit ended.
type evictResult uint8

const (
	// evictOK: there is room, or what was in the way is no longer.
	evictOK evictResult = iota
	// evictRunning: a timer goes on.
	evictRunning
	// evictFail: nothing is left that may go.
	evictFail
)

// evictsAll reports whether the policy takes keys without a time of expiry too.
func evictsAll(policy int) bool { return policy >= policyAllLRU }

// overMemory is by how much the memory in use exceeds the limit, 0 if it does
// not. Values that a snapshot has taken over do not count: they are gone for
// clients, and no other key should go for them.
func (s *Server) overMemory() uint64 {
	limit := s.Config.Values.MaxMemory
	if limit == 0 {
		return 0
	}
	used, held := s.UsedMemory(), uint64(s.heldMemory())
	if used > limit+held {
		return used - held - limit
	}
	return 0
}

// evictSafe reports whether keys may go now.
func (s *Server) evictSafe() bool {
	return s.exec.yielding == 0 && s.Paused() == PauseNone && !s.snapshotPressed()
}

// makeRoom evicts keys, within limits of time, when the memory in use exceeds
// maxmemory.
func (s *Server) makeRoom() evictResult {
	if !s.evictSafe() {
		return evictOK
	}
	result := evictOK
	if over := s.overMemory(); over != 0 {
		result = evictFail
		if policy := s.Config.Values.MaxMemoryPolicy; policy != policyNoEviction {
			start := nanotime()
			result = s.evictKeys(policy, int64(over))
			s.noteLatency("eviction-cycle", nanotime()-start)
		}
	}
	s.noteShortage(result)
	return result
}

// noteShortage counts the time for which memory is short.
func (s *Server) noteShortage(result evictResult) {
	switch {
	case result != evictOK && s.evict.since == 0:
		s.evict.since = nanotime()
	case result == evictOK && s.evict.since != 0:
		s.Stats.EvictionExceeded += nanotime() - s.evict.since
		s.evict.since = 0
	}
}

// evictBudget is how long one attempt may take: up to half a millisecond for a
// tenacity of 10, growing by 15 % with each further step, without end at 100.
func (s *Server) evictBudget() int64 {
	const step = 50 * int64(time.Microsecond)
	switch tenacity := s.Config.Values.EvictionTenacity; {
	case tenacity <= 10:
		return step * int64(tenacity)
	case tenacity < 100:
		return int64(float64(10*step) * math.Pow(1.15, float64(tenacity-10)))
	}
	return math.MaxInt64
}

// evictKeys frees that many bytes, or goes on in a timer when the time is up.
func (s *Server) evictKeys(policy int, need int64) evictResult {
	start, budget := nanotime(), s.evictBudget()
	lazy := s.Config.Values.LazyEviction
	for freed, keys := int64(0), 0; freed < need; {
		before := s.keyspaceMemory()
		if s.reclaimEvicted() {
			// What went before has yet to be given back, see UNLINK: no further
			// key needs to go as long as that is enough.
			freed += before - s.keyspaceMemory()
			if nanotime()-start > budget {
				s.evictLater()
				break
			}
			continue
		}
		db, key, ok := s.nextVictim(policy)
		if !ok {
			return s.awaitFreed(start, budget)
		}
		freed += s.evictKey(db, key, lazy)
		if keys++; keys%evictBatch != 0 {
			continue
		}
		s.sampleMemory() // modules may have given back what no heap of ours counts
		if s.overMemory() == 0 {
			break
		}
		if nanotime()-start > budget {
			s.evictLater()
			break
		}
	}
	if s.evict.running {
		return evictRunning
	}
	return evictOK
}

// awaitFreed waits, no longer than one attempt may take, for values that are
// being freed off the loop: there is nothing else left that could go.
func (s *Server) awaitFreed(start, budget int64) evictResult {
	for s.lazyPending() != 0 {
		s.sampleMemory()
		if s.overMemory() == 0 {
			return evictOK
		}
		if nanotime()-start >= budget {
			break
		}
		if !s.reclaimEvicted() {
			time.Sleep(time.Duration(min(budget, int64(time.Millisecond))))
		}
	}
	return evictFail
}

// reclaimEvicted gives back some of the memory of values that were unlinked, and
// reports whether there was any.
func (s *Server) reclaimEvicted() bool {
	for _, d := range s.keyspace.dbs {
		if d.Pending() != 0 {
			before := d.Pending()
			d.Reclaim(reclaimBlocks / 4)
			s.lazy.freed.Add(int64(before - d.Pending()))
			return true
		}
	}
	return false
}

// evictKey takes one key out and tells how many bytes that gave back. What those
// who hear of it write to clients does not count: else each key that goes would
// make room for itself to be told of, and the next had to go for that. What
// follows belongs to no command, but must not be cut in two by another either.
func (s *Server) evictKey(db int, key []byte, lazy bool) (freed int64) {
	s.EnterUnit()
	before := s.keyspaceMemory() - s.heldMemory()
	if e := s.DBAt(db).Find(key); e != nil {
		s.remove(db, key, e, lazy, LeaveEvicted)
	}
	freed = before - s.keyspaceMemory() + s.heldMemory()
	s.Stats.Evicted++
	s.touchBySelf(db, key)
	s.Notify(NotifyEvicted, "evicted", key, db)
	s.propagateGone(db, key, lazy)
	s.LeaveUnit()
	return freed
}

// evictLater goes on evicting when the loop has served its clients.
func (s *Server) evictLater() {
	if s.evict.running {
		return
	}
	s.evict.running = true
	s.Loop.AddTimer(0, func(loop.TimerID) time.Duration {
		if s.makeRoom() == evictRunning {
			return 0
		}
		s.evict.running = false
		return loop.NoMore
	}, nil)
}

package server

import (
	"sync"
	"sync/atomic"
	"time"

	"berth/internal/store"
)

// lazyState is what is freed off the loop: values of modules and databases that
// were flushed. A goroutine frees them that lives as long as there are any.
type lazyState struct {
	mu      sync.Mutex
	queue   []lazyJob
	running bool
	// pending and freed count keys.
	pending, freed atomic.Int64

	// The settings lazyfree-lazy-…, which belong to the loop.
	expire, serverDel, userDel, userFlush bool
}

// lazyJob is a value or, if db is not nil, a database with what it holds.
type lazyJob struct {
	value store.ModuleValue
	db    *store.DB
	keys  int
}

func (l *lazyState) freeValue(v store.ModuleValue) { l.add(lazyJob{value: v, keys: 1}) }

func (l *lazyState) freeDB(d *store.DB) { l.add(lazyJob{db: d, keys: d.Len()}) }

func (l *lazyState) add(j lazyJob) {
	l.pending.Add(int64(j.keys))
	l.mu.Lock()
	l.queue = append(l.queue, j)
	start := !l.running
	l.running = true
	l.mu.Unlock()
	if start {
		go l.work()
	}
}

func (l *lazyState) work() {
	for {
		l.mu.Lock()
		jobs := l.queue
		l.queue = nil
		l.running = len(jobs) != 0
		l.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for i := range jobs {
			jobs[i].do()
			l.pending.Add(-int64(jobs[i].keys))
			l.freed.Add(int64(jobs[i].keys))
			jobs[i] = lazyJob{}
		}
	}
}

func (j *lazyJob) do() {
	if j.db == nil {
		j.value.Free()
		return
	}
	j.db.TakeModules(store.ModuleValue.Free)
	j.db.Close()
}

// wait returns when all is freed, or false when that takes longer than d: a
// module may want the host lock to free a value, which the caller holds.
func (l *lazyState) wait(d time.Duration) bool {
	for end := time.Now().Add(d); l.pending.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// lazyPending is the number of values that are yet to be freed.
func (s *Server) lazyPending() int64 {
	n := s.lazy.pending.Load()
	for _, d := range s.keyspace.dbs {
		n += int64(d.Pending())
	}
	return n
}

package server

import (
	"slices"
	"time"

	"berth/internal/store"
	"berth/loop"
)

// Active defragmentation has modules move what they keep, so that their heap,
// which is the C library's, becomes dense. The keyspace itself has no need of it:
// its slabs have holes only of the sizes that are asked for.

// defragState is the active defragmentation. It belongs to the loop.
type defragState struct {
	// running is the share of the time that it may take, in percent; 0 while no
	// scan goes on.
	running int
	ticking bool // the timer runs
	// fill says how much of the modules' heap is in use, and how much it has.
	fill func() (used, held uint64)
	// globals has modules move what belongs to no key.
	globals func()

	db         int    // where the scan is
	cursor     uint64 // within the database
	inDB       bool
	later      [][]byte // keys of that database that are done in steps
	stepCursor uint64   // in the value of the first of them
	scratch    []byte   // keys found by one step of the scan
	ends       []int
	nextCheck  int64 // when to look at the heap, in nanoseconds
	scanHits   int64 // Stats.DefragHits at the start of the scan

	started int64 // when the time began that running is not 0, in nanoseconds
	total   int64 // the time before, in nanoseconds
	hits    int64 // in the value at hand
}

// SetDefrag says how full the modules' heap is and what has them move what
// belongs to no key.
func (s *Server) SetDefrag(fill func() (used, held uint64), globals func()) {
	s.defrag.fill, s.defrag.globals = fill, globals
}

// SetAllocator names the allocator of the modules' heap, for INFO. The loop.
func (s *Server) SetAllocator(name string) { s.allocator = "+" + name }

// CountDefrag counts that a block was looked at, and whether it was moved.
func (s *Server) CountDefrag(moved bool) {
	if moved {
		s.defrag.hits++
		s.Stats.DefragHits++
	} else {
		s.Stats.DefragMisses++
	}
}

// startDefragCron runs a cycle hz times a second while activedefrag is on.
func (s *Server) startDefragCron() error {
	if !s.Config.Values.ActiveDefrag || s.defrag.ticking {
		return nil
	}
	s.defrag.ticking = true
	s.Loop.AddTimer(0, func(loop.TimerID) time.Duration {
		s.defragCycle()
		if !s.Config.Values.ActiveDefrag {
			s.defrag.ticking = false
			return loop.NoMore
		}
		return time.Second / time.Duration(max(1, s.Settings.Hz))
	}, nil)
	return nil
}

// fragmentation is how much more the modules' heap has than is in use, in
// percent of that and in bytes.
func (s *Server) fragmentation() (percent float64, bytes uint64) {
	if s.defrag.fill == nil {
		return 0, 0
	}
	used, held := s.defrag.fill()
	if used == 0 || held <= used {
		return 0, 0
	}
	return float64(held-used) / float64(used) * 100, held - used
}

// planDefrag decides whether a scan is worth it, and how much time it may take.
// A scan that goes on may get more time, not less.
func (s *Server) planDefrag() {
	d := &s.defrag
	percent, bytes := s.fragmentation()
	n := func(name string) float64 { return float64(s.Config.Int("active-defrag-" + name)) }
	low, high := n("threshold-lower"), n("threshold-upper")
	if d.running == 0 && (percent < low || float64(bytes) < n("ignore-bytes")) {
		return
	}
	least, most := n("cycle-min"), n("cycle-max")
	share := most
	if high != low {
		share = least + (percent-low)*(most-least)/(high-low)
	}
	share = max(least, min(share, most))
	if int(share) <= d.running {
		return
	}
	if d.running == 0 {
		d.started = nanotime()
		d.scanHits = s.Stats.DefragHits
	}
	d.running = int(share)
	s.Log(LogDebug, "Starting active defrag, frag=%.0f%%, frag_bytes=%d, cpu=%d%%", percent, bytes, d.running)
}

// stopDefrag ends a scan, done or not.
func (s *Server) stopDefrag() {
	d := &s.defrag
	if d.running != 0 {
		d.total += nanotime() - d.started
	}
	d.running, d.db, d.cursor, d.inDB, d.stepCursor = 0, 0, 0, false, 0
	d.later = nil
}

// defragCycle goes on with a scan for its share of the time between two cycles.
func (s *Server) defragCycle() {
	d := &s.defrag
	if !s.Config.Values.ActiveDefrag {
		s.stopDefrag()
		return
	}
	if s.exec.yielding != 0 {
		return // a module's callback is in the middle of something
	}
	now := nanotime()
	if now >= d.nextCheck {
		d.nextCheck = now + int64(time.Second)
		s.planDefrag()
	}
	if d.running == 0 {
		return
	}
	limit := int64(time.Second) * int64(d.running) / 100 / int64(max(1, s.Settings.Hz))
	defer func() { s.noteLatency("active-defrag-cycle", nanotime()-now) }()
	end := now + max(limit, int64(time.Microsecond))
	stop := time.Now().UnixMicro() + max(limit/1000, 1)
	for d.running != 0 && nanotime() < end {
		switch {
		case len(d.later) != 0:
			s.defragStep(stop)
		case d.db >= s.DBCount():
			if d.globals != nil {
				d.globals()
			}
			s.defragDone()
		case d.inDB && d.cursor == 0:
			d.db, d.inDB = d.db+1, false
		default:
			s.defragScan()
		}
	}
}

// defragPause is the time after a scan that moved nothing: the next will hardly
// do better.
const defragPause = 400 * time.Millisecond

// defragDone ends a scan. If it moved something the next may begin at once.
func (s *Server) defragDone() {
	d := &s.defrag
	moved := s.Stats.DefragHits - d.scanHits
	if moved > 0 {
		s.Log(LogVerbose, "Active defrag done in %dms, reallocated=%d", (nanotime()-d.started)/int64(time.Millisecond), moved)
	}
	s.stopDefrag()
	if moved > 0 {
		s.planDefrag()
	} else {
		d.nextCheck = min(d.nextCheck, nanotime()+int64(defragPause))
	}
}

// defragScan looks at the next few keys. Modules run when the scan is over them,
// for they may change the database.
func (s *Server) defragScan() {
	d := &s.defrag
	data := s.DBAt(d.db)
	if data.Modules() == 0 {
		d.inDB, d.cursor = true, 0
		return
	}
	d.inDB = true
	keys, ends := d.scratch[:0], d.ends[:0]
	d.cursor = data.Scan(d.cursor, func(e *store.Entry) {
		if e.Type() == store.Module {
			keys = append(keys, e.Key()...)
			ends = append(ends, len(keys))
		}
	})
	d.scratch, d.ends = keys, ends
	from := 0
	for _, end := range ends {
		s.defragKey(keys[from:end])
		from = end
	}
}

// defragKey has a module move one value, or notes that it takes several steps.
func (s *Server) defragKey(key []byte) {
	d := &s.defrag
	e := s.DBAt(d.db).Find(key)
	if e == nil || e.Type() != store.Module {
		return
	}
	v := e.Module()
	name := store.ModuleKey{DB: d.db, Key: key}
	if !v.Of().Defrags() {
		s.Stats.DefragKeyMisses++
		return
	}
	effort := v.Of().Effort(name, v.Value)
	if effort == 0 || int64(effort) > s.Config.Int("active-defrag-max-scan-fields") {
		d.later = append(d.later, slices.Clone(key))
		return
	}
	d.hits = 0
	to, _ := v.Of().Defrag(name, v.Value, nil, 0)
	s.defragged(name, v, to)
	s.countDefragKey()
}

// defragged puts a value where its module moved it, if the key still has it.
func (s *Server) defragged(key store.ModuleKey, v store.ModuleValue, to uintptr) {
	if to == v.Value {
		return
	}
	if e := s.DBAt(key.DB).Find(key.Key); e != nil && e.Type() == store.Module && e.Module() == v {
		e.SetModule(to)
	}
}

func (s *Server) countDefragKey() {
	if s.defrag.hits != 0 {
		s.Stats.DefragKeyHits++
	} else {
		s.Stats.DefragKeyMisses++
	}
}

// defragStep goes on with the first value that is done in steps.
func (s *Server) defragStep(stop int64) {
	d := &s.defrag
	name := store.ModuleKey{DB: d.db, Key: d.later[0]}
	if e := s.DBAt(d.db).Find(name.Key); e != nil && e.Type() == store.Module {
		v := e.Module()
		d.hits = 0
		to, more := v.Of().Defrag(name, v.Value, &d.stepCursor, stop)
		s.defragged(name, v, to)
		s.countDefragKey()
		// The module's code may have ended the scan.
		if more || len(d.later) == 0 {
			return
		}
	}
	d.stepCursor = 0
	d.later = d.later[1:]
}

// defragTime is how long scans went on in all, and how long this one does, in
// milliseconds.
func (s *Server) defragTime() (total, current int64) {
	if s.defrag.running != 0 {
		current = nanotime() - s.defrag.started
	}
	return (s.defrag.total + current) / int64(time.Millisecond), current / int64(time.Millisecond)
}

package server

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"berth/internal/store"
)

// crate is a type of module values that takes three steps to defragment.
type crate struct {
	effort  int
	freed   atomic.Int64
	hold    chan struct{} // FreeValue waits for it, if it is not nil
	steps   []string
	cursors []uint64
	run     func(key string)
}

func (t *crate) TypeName() string                              { return "crate-ber" }
func (t *crate) Unlinked(store.ModuleKey, uintptr)             {}
func (t *crate) Effort(store.ModuleKey, uintptr) int           { return t.effort }
func (t *crate) Usage(_ store.ModuleKey, v uintptr, _ int) int { return int(v) }
func (t *crate) Digest(store.ModuleKey, uintptr) [20]byte      { return [20]byte{} }
func (t *crate) Defrags() bool                                 { return true }

func (t *crate) CopyValue(_, _ store.ModuleKey, v uintptr) (uintptr, bool) { return v, true }

func (t *crate) FreeValue(uintptr) {
	if t.hold != nil {
		<-t.hold
	}
	t.freed.Add(1)
}

func (t *crate) Defrag(key store.ModuleKey, v uintptr, cursor *uint64, _ int64) (uintptr, bool) {
	t.steps = append(t.steps, string(key.Key))
	if t.run != nil {
		t.run(string(key.Key))
	}
	if cursor == nil {
		return v + 1000, false
	}
	t.cursors = append(t.cursors, *cursor)
	*cursor++
	return v, *cursor < 3
}

// Values that take long to free do not hold the loop up, and are counted.
func TestLazyFree(t *testing.T) {
	l := start(t, nil)
	typ := &crate{effort: 65, hold: make(chan struct{})}
	w := l.dial()
	l.on(func(s *Server) {
		id := store.AddModuleType(typ)
		for i := range 10 {
			s.SetModule(0, fmt.Append(nil, "k", i), store.ModuleValue{Type: id, Value: 1})
		}
	})
	w.expect(
		"UNLINK k0 k1 k2", "3",
		"FLUSHALL ASYNC", "OK",
		"DBSIZE", "0",
	)
	l.on(func(s *Server) {
		if n := s.lazyPending(); n != 10 || typ.freed.Load() != 0 {
			t.Errorf("%d wait, %d are freed", n, typ.freed.Load())
		}
	})
	close(typ.hold)
	l.until("the values to be freed", func(s *Server) bool { return s.lazyPending() == 0 })
	l.on(func(s *Server) {
		if typ.freed.Load() != 10 || s.lazy.freed.Load() != 10 || !s.lazy.wait(time.Second) {
			t.Errorf("%d are freed, %d counted", typ.freed.Load(), s.lazy.freed.Load())
		}
	})
}

// defragScans runs cycles until a scan is over.
func defragScans(s *Server) {
	s.Config.Values.ActiveDefrag = true
	s.defrag.nextCheck = nanotime() + int64(time.Hour)
	s.defrag.running, s.defrag.started = 99, nanotime()
	for s.defrag.running != 0 {
		s.defragCycle()
	}
	s.Config.Values.ActiveDefrag = false
}

// Small values are moved in one go, large ones in steps with a cursor of their
// own; one that goes away in between is left alone.
func TestDefrag(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		typ := &crate{effort: 1}
		globals := 0
		s.SetDefrag(func() (used, held uint64) { return 100, 100 }, func() { globals++ })
		id := store.AddModuleType(typ)
		put := func(key string, v uintptr) { s.SetModule(0, []byte(key), store.ModuleValue{Type: id, Value: v}) }
		value := func(key string) uintptr {
			if e := s.DBAt(0).Find([]byte(key)); e != nil && e.Type() == store.Module {
				return e.Module().Value
			}
			return 0
		}
		put("small", 1)
		s.SetString(0, []byte("string"), []byte("v"))
		defragScans(s)
		if value("small") != 1001 || globals != 1 || s.Stats.DefragKeyMisses != 1 || len(typ.cursors) != 0 {
			t.Errorf("small: value %d, %d globals, %d keys, %d cursors", value("small"), globals, s.Stats.DefragKeyMisses, len(typ.cursors))
		}

		typ.effort, typ.steps = 5000, nil
		put("large", 2)
		defragScans(s)
		if want := []uint64{0, 1, 2, 0, 1, 2}; !slices.Equal(typ.cursors, want) || globals != 2 {
			t.Errorf("large: the cursors are %v, %d globals", typ.cursors, globals)
		}

		// The code that is called changes the key.
		for _, change := range []func(key string){
			func(key string) { s.DeleteKey(0, []byte(key)) },
			func(key string) { s.SetString(0, []byte(key), []byte("v")) },
			func(string) { s.FlushDB(-1, false) },
		} {
			put("small", 1)
			put("large", 2)
			typ.cursors, typ.steps, typ.run = nil, nil, change
			defragScans(s)
			typ.run = nil
			if len(typ.cursors) > 4 || value("small") > 1 || value("large") > 2 {
				t.Errorf("the cursors are %v, the steps %v", typ.cursors, typ.steps)
			}
			typ.effort = 1
			typ.run = change
			put("small", 1)
			defragScans(s)
			if typ.run = nil; value("small") != 0 {
				t.Errorf("a value came back: %d", value("small"))
			}
			typ.effort = 5000
		}
	})
}

// Switching it off ends a scan, and its time is counted.
func TestDefragStops(t *testing.T) {
	l := start(t, nil)
	w := l.dial()
	l.on(func(s *Server) { s.SetDefrag(func() (used, held uint64) { return 100, 300 }, func() {}) })
	w.expect("CONFIG SET active-defrag-ignore-bytes 100 activedefrag yes", "OK")
	l.until("a scan", func(s *Server) bool { return s.defrag.total != 0 })
	w.expect("CONFIG SET activedefrag no", "OK")
	l.until("its end", func(s *Server) bool { return s.defrag.running == 0 && !s.defrag.ticking })
	w.expect("CONFIG SET active-defrag-ignore-bytes 1", "OK")
	l.on(func(s *Server) {
		s.SetDefrag(func() (used, held uint64) { return 100, 105 }, func() {})
		if s.planDefrag(); s.defrag.running != 0 {
			t.Error("a heap that is dense is defragmented")
		}
		s.SetDefrag(func() (used, held uint64) { return 100, 150 }, func() {})
		if s.planDefrag(); s.defrag.running != 11 {
			t.Errorf("it may take %d%% of the time", s.defrag.running)
		}
		s.stopDefrag()
	})
}

package server

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"berth/internal/store"
)

// gate is a target that takes nothing until it is opened, and fails after that if it
// is to.
type gate struct {
	bytes.Buffer
	open chan struct{}
	err  error
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.open
	if g.err != nil {
		return 0, g.err
	}
	return g.Buffer.Write(b)
}

// begin begins a snapshot to a gate that is closed.
func (l *live) begin(g *gate) (done *atomic.Pointer[error]) {
	l.t.Helper()
	g.open = make(chan struct{})
	done = new(atomic.Pointer[error])
	l.on(func(s *Server) {
		_, err := s.StartSnapshot(SnapshotOptions{To: g, Done: func(err error) { done.Store(&err) }})
		if err != nil {
			l.t.Error(err)
		}
	})
	return done
}

// loaded loads what a gate got into a server of its own and gives its digest.
func (g *gate) loaded(t *testing.T) digest {
	t.Helper()
	k := talk(t, "")
	k.s.BeginLoading(LoadingRDB, int64(g.Len()))
	_, _, err := k.s.LoadSnapshot(&g.Buffer, LoadOptions{})
	k.s.EndLoading(err == nil)
	if err != nil {
		t.Fatal(err)
	}
	return k.s.digestAll()
}

// While the disk takes nothing, clients that change what is yet to be written wait
// from a certain amount of old values on, so that these do not take all the memory.
// Nothing is lost by that.
func TestSnapshotPressure(t *testing.T) {
	const keys, size, most = 1000, 60 << 10, 20 << 20
	l := start(t, nil)
	var before digest
	l.on(func(s *Server) {
		for i := range keys {
			s.SetString(0, fmt.Appendf(nil, "key:%d", i), bytes.Repeat([]byte{byte(i)}, size))
		}
		before = s.digestAll()
	})
	var g gate
	done := l.begin(&g)
	l.on(func(s *Server) { s.SnapshotRunning().most = most })
	w := l.dial()
	var pipeline strings.Builder
	for i := range keys {
		fmt.Fprintf(&pipeline, "*3\r\n$3\r\nSET\r\n$%d\r\nkey:%d\r\n$3\r\nnew\r\n", len(fmt.Sprint(i))+4, i)
	}
	if _, err := w.conn.Write([]byte(pipeline.String())); err != nil {
		t.Fatal(err)
	}
	l.until("a client waits for memory", func(s *Server) bool { return len(s.SnapshotRunning().crowd) == 1 })
	l.on(func(s *Server) {
		sn := s.SnapshotRunning()
		if taken := sn.taken(); taken > most+1<<20 {
			t.Errorf("the snapshot takes %d bytes", taken)
		}
		// No key goes by itself meanwhile.
		var key []byte
		d := s.DBAt(0)
		d.Each(func(e *store.Entry) bool {
			if d.Due(e) {
				key = bytes.Clone(e.Key())
			}
			return key == nil
		})
		d.SetExpire(d.Find(key), 1)
		s.expireCycle()
		if s.live(0, key) != nil || d.Find(key) == nil {
			t.Error("a key whose time is over is gone, or is not")
		}
		d.SetExpire(d.Find(key), 0)
	})
	// Others are served: who reads, and who writes what is new.
	r := l.dial()
	r.expect("set other value", "OK", "get other", "value")
	close(g.open)
	for range keys {
		if got := w.next(); got != "OK" {
			t.Fatalf("the reply is %s", got)
		}
	}
	l.until("the end", func(*Server) bool { return done.Load() != nil })
	if err := *done.Load(); err != nil {
		t.Fatal(err)
	}
	if after := g.loaded(t); after != before {
		t.Error("the snapshot has not what there was when it began")
	}
	l.on(func(s *Server) {
		if extra := s.persist.last.extra; extra < most || extra > most+2<<20 {
			t.Errorf("it took %d bytes at most, as it says", extra)
		}
	})
}

// A target that fails ends the snapshot, and clients that wait for it go on.
func TestSnapshotFails(t *testing.T) {
	const huge = hugeBytes + 1
	l := start(t, nil)
	w := l.dial()
	l.on(func(s *Server) {
		for i := range 40 {
			s.SetString(0, fmt.Appendf(nil, "key:%d", i), bytes.Repeat([]byte{'v'}, huge))
		}
	})
	g := gate{err: errors.New("no room")}
	done := l.begin(&g)
	l.until("the walk waits for the disk", func(s *Server) bool { return s.SnapshotRunning().out.behind() > slackBytes })
	var key string
	l.on(func(s *Server) {
		s.DBAt(0).Each(func(e *store.Entry) bool {
			if s.DBAt(0).Due(e) {
				key = string(e.Key())
			}
			return key == ""
		})
	})
	w.send("append " + key + " more")
	l.until("the client waits", func(s *Server) bool { return len(s.SnapshotRunning().waiting) == 1 })
	close(g.open)
	if got, want := w.next(), fmt.Sprint(huge+4); got != want {
		t.Errorf("the reply is %s, not %s", got, want)
	}
	l.until("the end", func(*Server) bool { return done.Load() != nil })
	if err := *done.Load(); !errors.Is(err, g.err) {
		t.Errorf("the error is %v", err)
	}
	l.on(func(s *Server) {
		if s.SnapshotRunning() != nil {
			t.Error("it still runs")
		}
	})
}

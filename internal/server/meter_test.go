package server

import (
	"testing"
	"time"

	"berth/internal/ticks"
)

// TestMeasured nests callbacks of two modules: each is charged what it took
// itself, and only the one that is to blame is slow.
func TestMeasured(t *testing.T) {
	l := start(t, nil)
	l.on(func(s *Server) {
		s.meter.slow = int64(50 * time.Millisecond)
		outer, inner := &Meter{Name: "outer"}, &Meter{Name: "inner"}
		cmd := &Command{Name: "inner.do"}
		const ms = int64(time.Millisecond)
		begin := s.meter.inner
		// The inner callback itself calls another of the outer module.
		deep := s.meter.inner
		s.measured(outer, ByKeyEvent, nil, 10*ms, deep)
		s.measured(inner, ByCommand, cmd, 80*ms, begin)
		s.measured(inner, ByCommand, cmd, 5*ms, s.meter.inner)
		s.measured(outer, ByTimer, nil, 100*ms, begin)
		for _, tc := range []struct {
			m    *Meter
			kind CallbackKind
			want Tally
		}{
			{outer, ByKeyEvent, Tally{1, 10 * ms, 10 * ms}},
			{inner, ByCommand, Tally{2, 75 * ms, 70 * ms}},
			{outer, ByTimer, Tally{1, 15 * ms, 15 * ms}},
		} {
			if got := tc.m.Kinds[tc.kind]; got != tc.want {
				t.Errorf("%s by %s: %+v, want %+v", tc.m.Name, tc.kind, got, tc.want)
			}
		}
		if got, want := outer.Total(), (Tally{2, 25 * ms, 15 * ms}); got != want {
			t.Errorf("the outer module: %+v, want %+v", got, want)
		}
		if outer.Slow != 0 || inner.Slow != 1 {
			t.Errorf("slow callbacks: %d and %d, want 0 and 1", outer.Slow, inner.Slow)
		}
		if got := inner.Longest; got.Kind != ByCommand || got.Command != "inner.do" || got.Nanos != 70*ms || got.Unix != s.Unixtime() {
			t.Errorf("the longest callback: %+v", got)
		}
		inner.Reset()
		if inner.Total() != (Tally{}) || inner.Slow != 0 || inner.Longest != (Slow{}) || inner.Name != "inner" {
			t.Errorf("after a reset: %+v", inner)
		}
	})
}

// A callback that serves clients with Yield does not hold the loop meanwhile.
func TestMeasuredYield(t *testing.T) {
	l := start(t, nil)
	l.addTo("sleep", 1, AllowBusy, func(*Client, [][]byte) { time.Sleep(50 * time.Millisecond) })
	m := &Meter{Name: "m"}
	done := make(chan struct{})
	l.addTo("long", 1, 0, func(c *Client, _ [][]byte) {
		s := c.Server()
		mark := s.MeterStart()
		for commands := s.Stats.Commands; s.Stats.Commands == commands; {
			if err := s.Yield("busy"); err != nil {
				t.Error(err)
			}
		}
		total := ticks.Nanos(ticks.Now() - mark.start)
		s.MeterStop(m, ByCommand, nil, mark)
		if own := m.Kinds[ByCommand].Nanos; own > total-int64(50*time.Millisecond) {
			t.Errorf("of %d ns, %d count as its own", total, own)
		}
		if m.Longest.Command != "long" {
			t.Errorf("the command was %q", m.Longest.Command)
		}
		close(done)
	})
	slow, other := l.dial(), l.dial()
	slow.send("long")
	other.send("sleep")
	<-done
}

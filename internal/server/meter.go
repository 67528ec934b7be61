package server

import (
	"fmt"
	"math"
	"time"

	"berth/internal/ticks"
)

// The loop is one, so whoever holds it long holds up all clients. Callbacks of
// modules are therefore measured, each, and counted for whom they belong to. Time
// in which a callback made others run is theirs: one that is slow is named, and
// those it is nested in are not.

// CallbackKind says what a callback was made for.
type CallbackKind uint8

// The kinds of callbacks.
const (
	ByCommand CallbackKind = iota
	ByReply
	ByTimeout
	ByDisconnect
	ByFree
	ByTimer
	ByFile
	ByOneShot
	ByServerEvent
	ByKeyEvent
	ByJob
	ByFilter
	ByDataType
	ByKeys
	ByConfig
	ByDefrag
	ByInfo
	ByLoad
	ByPromise
	ByThread
	ByFork
	callbackKinds
)

var callbackNames = [callbackKinds]string{
	"command", "reply", "timeout", "disconnection", "free", "timer", "file event", "one-shot", "server event",
	"key event", "notification job", "filter", "data type", "finding keys", "configuration", "defragmentation", "info",
	"load", "promise", "thread", "fork",
}

// String is the kind's name in the log and in MODULE INFO.
func (k CallbackKind) String() string { return callbackNames[k] }

// Tally sums up callbacks. Times are in nanoseconds.
type Tally struct {
	Calls, Nanos, Longest int64
}

// Slow is one callback that took long.
type Slow struct {
	Kind CallbackKind
	// Command is the command that was running, "" for none.
	Command string
	// Nanos is how long it took, Unix when it ended, in seconds.
	Nanos, Unix int64
}

// Meter measures the callbacks of one owner. It belongs to the holder of the host
// lock.
type Meter struct {
	// Name is the owner's, for the log.
	Name string
	// Kinds has a sum for each kind of callback, by its number.
	Kinds [callbackKinds]Tally
	// Longest is the callback that took longest of all.
	Longest Slow
	// Slow counts those that the log told of.
	Slow int64
}

// Total sums up callbacks of all kinds.
func (m *Meter) Total() Tally {
	var sum Tally
	for i := range m.Kinds {
		k := &m.Kinds[i]
		sum.Calls += k.Calls
		sum.Nanos += k.Nanos
		sum.Longest = max(sum.Longest, k.Longest)
	}
	return sum
}

// Reset forgets all that was measured.
func (m *Meter) Reset() { *m = Meter{Name: m.Name} }

// meterState is what all meters share.
type meterState struct {
	// inner is the time measured so far, that of nested callbacks but once: what
	// it grows by while a callback runs is not that callback's own.
	inner int64
	// slow is from what time on a callback is logged, in nanoseconds.
	slow int64
	// key is that of the value which is saved or loaded, nil when none is.
	key []byte
}

// MeterKey says of which key a value is about to be saved or loaded, for the log, and
// returns what it was before. Host lock.
func (s *Server) MeterKey(key []byte) (before []byte) {
	before, s.meter.key = s.meter.key, key
	return before
}

// MeterMark is the beginning of a callback.
type MeterMark struct{ start, inner int64 }

// MeterStart marks the beginning of a callback. Host lock.
func (s *Server) MeterStart() MeterMark { return MeterMark{ticks.Now(), s.meter.inner} }

// MeterStop counts for m the callback that began at a mark. cmd is the command it
// was made for, nil for the running one, if any. Host lock.
func (s *Server) MeterStop(m *Meter, kind CallbackKind, cmd *Command, mark MeterMark) {
	if c := s.exec.client; cmd == nil && c != nil {
		cmd = c.cmd
	}
	s.measured(m, kind, cmd, ticks.Nanos(ticks.Now()-mark.start), mark.inner)
}

// measured counts a callback that took so long and began when the sum of nested
// callbacks was inner. cmd is nil for one that no command is to blame for.
func (s *Server) measured(m *Meter, kind CallbackKind, cmd *Command, nanos, inner int64) {
	own := max(0, nanos-(s.meter.inner-inner))
	s.meter.inner = inner + nanos
	k := &m.Kinds[kind]
	k.Calls++
	k.Nanos += own
	if own > k.Longest {
		k.Longest = own
		if own > m.Longest.Nanos {
			m.Longest = Slow{kind, nameOf(cmd), own, s.Unixtime()}
		}
	}
	if own >= s.meter.slow {
		m.Slow++
		s.logSlow(m, kind, nameOf(cmd), own)
	}
}

func nameOf(cmd *Command) string {
	if cmd == nil {
		return ""
	}
	return cmd.Name
}

func (s *Server) logSlow(m *Meter, kind CallbackKind, command string, nanos int64) {
	during := ""
	switch {
	case command == "":
	case kind == ByCommand:
		during = " " + command
	default:
		during = " (command " + command + ")"
	}
	key := ""
	if kind == ByDataType && s.meter.key != nil {
		key = fmt.Sprintf(" (key %q)", cut(s.meter.key, maxShown))
	}
	s.Log(LogWarning, "Module %s held the loop for %d.%03d ms: %s%s%s",
		m.Name, nanos/1e6, nanos/1e3%1e3, kind, key, during)
}

// applySlowCallback takes over module-slow-callback-ms.
func (s *Server) applySlowCallback() error {
	s.meter.slow = math.MaxInt64
	if ms := s.Config.Values.SlowCallback; ms > 0 && ms < math.MaxInt64/int64(time.Millisecond) {
		s.meter.slow = ms * int64(time.Millisecond)
	}
	return nil
}

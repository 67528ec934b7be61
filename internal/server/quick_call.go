package server

import (
	"math"

	"berth/internal/ds"
	"berth/internal/resp"
	"berth/internal/store"
	"berth/internal/ticks"
)

// Commands that only look at a key are so small, and modules call them so often, that
// nearly all of a call would be what surrounds the command. They have a quick form
// besides their handler: one that runs where quick functions do (package abi), on memory
// that is there. TestQuickIsTheSame has both forms do the same.

// quickForm is the quick form of a command.
type quickForm uint8

const (
	quickNone quickForm = iota
	quickExists
	quickGet
	quickHExists
	quickHGet
	quickHGetAll
	quickHLen
	quickLLen
	quickPTTL
	quickSCard
	quickSIsMember
	quickStrLen
	quickTTL
	quickZCard
)

var quickForms = map[string]quickForm{
	"exists": quickExists, "get": quickGet, "hexists": quickHExists, "hget": quickHGet, "hgetall": quickHGetAll,
	"hlen": quickHLen, "llen": quickLLen, "pttl": quickPTTL, "scard": quickSCard, "sismember": quickSIsMember,
	"strlen": quickStrLen, "ttl": quickTTL, "zcard": quickZCard,
}

// HasQuickForm reports whether CallQuietly may be able to run the command.
func (cmd *Command) HasQuickForm() bool { return cmd.quick != quickNone }

// Called reports whether a call by this name, with so many arguments, is one of the
// command.
func (cmd *Command) Called(name []byte, args int) bool {
	return !cmd.removed && (cmd.Arity == args || cmd.Arity == -args) && equalFold(name, cmd.Name)
}

// CallQuietly is Execute for a command that has a quick form, where all that follows is
// that the call and the use of a key are counted. arg is the argument behind the key, if
// there is one. The reply, of RESP2, is put in out, and its length returned. It is -1,
// and nothing was done, where there may be more to do, or no room. The host lock must be
// held; neither allocates nor locks.
func (s *Server) CallQuietly(cmd *Command, db int, key, arg, out []byte) int {
	switch {
	case db >= len(s.keyspace.dbs), s.keyspace.settings.LFU, s.exec.replaying, s.tracking.clients != 0,
		len(s.filters.list)|len(s.monitors)|len(s.notify.waiting) != 0, cmd.Stats.Latency == nil && s.Config.Values.LatencyTracking:
		return -1
	}
	start := ticks.Now()
	d := s.DBNow(db)
	e := d.Peek(key)
	if e == nil && s.Hears(NotifyKeyMiss) || e != nil && e.Over(s.Mstime()) {
		return -1
	}
	n, touches := s.replyQuickly(cmd.quick, d, e, arg, out)
	took := ticks.Nanos(ticks.Now() - start)
	if n < 0 || took >= s.slow.from {
		return -1
	}
	switch {
	case e == nil:
		s.Stats.Misses++
	case touches && s.touches():
		e.SetIdle(s.Mstime(), 0)
		fallthrough
	default:
		s.Stats.Hits++
	}
	s.Stats.Commands++
	cmd.Stats.Calls++
	cmd.Stats.Nanos += took
	if s.Config.Values.LatencyTracking {
		cmd.Stats.Latency.Add(took)
	}
	return n
}

// replyQuickly puts a command's reply in out, and says whether looking at the key counts
// as a use of it. n is -1 if there is no room, or only the handler can tell.
func (s *Server) replyQuickly(form quickForm, d *store.DB, e *store.Entry, arg, out []byte) (n int, touches bool) {
	switch form {
	case quickExists:
		return putInt(out, b2i(e != nil)), false
	case quickPTTL:
		return putInt(out, s.left(e, 1)), false
	case quickTTL:
		return putInt(out, s.left(e, 1000)), false
	}
	if e != nil && e.Type() != quickType(form) {
		return -1, false
	}
	switch form {
	case quickGet:
		return putString(out, e), true
	case quickHGet:
		return putField(out, d, e, arg), true
	case quickHGetAll:
		return putFields(out, d, e), true
	}
	count := 0
	if e != nil {
		switch form {
		case quickStrLen:
			count = e.StringLen()
		case quickHLen:
			count = d.Hash(e).Len()
		case quickHExists:
			count = int(b2i(d.Hash(e).Has(arg)))
		case quickLLen:
			count = d.List(e).Len()
		case quickSCard:
			count = d.Set(e).Len()
		case quickSIsMember:
			count = int(b2i(d.Set(e).Has(arg)))
		case quickZCard:
			count = d.ZSet(e).Len()
		default:
			return -1, false
		}
	}
	return putInt(out, int64(count)), true
}

// quickType is the type of the values that a quick form is for.
func quickType(form quickForm) store.Type {
	switch form {
	case quickHExists, quickHGet, quickHGetAll, quickHLen:
		return store.Hash
	case quickLLen:
		return store.List
	case quickSCard, quickSIsMember:
		return store.Set
	case quickZCard:
		return store.ZSet
	}
	return store.String
}

// left is the time that a key has left, in units of so many milliseconds, rounded as TTL
// does; -1 for one that stays, and -2 for none.
func (s *Server) left(e *store.Entry, unit int64) int64 {
	if e == nil {
		return -2
	}
	t := e.Expire()
	if t == 0 {
		return -1
	}
	t = max(0, t-s.Mstime())
	return t/unit + (t%unit+unit/2)/unit // the sum could overflow
}

// The put functions add to what there is in out, n bytes, and return how many bytes it
// is then: -1, as for an n of -1, if there is no room.

func putInt(out []byte, v int64) int {
	var digits [20]byte
	text := resp.Decimal(&digits, v)
	n := 1 + len(text) + len(resp.CRLF)
	if n > len(out) {
		return -1
	}
	out[0] = ':'
	copy(out[1:], text)
	out[n-2], out[n-1] = '\r', '\n'
	return n
}

func putBulk(out []byte, n int, b []byte) int {
	if n < 0 || len(b) > math.MaxInt32 {
		return -1
	}
	end := n + resp.BulkSize(len(b))
	if end > len(out) {
		return -1
	}
	resp.PutBulk(out[n:end], b)
	return end
}

func putNull(out []byte) int {
	if len(out) < len("$-1\r\n") {
		return -1
	}
	return copy(out, "$-1\r\n")
}

func putElem(out []byte, n int, e ds.Elem) int {
	if v, ok := e.Int(); ok {
		var digits [20]byte
		return putBulk(out, n, resp.Decimal(&digits, v))
	}
	return putBulk(out, n, e.Stored())
}

func putString(out []byte, e *store.Entry) int {
	if e == nil {
		return putNull(out)
	}
	if v, ok := e.StringInt(); ok {
		var digits [20]byte
		return putBulk(out, 0, resp.Decimal(&digits, v))
	}
	return putBulk(out, 0, e.Stored())
}

func putField(out []byte, d *store.DB, e *store.Entry, field []byte) int {
	if e != nil {
		if v, ok := d.Hash(e).Get(field); ok {
			return putElem(out, 0, v)
		}
	}
	return putNull(out)
}

func putFields(out []byte, d *store.DB, e *store.Entry) int {
	if e == nil {
		return putArray(out, 0)
	}
	k, ok := d.Hash(e).Pack()
	if !ok {
		return -1
	}
	n := putArray(out, k.Len())
	for pos := k.First(); pos < k.End() && n >= 0; {
		var x ds.Elem
		x, pos = k.Get(pos)
		n = putElem(out, n, x)
	}
	return n
}

func putArray(out []byte, elements int) int {
	n := resp.ArraySize(elements)
	if n > len(out) {
		return -1
	}
	resp.PutArray(out[:n], elements)
	return n
}

package server

import (
	"time"

	"berth/internal/store"
	"berth/loop"
)

// waitKind is what a client waits for.
type waitKind uint8

const (
	// waitNothing is the kind of the types that nobody waits for.
	waitNothing waitKind = iota
	waitList
	waitZSet
	waitStream
	// waitModule is a module's client, which waits for keys of any type.
	waitModule
	// waitTime is a client that waits for no key.
	waitTime
	waitKinds
)

// kindOf is the kind of wait that a value of a type ends.
func kindOf(t store.Type) waitKind {
	switch t {
	case store.List:
		return waitList
	case store.ZSet:
		return waitZSet
	case store.Stream:
		return waitStream
	case store.Module:
		return waitModule
	}
	return waitNothing
}

// waitState is who waits for which keys.
type waitState struct {
	// count is how many clients wait for keys: while it is zero, a change of a
	// key costs one test.
	count int
	// kinds is count for each kind.
	kinds [waitKinds]int
	// queues are the keys that somebody waits for, or that are in ready.
	queues map[dbKey]*waitQueue
	// ready are the keys to be looked at when the running command is over.
	ready []*waitQueue
	// serving is set while they are.
	serving bool
	// seq is the number of the newest place in a queue.
	seq uint64
	// timed is how many clients wait with a time limit.
	timed int
	// keys is how many queues are not empty, and gone how many have clients
	// that are also served when the key goes.
	keys, gone int
}

// waitQueue is who waits for one key, in the order of service.
type waitQueue struct {
	at          dbKey
	first, last *waitNode
	n           int
	// gone is how many of them are served also when the key goes.
	gone int
	// ready is set while the queue is in waitState.ready, and serving while it is
	// the one that is looked at: an empty queue is kept as long as either.
	ready, serving bool
}

// waitNode is a client's place in one queue.
type waitNode struct {
	wait       *keyWait
	queue      *waitQueue // nil while it is in none
	prev, next *waitNode
	seq        uint64
}

// keyWait is one wait of one client, from the command's first try to its reply.
type keyWait struct {
	client *Client
	kind   waitKind
	// gone says that the client is served also when a key goes.
	gone bool
	// parked is set while the client waits, and not while its command is tried
	// again.
	parked bool
	// argv is the command, which is tried again when a key is ready.
	argv  [][]byte
	nodes []waitNode
	one   [1]waitNode
	// until is when the wait is over, 0 for never.
	until int64
	timer loop.TimerID
	// timeout replies that it is over; nil replies a null array.
	timeout func(*Client)
	// module is the module's side of the wait, nil for a command of the server's.
	module *Blocked
}

// waiting says how a command waits.
type waiting struct {
	kind waitKind
	// from and n say which arguments are the keys.
	from, n int
	// limit is how long to wait in nanoseconds, 0 for ever.
	limit int64
	// gone has the command tried again also when a key goes.
	gone bool
	// timeout replies that the time is over; nil replies a null array.
	timeout func(*Client)
}

// mayWait reports whether the client's command may make it wait. A client without
// a connection may if somebody wants to hear of the command's end.
func (c *Client) mayWait() bool {
	return c.Flags&FlagDenyBlocking == 0 && (c.Flags&FlagFake == 0 || c.whenDone != nil)
}

// wait has the client wait and its command tried again when a key is ready. The
// time limit of a command that is tried again goes on.
func (c *Client) wait(o waiting) *keyWait {
	w := c.waits
	if w == nil {
		w = &keyWait{client: c, kind: o.kind, gone: o.gone, timeout: o.timeout, argv: copyArgs(c.argv)}
		c.waits, c.argv = w, w.argv
		if o.limit > 0 {
			if w.until = c.srv.clock.now + o.limit; w.until < 0 {
				w.until = 0 // beyond the end of time
			}
		}
	}
	c.srv.setTimer(w)
	c.srv.park(w, w.argv[o.from:o.from+o.n])
	c.Flags |= FlagBlocked
	if c.Flags&FlagFake == 0 {
		c.srv.Stats.Blocked++
	}
	return w
}

// setTimer has the wait end when its time is over, unless that is arranged
// already.
func (s *Server) setTimer(w *keyWait) {
	if w.until == 0 || w.timer != 0 {
		return
	}
	s.waits.timed++
	w.timer = s.Loop.AddTimer(time.Duration(w.until-nanotime()), func(loop.TimerID) time.Duration {
		w.timer = 0
		s.waits.timed--
		s.waitOver(w)
		return loop.NoMore
	}, nil)
}

// stopTimer takes back what setTimer arranged.
func (s *Server) stopTimer(w *keyWait) {
	if w.timer != 0 {
		s.Loop.RemoveTimer(w.timer)
		w.timer = 0
		s.waits.timed--
	}
}

// park puts the wait at the end of the queues of its keys.
func (s *Server) park(w *keyWait, keys [][]byte) {
	ws := &s.waits
	w.parked = true
	if w.kind == waitTime {
		return
	}
	ws.count++
	ws.kinds[w.kind]++
	if len(keys) == 1 {
		w.nodes = w.one[:0]
	} else if cap(w.nodes) < len(keys) {
		w.nodes = make([]waitNode, 0, len(keys))
	}
	ws.seq++
	db := w.client.DB
	for _, key := range keys {
		q := ws.queues[dbKey{db, string(key)}]
		if q == nil {
			if ws.queues == nil {
				ws.queues = make(map[dbKey]*waitQueue)
			}
			at := dbKey{db, string(key)}
			q = &waitQueue{at: at}
			ws.queues[at] = q
		}
		if q.last != nil && q.last.wait == w {
			continue // the key was named twice
		}
		w.nodes = append(w.nodes, waitNode{wait: w, seq: ws.seq})
		q.push(&w.nodes[len(w.nodes)-1], ws)
	}
}

// unpark takes the wait out of all queues.
func (s *Server) unpark(w *keyWait) {
	if !w.parked {
		return
	}
	ws := &s.waits
	w.parked = false
	if w.kind == waitTime {
		return
	}
	ws.count--
	ws.kinds[w.kind]--
	for i := range w.nodes {
		if n := &w.nodes[i]; n.queue != nil {
			q := n.queue
			q.remove(n, ws)
			q.dropEmpty(ws)
		}
	}
	w.nodes = w.nodes[:0]
}

func (q *waitQueue) push(n *waitNode, ws *waitState) {
	n.queue = q
	n.prev = q.last
	if q.last != nil {
		q.last.next = n
	} else {
		q.first = n
	}
	q.last = n
	if q.n++; q.n == 1 {
		ws.keys++
	}
	if n.wait.gone {
		if q.gone++; q.gone == 1 {
			ws.gone++
		}
	}
}

func (q *waitQueue) remove(n *waitNode, ws *waitState) {
	if n.prev != nil {
		n.prev.next = n.next
	} else {
		q.first = n.next
	}
	if n.next != nil {
		n.next.prev = n.prev
	} else {
		q.last = n.prev
	}
	n.queue, n.prev, n.next = nil, nil, nil
	if q.n--; q.n == 0 {
		ws.keys--
	}
	if n.wait.gone {
		if q.gone--; q.gone == 0 {
			ws.gone--
		}
	}
}

// dropEmpty forgets the queue if nobody is in it or about to look at it.
func (q *waitQueue) dropEmpty(ws *waitState) {
	if q.n == 0 && !q.ready && !q.serving {
		delete(ws.queues, q.at)
	}
}

// after is the first place in the queue behind the one with a number.
func (q *waitQueue) after(seq uint64) *waitNode {
	n := q.first
	for n != nil && n.seq <= seq {
		n = n.next
	}
	return n
}

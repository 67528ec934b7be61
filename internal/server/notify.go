package server

import (
	"slices"
	"strconv"
)

// notifyState says who wants to hear of changes of keys.
type notifyState struct {
	// heard are the classes that somebody listens to, in the configuration's
	// channels or in a module: an event of another class costs one test. All
	// bits are set while events wait.
	heard int
	// configured are the classes that are published.
	configured int
	listeners  []*KeyspaceListener
	// waiting are events that could not be told at once, oldest first.
	waiting []keyEvent
	// noExpiry is above zero while a key must stay though its time is over,
	// because a module is being told about keys.
	noExpiry int
	// frozen is above zero while a module looks at a key that is about to go:
	// it may change nothing, and nobody else may run.
	frozen int
}

// KeyspaceListener hears of changes of keys. Its function may do anything to
// the keyspace.
type KeyspaceListener struct {
	// Mask has the Notify… classes that it wants.
	Mask int
	// Func is called with each event. key is good during the call only.
	Func func(class int, event string, key []byte, db int)
}

// keyEvent is one event that waits.
type keyEvent struct {
	class int
	event string
	key   []byte
	db    int
}

// AddKeyspaceListener has l told of events from now on.
func (s *Server) AddKeyspaceListener(l *KeyspaceListener) {
	n := &s.notify
	n.listeners = append(slices.Clip(n.listeners), l)
	n.update()
}

// RemoveKeyspaceListener ends what AddKeyspaceListener began.
func (s *Server) RemoveKeyspaceListener(l *KeyspaceListener) {
	n := &s.notify
	n.listeners = slices.DeleteFunc(slices.Clone(n.listeners), func(o *KeyspaceListener) bool { return o == l })
	n.update()
}

// configureNotify puts notify-keyspace-events into effect.
func (s *Server) configureNotify() error {
	s.notify.configured = 0
	if flags := s.Config.Values.NotifyFlags; flags&(NotifyKeyspace|NotifyKeyevent) != 0 {
		s.notify.configured = flags &^ (NotifyKeyspace | NotifyKeyevent)
	}
	s.notify.update()
	return nil
}

// update computes heard.
func (n *notifyState) update() {
	if len(n.waiting) != 0 {
		n.heard = -1
		return
	}
	n.heard = n.wanted()
}

// wanted are the classes that somebody listens to.
func (n *notifyState) wanted() int {
	mask := n.configured
	for _, l := range n.listeners {
		mask |= l.Mask
	}
	return mask &^ (NotifyKeyspace | NotifyKeyevent)
}

// Notify tells all who listen of an event. Modules among them may do anything,
// such as delete the key, before it returns: the caller holds no entry and no
// value any more, and key aliases no entry.
func (s *Server) Notify(class int, event string, key []byte, db int) {
	if s.notify.heard&class != 0 {
		s.tell(class, event, key, db)
	}
}

// notifyLater is Notify for an event in the middle of a command that may hold
// entries: a missed or expired key among several, a key that is there but has
// not got its value. It is told before the next event of Notify, or when the
// command is over, so that the order of events is that of Redis.
func (s *Server) notifyLater(class int, event string, key []byte, db int) {
	n := &s.notify
	if n.heard&class == 0 || n.wanted()&class == 0 {
		return
	}
	n.waiting = append(n.waiting, keyEvent{class, event, slices.Clone(key), db})
	n.heard = -1
}

// TellWaiting tells the events that waited for a command to be done with its
// entries. Whoever causes such events outside of a command calls it.
func (s *Server) TellWaiting() {
	if len(s.notify.waiting) != 0 && s.notify.frozen == 0 {
		s.tellWaiting()
	}
}

func (s *Server) tellWaiting() {
	n := &s.notify
	for len(n.waiting) != 0 {
		list := n.waiting
		n.waiting = nil
		n.update()
		for _, e := range list {
			s.broadcast(e.class, e.event, e.key, e.db)
		}
	}
}

// tell is the part of Notify for classes that somebody listens to.
func (s *Server) tell(class int, event string, key []byte, db int) {
	if s.notify.frozen != 0 {
		// A callback that may change nothing is running in the middle of a
		// command, so nobody else may run now.
		s.notifyLater(class, event, key, db)
		return
	}
	s.TellWaiting()
	if s.notify.heard&class != 0 {
		s.broadcast(class, event, key, db)
	}
}

// broadcast tells modules and then subscribers of an event.
func (s *Server) broadcast(class int, event string, key []byte, db int) {
	n := &s.notify
	if list := n.listeners; len(list) != 0 {
		s.EnterUnit()
		n.noExpiry++
		for _, l := range list {
			if l.Mask&class != 0 {
				l.Func(class&^(NotifyKeyspace|NotifyKeyevent), event, key, db)
			}
		}
		n.noExpiry--
		s.LeaveUnit()
	}
	if n.configured&class != 0 {
		s.publishEvent(event, key, db)
	}
}

// publishEvent publishes an event on the channels that the configuration asks
// for.
func (s *Server) publishEvent(event string, key []byte, db int) {
	flags := s.Config.Values.NotifyFlags
	n := strconv.Itoa(db)
	if flags&NotifyKeyspace != 0 {
		s.Publish(append([]byte("__keyspace@"+n+"__:"), key...), []byte(event), false)
	}
	if flags&NotifyKeyevent != 0 {
		s.Publish([]byte("__keyevent@"+n+"__:"+event), key, false)
	}
}

// Hears reports whether anybody listens to a class of events.
func (s *Server) Hears(class int) bool { return s.notify.heard&class != 0 }

package server

import (
	"time"

	"berth/loop"
)

// expireKey removes a key whose time is over. Whoever looks up several keys may
// hold entries meanwhile, so modules learn of it later.
func (s *Server) expireKey(db int, key []byte) {
	key = append([]byte(nil), key...) // it may belong to the entry
	if e := s.DBAt(db).Find(key); e != nil {
		s.remove(db, key, e, s.lazy.expire, LeaveExpired)
	}
	s.Stats.Expired++
	s.notifyLater(NotifyExpired, "expired", key, db)
	s.propagateGone(db, key, s.lazy.expire)
	s.touchBySelf(db, key)
}

// expireNow is expireKey outside of commands.
func (s *Server) expireNow(db int, key []byte) {
	s.EnterUnit()
	s.expireKey(db, key)
	s.LeaveUnit()
}

const (
	// expireBudget is the most time one round of active expiry takes.
	expireBudget = time.Millisecond
	// expireGoOn is the share of looked-at keys, one in so many, that must be
	// over their time for a database to be worth another look at once.
	expireGoOn = 10
)

// startExpireCron looks for keys whose time is over, so that those nobody asks
// for go too.
func (s *Server) startExpireCron() {
	s.Loop.AddTimer(time.Second, func(loop.TimerID) time.Duration {
		if !s.keyspace.passive && !s.net.cronPaused && s.exec.yielding == 0 && s.Paused() == PauseNone {
			start := nanotime()
			s.expireCycle()
			s.noteLatency("expire-cycle", nanotime()-start)
		}
		return time.Second / time.Duration(max(1, s.Settings.Hz))
	}, nil)
}

// expireCycle goes round the databases within its budget; the next one begins
// where this one stopped.
func (s *Server) expireCycle() {
	if s.snapshotPressed() {
		return
	}
	start := nanotime()
	now := time.Now().UnixMilli()
	for range s.keyspace.dbs {
		db := s.keyspace.nextDB % len(s.keyspace.dbs)
		d := s.keyspace.dbs[db]
		for looked := 0; d.Expiring() > 0 && looked < d.Expiring(); {
			seen, over := d.ExpireCycle(now, func(key []byte) {
				if s.DBAt(db) == d { // else a module has swapped databases
					s.expireNow(db, key)
				}
			})
			looked += max(seen, 1)
			if nanotime()-start > int64(expireBudget) {
				s.Stats.ExpiredTimeCap++
				s.Stats.ExpireCycleMs += (nanotime() - start) / int64(time.Millisecond)
				return
			}
			if looked > 200 && over*expireGoOn < seen {
				break
			}
		}
		s.keyspace.nextDB++
	}
}

package server

import (
	"berth/internal/store"
)

// nextVictim finds the key that the policy gives up next. The key's bytes are
// valid until the next call.
func (s *Server) nextVictim(policy int) (db int, key []byte, ok bool) {
	switch policy {
	case policyVolatileRandom, policyAllRandom:
		return s.randomVictim(policy)
	}
	for {
		keys := 0
		for i, d := range s.keyspace.dbs {
			n := d.Len()
			if !evictsAll(policy) {
				n = d.Expiring()
			}
			if n != 0 {
				s.fillPool(i, d, policy)
				keys += n
			}
		}
		if keys == 0 {
			return 0, nil, false
		}
		if db, key, ok = s.takeFromPool(policy); ok {
			return db, key, true
		}
	}
}

// randomVictim draws a key, of each database in turn.
func (s *Server) randomVictim(policy int) (db int, key []byte, ok bool) {
	for range s.keyspace.dbs {
		s.evict.nextDB++
		db = s.evict.nextDB % len(s.keyspace.dbs)
		d := s.keyspace.dbs[db]
		e := d.Random
		if !evictsAll(policy) {
			e = d.RandomExpiring
		}
		if victim := e(); victim != nil {
			s.evict.drawn = append(s.evict.drawn[:0], victim.Key()...)
			return db, s.evict.drawn, true
		}
	}
	return 0, nil, false
}

// spareKey gives a buffer for a key.
func (s *Server) spareKey() []byte {
	p := &s.evict
	if n := len(p.spare); n != 0 {
		b := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return b[:0]
	}
	return nil
}

// maxSpareKey is the longest key whose buffer is kept.
const maxSpareKey = 255

// reuse keeps a key's buffer.
func (s *Server) reuse(key []byte) {
	if cap(key) <= maxSpareKey && len(s.evict.spare) < evictPool {
		s.evict.spare = append(s.evict.spare, key)
	}
}

// scoreOf is what a policy goes by.
func scoreOf(policy int) store.Score {
	switch policy {
	case policyVolatileLFU, policyAllLFU:
		return store.ByFreq
	case policyVolatileTTL:
		return store.ByExpire
	}
	return store.ByIdle
}

// fillPool samples a database and puts what is worth it into the pool.
func (s *Server) fillPool(db int, d *store.DB, policy int) {
	p := &s.evict
	want := min(s.Config.Values.MaxMemorySamples, maxSamples)
	if len(p.samples) != want {
		p.samples = make([]store.Sampled, want)
	}
	score, now := scoreOf(policy), s.Mstime()
	n := d.Sample(p.samples, !evictsAll(policy))
	for _, sample := range p.samples[:n] {
		e := sample.Entry()
		s.offer(db, e, score.Of(d, e, now))
	}
	// The collector must not find addresses of memory that was given back.
	clear(p.samples)
}

// offer puts an entry among the candidates unless all are better.
func (s *Server) offer(db int, e *store.Entry, score uint64) {
	p := &s.evict
	at := 0
	for at < len(p.pool) && p.pool[at].score < score {
		at++
	}
	if len(p.pool) == evictPool {
		if at == 0 {
			return
		}
		s.reuse(p.pool[0].key)
		copy(p.pool, p.pool[1:at])
		at--
	} else {
		p.pool = append(p.pool, candidate{})
		copy(p.pool[at+1:], p.pool[at:])
	}
	p.pool[at] = candidate{score: score, db: db, key: append(s.spareKey(), e.Key()...)}
}

// takeFromPool takes the best candidate that is still there out of the pool.
func (s *Server) takeFromPool(policy int) (db int, key []byte, ok bool) {
	p := &s.evict
	for n := len(p.pool) - 1; n >= 0; n-- {
		c := p.pool[n]
		p.pool[n] = candidate{}
		p.pool = p.pool[:n]
		s.reuse(c.key)
		if c.db >= len(s.keyspace.dbs) {
			continue
		}
		e := s.keyspace.dbs[c.db].Find(c.key)
		if e != nil && (evictsAll(policy) || e.Expire() != 0) {
			return c.db, c.key, true
		}
	}
	return 0, nil, false
}

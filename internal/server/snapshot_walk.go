package server

import (
	"bytes"
	"time"

	"golang.org/x/sys/unix"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
	"berth/loop"
)

const (
	// sliceTime is how long a slice lasts beside clients, about, and idleTime without
	// any. pauseTime is what they get between two slices, and threads of modules that
	// wait for the host lock: it is not fair, so the loop must sleep for them to have it.
	sliceTime = 200 * time.Microsecond
	idleTime  = 500 * time.Microsecond
	pauseTime = 800 * time.Microsecond
	// slackBytes is how far the goroutine may be behind before the walk waits.
	slackBytes = 16 << 20
	// chunkBytes is how much is handed over at once.
	chunkBytes = 256 << 10
	// lookBytes is how much of other values is written between two looks at the clock.
	lookBytes = 4 << 10
	// stepBytes is how much of a large value is written between two looks at the
	// clock.
	stepBytes = 64 << 10
)

// slice goes on with the walk for a while and says when it is to be called again.
func (sn *Snapshot) slice() time.Duration {
	sn.fail(sn.out.failed())
	if sn.err != nil {
		_ = sn.end() // the goroutine tells the owner
		return loop.NoMore
	}
	if sn.out.behind() > slackBytes {
		sn.resumeCrowd()
		return time.Millisecond
	}
	sn.keyDelay = keyDelay(sn.s.Config.Int("rdb-key-save-delay"))
	held := holdLoop()
	done := sn.walk(held.wall + int64(sn.length()))
	if done || sn.err != nil {
		_ = sn.end()
	}
	sn.hold(held)
	if sn.walked {
		return loop.NoMore
	}
	sn.resumeCrowd()
	pause := max(pauseTime, time.Duration(sn.delay))
	sn.delay = 0
	return pause
}

// length is how long the next slice lasts: longer if no command has run since the last.
func (sn *Snapshot) length() time.Duration {
	before := sn.served
	if sn.served = sn.s.Stats.Commands; sn.served == before {
		return idleTime
	}
	return sliceTime
}

// walk writes entries until a moment, and reports whether there are no more.
func (sn *Snapshot) walk(until int64) (done bool) {
	for sn.err == nil {
		switch {
		case sn.enc.Entry() != nil:
			sn.step()
		case len(sn.next) > 0:
			sn.takeNext()
		case sn.now == len(sn.parts):
			return true
		default:
			sn.scan(sn.parts[sn.now], until)
		}
		if len(sn.main.B) >= chunkBytes {
			sn.handMain()
		}
		sn.noteExtra()
		if nanotime() >= until || sn.delay >= int64(sliceTime) {
			return false
		}
	}
	return false
}

// step goes on with a large value.
func (sn *Snapshot) step() {
	e := sn.enc.Entry()
	if !sn.enc.Step(&sn.main, stepBytes) {
		return
	}
	if sn.loose != nil {
		sn.drop(sn.encPart, sn.loose)
		sn.loose = nil
	} else {
		sn.encPart.db.MarkSaved(e)
	}
	sn.handMain() // before anything that was written early meanwhile
	sn.handEarly()
	sn.resumeWaiting()
}

// takeNext begins with a large value.
func (sn *Snapshot) takeNext() {
	n := sn.next[0]
	sn.next = sn.next[1:]
	e := n.loose
	if e == nil {
		if e = n.part.db.Find(n.key); e == nil || !sn.due(n.part, e) {
			sn.resumeWaiting()
			return
		}
	}
	sn.encPart, sn.loose = n.part, n.loose
	sn.fail(sn.head(&sn.main, &sn.mainDB, &sn.enc, n.part, e))
}

// due reports whether the snapshot has yet to write an entry.
func (sn *Snapshot) due(p *snapshotPart, e *store.Entry) bool { return sn.sync || p.db.Due(e) }

// scan writes the entries of some buckets. When it is time to stop in the middle of
// them the cursor stays: what was written is not due any more.
func (sn *Snapshot) scan(p *snapshotPart, until int64) {
	batch, cursor := p.db.Gather(p.cursor, sn.batch[:0])
	sn.batch = batch
	looked := len(sn.main.B)
	for _, e := range batch {
		switch {
		case !sn.due(p, e):
			continue
		case !sn.sync && large(e):
			sn.next = append(sn.next, nextValue{part: p, key: bytes.Clone(e.Key())})
			continue
		}
		if err := sn.head(&sn.main, &sn.mainDB, &sn.enc, p, e); err != nil {
			sn.fail(err)
			return
		}
		sn.enc.All(&sn.main)
		if sn.sync {
			continue
		}
		p.db.MarkSaved(e)
		if len(sn.main.B)-looked >= lookBytes || e.Type() == store.Module {
			looked = len(sn.main.B)
			if nanotime() >= until {
				return
			}
		}
		if sn.delay >= int64(sliceTime) {
			return
		}
	}
	if p.cursor = cursor; cursor == 0 {
		sn.now++
	}
}

// noteExtra notes how much memory the snapshot takes.
func (sn *Snapshot) noteExtra() { sn.extra = max(sn.extra, sn.taken()+sn.emptied) }

// loopHold is when the loop began to do a snapshot's work.
type loopHold struct{ wall, thread int64 }

func holdLoop() loopHold { return loopHold{nanotime(), threadTime()} }

// hold notes for how long the loop was held. It works as deferred.
func (sn *Snapshot) hold(h loopHold) {
	sn.longest = max(sn.longest, nanotime()-h.wall)
	sn.busiest = max(sn.busiest, threadTime()-h.thread)
}

// threadTime is how much time of a processor the thread has had, in nanoseconds.
func threadTime() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return t.Nano()
}

// end ends the walk. The goroutine writes what is left and ends too; when it has
// failed, or the walk has, that is returned.
func (sn *Snapshot) end() error {
	for _, p := range sn.parts {
		p.db.EndGuard(sn.err == nil)
	}
	if sn.loose != nil {
		sn.drop(sn.encPart, sn.loose)
		sn.loose = nil
	}
	for _, n := range sn.next {
		if n.loose != nil {
			sn.drop(n.part, n.loose)
		}
	}
	sn.next = nil
	for _, p := range sn.parts {
		if p.release != nil {
			p.release(p.db)
		}
	}
	if sn.timer != 0 {
		sn.s.Loop.RemoveTimer(sn.timer)
		sn.timer = 0
	}
	if sn.err != nil {
		sn.out.close(nil, sn.err)
	} else {
		sn.enc = snapshot.Encoder{}
		sn.handEarly()
		sn.handMain()
		sn.out.close(sn.tail, nil)
	}
	sn.walked = true
	sn.resumeWaiting()
	sn.resumeCrowd()
	return sn.err
}

// written is called on the loop when the goroutine has come to its end.
func (sn *Snapshot) written() {
	s := sn.s
	if !sn.walked {
		// It failed before the walk knew.
		sn.fail(sn.out.failed())
		_ = sn.end()
	}
	s.persist.running = nil
	s.noteSnapshot(sn)
	if sn.o.Done != nil {
		sn.o.Done(sn.out.failed())
	}
}

// Abort gives the snapshot up. Its owner is told later, with ErrSnapshotAborted.
func (sn *Snapshot) Abort() {
	sn.fail(ErrSnapshotAborted)
	if !sn.walked {
		_ = sn.end()
	}
}

// detached is told of a database that was emptied, and says whether the snapshot
// has yet to write what is in it: then release is called when it has.
func (sn *Snapshot) detached(db, old *store.DB, release func(*store.DB)) bool {
	if sn.walked {
		return false
	}
	for _, p := range sn.parts {
		if p.db == db {
			p.db, p.release = old, release
			sn.emptied += old.Used()
			sn.held -= p.held
			p.held = 0
			return true
		}
	}
	return false
}

package server

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/store"
	"berth/loop"
)

// A snapshot is what all databases held at one moment, written while they go on
// changing. There is no second process: see docs/RATIONALE.md.
//
//  1. StartSnapshot writes the head and makes every entry due (store.Guard).
//  2. A timer walks over the tables, a slice of a fraction of a millisecond at a
//     time, and writes the entries that are due. A large value is written in steps.
//  3. An entry that is due and about to change is written first, by Keep; one that
//     goes is written, or taken over if it is large, by Take. A command that would
//     change a large value waits until the walk, which then hurries there, has
//     written it.
//  4. A goroutine compresses long strings, sums up, and writes to the target. While
//     it is behind by more than slackBytes the walk pauses.
//
// What step 3 writes goes to a buffer of its own, for step 2 may be in the middle of
// a value. The two meet between values.

// Errors of snapshots.
var (
	// ErrSnapshotRunning is returned when there is a snapshot already.
	ErrSnapshotRunning = errors.New("server: a snapshot is under way")
	// ErrSnapshotAborted is what the owner of a snapshot is told that was given up.
	ErrSnapshotAborted = errors.New("server: the snapshot was given up")
)

// SnapshotOptions say where a snapshot goes.
type SnapshotOptions struct {
	// To is written to by one goroutine of the snapshot's.
	To io.Writer
	// Preamble says that this is the beginning of an append-only file.
	Preamble bool
	// Commands has everything written as commands that make it again.
	Commands bool
	// Version is that of the format; 0 for what the configuration says.
	Version int
	// Finish, which may be nil, runs on that goroutine when everything was written,
	// and is for what makes it last: Sync, Rename. Its error fails the snapshot.
	Finish func() error
	// Done, which may be nil, is called on the loop at the end.
	Done func(err error)
}

// Snapshot is a snapshot that is being written. The loop.
type Snapshot struct {
	s     *Server
	o     SnapshotOptions
	out   *snapshotWriter
	main  snapshot.Writer
	early snapshot.Writer
	// Which database the keys of each belong to, as the reader knows it.
	mainDB, earlyDB int

	parts []*snapshotPart
	// now is the index of the part that the walk is in.
	now int
	// enc is the value that is written in steps, encPart where it is from. loose is
	// it as well if it is in no database any more.
	enc     snapshot.Encoder
	encPart *snapshotPart
	loose   *store.Entry
	// batch is room for the entries that scan looks at.
	batch []*store.Entry
	// next are values to be written before the walk goes on.
	next []nextValue
	// tail is what comes behind the keys.
	tail []byte

	policy usePolicy
	err    error
	began  int64
	total  int
	keys   int
	// longest is for how long the loop was held at most, in nanoseconds, and busiest how
	// much of its thread's time that took at most: other processes may have been in the
	// way.
	longest, busiest int64
	// keyDelay is what rdb-key-save-delay asks for, and delay what that adds up to, in
	// nanoseconds.
	keyDelay, delay int64
	// served is how many commands had run at the end of the last slice.
	served int64
	// sync is set while the loop is held.
	sync bool
	// extra is the most memory that was taken at once, in bytes.
	extra int64
	timer loop.TimerID
	// waiting are clients that wait for a huge value, crowd those that wait for memory.
	waiting, crowd []*Client
	// held is how much memory have values that are gone for others, in bytes, and
	// emptied how much have databases.
	held, emptied int64
	// most is how much the snapshot may take before commands wait that would make it
	// take more; see pressed.
	most int64
	// walked is set when the walk is over, or was given up.
	walked bool
}

// snapshotPart is a database as it was when the snapshot began.
type snapshotPart struct {
	db     *store.DB
	number int
	cursor uint64
	walked bool
	// held is how much memory have values that were taken over from it, in bytes.
	held int64
	// release gives the database back, if it was emptied meanwhile.
	release func(*store.DB)
}

// nextValue is a large value: under a key, or taken out of the database.
type nextValue struct {
	part  *snapshotPart
	key   []byte
	loose *store.Entry
}

// usePolicy is what of the use of keys is written.
type usePolicy uint8

const (
	useNone usePolicy = iota
	useIdle
	useFreq
)

// SnapshotRunning is the snapshot that is being written, nil for none.
func (s *Server) SnapshotRunning() *Snapshot { return s.persist.running }

// StartSnapshot begins to write all databases as they are now. The error is
// ErrSnapshotRunning, or says that a module failed to save its part.
func (s *Server) StartSnapshot(o SnapshotOptions) (*Snapshot, error) {
	if s.persist.running != nil {
		return nil, ErrSnapshotRunning
	}
	held := holdLoop()
	sn := s.newSnapshot(o)
	if err := sn.begin(); err != nil {
		return nil, err
	}
	s.persist.running = sn
	for _, p := range sn.parts {
		p.db.SetGuard(sn)
	}
	sn.out.start(true, func() { s.Loop.Post(sn.written) })
	sn.timer = s.Loop.AddTimer(0, func(loop.TimerID) time.Duration { return sn.slice() }, nil)
	sn.hold(held)
	return sn, nil
}

// WriteSnapshot writes all databases at once: the loop is held until it is done.
func (s *Server) WriteSnapshot(o SnapshotOptions) error {
	sn := s.newSnapshot(o)
	if err := sn.begin(); err != nil {
		return err
	}
	sn.sync = true
	sn.out.start(false, func() {})
	for !sn.walk(nanotime()+int64(sliceTime)) && sn.err == nil {
		sleep(sn.delay)
		sn.delay = 0
		sn.out.waitBelow(slackBytes)
		sn.fail(sn.out.failed())
	}
	err := sn.end()
	if e := sn.out.wait(); err == nil { // in any case: until then the target is in use
		err = e
	}
	return err
}

func (s *Server) newSnapshot(o SnapshotOptions) *Snapshot {
	w := s.newWriter()
	if o.Version != 0 {
		w.Version = o.Version
	}
	w.Later, w.Commands = true, o.Commands
	sn := &Snapshot{s: s, o: o, main: *w, early: *w, mainDB: -1, earlyDB: -1, began: nanotime(), most: maxExtra}
	sn.keyDelay = keyDelay(s.Config.Int("rdb-key-save-delay"))
	sn.out = &snapshotWriter{to: o.To, finish: o.Finish, bare: o.Commands, inline: s.fork.child}
	sn.out.sum = s.Config.Bool("rdbchecksum") && !o.Commands
	switch policy := s.Config.String("maxmemory-policy"); {
	case s.CountsUses():
		sn.policy = useFreq
	case strings.HasSuffix(policy, "-lru"):
		sn.policy = useIdle
	}
	for i, d := range s.keyspace.dbs {
		if d.Len() > 0 {
			sn.parts = append(sn.parts, &snapshotPart{db: d, number: i})
			sn.total += d.Len()
		}
	}
	return sn
}

// begin writes what stands before the keys, and prepares what stands behind them.
func (sn *Snapshot) begin() error {
	s, w := sn.s, &sn.main
	if sn.o.Commands {
		sn.beginCommands()
		return nil
	}
	w.Raw(fmt.Appendf(nil, "%s%04d", rdb.Magic, w.Version))
	w.Aux("redis-ver", RedisVersion)
	w.Aux("redis-bits", "64")
	w.Aux("ctime", fmt.Sprint(time.Now().Unix()))
	w.Aux("used-mem", fmt.Sprint(s.UsedMemory()))
	preamble := "0"
	if sn.o.Preamble {
		preamble = "1"
	}
	w.Aux("aof-base", preamble)
	if err := s.saveAux(w, true); err != nil {
		return err
	}
	if w.Version >= 10 {
		s.writeLibraries(w)
	}
	for _, p := range sn.parts {
		sn.selectDB(w, &sn.mainDB, p.number)
		w.Op(rdb.OpResizeDB)
		w.Len(uint64(p.db.Len()))
		w.Len(uint64(p.db.Expiring()))
	}
	tail := snapshot.Writer{Version: w.Version, Compress: w.Compress}
	if err := s.saveAux(&tail, false); err != nil {
		return err
	}
	tail.Op(rdb.OpEOF)
	sn.tail = tail.B
	sn.handMain()
	return nil
}

func (sn *Snapshot) selectDB(w *snapshot.Writer, at *int, number int) {
	if *at == number {
		return
	}
	*at = number
	if w.Commands {
		w.Select(number)
		return
	}
	w.Op(rdb.OpSelectDB)
	w.Len(uint64(number))
}

// head writes what stands before a value, and begins to write the value.
func (sn *Snapshot) head(w *snapshot.Writer, at *int, x *snapshot.Encoder, p *snapshotPart, e *store.Entry) error {
	sn.selectDB(w, at, p.number)
	if !w.Commands {
		sn.facts(w, p, e)
	}
	sn.keys++
	if sn.keyDelay != 0 {
		sn.delay += sn.keyDelay
	}
	if e.Type() != store.Module {
		return x.Begin(w, p.db, e, p.number)
	}
	sn.s.freeze() // the module only looks
	defer sn.s.thaw()
	return x.Begin(w, p.db, e, p.number)
}

// facts writes what a snapshot has of a key besides its value.
func (sn *Snapshot) facts(w *snapshot.Writer, p *snapshotPart, e *store.Entry) {
	if t := e.Expire(); t != 0 {
		w.Op(rdb.OpExpireMS)
		w.Time(t)
	}
	switch sn.policy {
	case useIdle:
		w.Op(rdb.OpIdle)
		w.Len(uint64(e.Idle(sn.s.Mstime()) / 1000))
	case useFreq:
		w.Op(rdb.OpFreq)
		w.Op(uint8(p.db.Freq(e, sn.s.Mstime())))
	}
}

package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
)

// LoadOptions say how a snapshot is loaded.
type LoadOptions struct {
	// Preamble says that the snapshot is the beginning of an append-only file: keys
	// whose time is over are kept, for what follows may be about them.
	Preamble bool
	// Overwrite has keys take the place of those that are there; otherwise these are
	// an error.
	Overwrite bool
	// Offset is how many bytes were loaded before, for those who follow the progress.
	Offset int64
}

// ErrDuplicateKey is returned for a snapshot that has a key twice, or one that is
// there already.
var ErrDuplicateKey = errors.New("server: RDB has duplicated key")

// LoadSnapshot adds what a snapshot of so many bytes holds to the databases. The rest
// is what comes behind it in src, part of which may have been read already. The error
// wraps a *snapshot.FileError; what was loaded before it stays. Whoever calls it calls
// BeginLoading before and EndLoading behind. The loop.
func (s *Server) LoadSnapshot(src io.Reader, o LoadOptions) (size int64, rest io.Reader, err error) {
	r := rdb.NewStream(src)
	l := &snapshotLoader{s: s, o: o, now: time.Now().UnixMilli(), r: r, delay: keyDelay(s.Config.Int("key-load-delay"))}
	l.dec = snapshot.Decoder{Deep: s.Config.String("sanitize-dump-payload") == "yes", Module: s.loadFileValue}
	s.loading.keys, s.loading.expired = 0, 0
	err = snapshot.ReadFile(r, l, s.Config.Bool("rdbchecksum"))
	if err != nil {
		return 0, nil, fmt.Errorf("server: loading a snapshot: %w", err)
	}
	done := fmt.Sprintf("Done loading RDB, keys loaded: %d, keys expired: %d", s.loading.keys, s.loading.expired)
	if l.empty > 0 {
		done += fmt.Sprintf(", empty keys skipped: %d", l.empty)
	}
	s.Log(LogNotice, "%s.", done)
	return int64(r.Pos()), io.MultiReader(bytes.NewReader(r.Rest()), src), nil
}

// snapshotLoader is told what is in a file.
type snapshotLoader struct {
	s     *Server
	o     LoadOptions
	r     *rdb.Reader
	dec   snapshot.Decoder
	now   int64
	empty int
	delay int64
}

// maxReserve is how many keys room is made for because a file says so.
const maxReserve = 1 << 26

// Resize implements snapshot.Handler.
func (l *snapshotLoader) Resize(db int, keys, expires uint64) {
	// A key takes some bytes: there are no more of them than the file has room for.
	if most := uint64(l.s.loading.total) / 3; db < l.s.DBCount() && keys <= most && expires <= keys && keys < maxReserve {
		l.s.DBAt(db).Reserve(int(keys), int(expires))
	}
}

// Key implements snapshot.Handler.
func (l *snapshotLoader) Key(k snapshot.Key, r *rdb.Reader) error {
	s := l.s
	if k.DB >= s.DBCount() {
		return fmt.Errorf("server: FATAL: Data file was created with a Redis server configured to handle more than %d databases", s.DBCount())
	}
	db := s.DBAt(k.DB)
	l.dec.DB, l.dec.Number = db, k.DB
	loose, err := l.dec.Value(r, k.Object, k.Name)
	switch {
	case errors.Is(err, snapshot.ErrEmpty):
		if l.empty++; l.empty <= 10 {
			s.Log(LogNotice, "rdbLoadObject skipping empty key: %s", k.Name)
		}
		return nil
	case err != nil:
		return err
	case k.Expire != 0 && k.Expire < l.now && !l.o.Preamble:
		db.Discard(loose)
		s.loading.expired++
		return nil
	}
	if db.Find(k.Name) != nil {
		if !l.o.Overwrite {
			db.Discard(loose)
			return fmt.Errorf("%w '%s' in DB %d", ErrDuplicateKey, k.Name, k.DB)
		}
		s.DropKey(k.DB, k.Name, false)
	}
	e := db.Place(loose)
	db.Fresh(e, l.now)
	if k.Expire != 0 {
		e = db.SetExpire(e, k.Expire)
	}
	s.setUse(e, k.Idle, k.Freq)
	s.loading.keys++
	if s.Hears(NotifyLoaded) {
		s.Notify(NotifyLoaded, "loaded", k.Name, k.DB)
	}
	sleep(l.delay)
	s.LoadingProgress(l.o.Offset + int64(l.r.Pos()))
	return nil
}

// Function implements snapshot.Handler.
func (l *snapshotLoader) Function(code []byte) error {
	_, text := l.s.loadLibrary(l.s.scripts.libraries, code, l.o.Overwrite, loadTimeFile)
	if text != "" {
		return fmt.Errorf("server: Failed loading library, %s", stripCode(text))
	}
	return nil
}

// ModuleAux implements snapshot.Handler.
func (l *snapshotLoader) ModuleAux(code uint64, before bool, body []byte) error {
	return l.s.loadFileAux(code, before, body)
}

// Aux implements snapshot.Handler.
func (l *snapshotLoader) Aux(name, text string) {
	s := l.s
	n, _ := strconv.ParseInt(text, 10, 64) // 0 for what is none
	switch lower := strings.ToLower(name); {
	case strings.HasPrefix(name, "%"):
		s.Log(LogNotice, "RDB '%s': %s", name, text)
	case lower == "redis-ver":
		s.Log(LogNotice, "Loading RDB produced by version %s", text)
	case lower == "ctime":
		s.Log(LogNotice, "RDB age %d seconds", max(0, time.Now().Unix()-n))
	case lower == "used-mem":
		s.Log(LogNotice, "RDB memory usage when created %.2f Mb", float64(n)/(1<<20))
		s.loading.usedMem = n
	case lower == "aof-preamble" && n != 0:
		s.Log(LogNotice, "RDB has an AOF tail")
	case lower == "aof-base" && n != 0:
		s.Log(LogNotice, "RDB is base AOF")
	case lower == "redis-bits", lower == "lua", strings.HasPrefix(lower, "repl-"), strings.HasPrefix(lower, "aof-"):
	default:
		s.Log(LogDebug, "Unrecognized RDB AUX field: '%s'", name)
	}
}

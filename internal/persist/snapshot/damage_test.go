package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// world is a server's part in reading a file: databases, and a module whose values
// are their bytes.
type world struct {
	t   testing.TB
	dbs map[int]*store.DB
	dec Decoder
}

// errModule is what the module says of bytes that it does not like.
var errModule = errors.New("the module refuses")

func newWorld(t testing.TB, deep bool) *world {
	w := &world{t: t, dbs: map[int]*store.DB{}}
	w.dec.Deep = deep
	w.dec.Module = func(uint64, []byte, store.ModuleKey) (store.ModuleValue, error) {
		return store.ModuleValue{}, errModule
	}
	return w
}

func (w *world) Aux(string, string)                   {}
func (w *world) Function([]byte) error                { return nil }
func (w *world) ModuleAux(uint64, bool, []byte) error { return nil }
func (w *world) Resize(int, uint64, uint64)           {}

func (w *world) Key(k Key, r *rdb.Reader) error {
	if k.DB > 15 {
		return ErrVersion
	}
	if w.dbs[k.DB] == nil {
		w.dbs[k.DB] = store.New(nil)
	}
	w.dec.DB, w.dec.Number = w.dbs[k.DB], k.DB
	e, err := w.dec.Value(r, k.Object, k.Name)
	if errors.Is(err, ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	w.dec.DB.Place(e)
	return nil
}

// close checks that what was read can be written in every version and read again,
// and that nothing is left when it goes.
func (w *world) close() {
	w.t.Helper()
	for _, db := range w.dbs {
		if n := db.Mapped(); n > mostMapped {
			w.t.Errorf("a database has taken %d bytes", n)
		}
		var keys [][]byte
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, func(e *store.Entry) { keys = append(keys, bytes.Clone(e.Key())) })
			if cursor == 0 {
				break
			}
		}
		for _, k := range keys {
			if e := db.Find(k); w.dec.Deep {
				for _, version := range []int{9, 10, 11} {
					w.again(db, e, version)
				}
			}
			db.Delete(k)
		}
		if n := db.Len(); n != 0 {
			w.t.Errorf("%d keys are left", n)
		}
		db.Close()
	}
}

// again writes a value and reads it: it must have as many elements as before.
func (w *world) again(db *store.DB, e *store.Entry, version int) {
	w.t.Helper()
	out := &Writer{Version: version}
	var x Encoder
	if err := x.BeginValue(out, db, e, 0); err != nil {
		w.t.Fatal(err)
	}
	for !x.Step(out, 100) {
	}
	r := rdb.NewReader(out.B)
	o, err := r.Byte()
	if err != nil {
		w.t.Fatal(err)
	}
	w.dec.DB = db
	got, err := w.dec.Value(r, rdb.Object(o), []byte("again"))
	if err != nil || !r.Done() {
		w.t.Fatalf("version %d: what was written for %.100q is not read: %v\n%.1000q", version, e.Key(), err, out.B)
	}
	if is, was := size(db, got), size(db, e); is != was {
		w.t.Errorf("version %d: %.100q has %d elements, not %d", version, e.Key(), is, was)
	}
	db.Discard(got)
}

// size is how many elements a value has.
func size(db *store.DB, e *store.Entry) int {
	switch e.Type() {
	case store.List:
		return db.List(e).Len()
	case store.Set:
		return db.Set(e).Len()
	case store.ZSet:
		return db.ZSet(e).Len()
	case store.Hash:
		return db.Hash(e).Len()
	case store.Stream:
		v := db.Stream(e)
		n := v.State().Length
		for i := range v.Groups() {
			_, g := v.GroupAt(i)
			n += g.Pending() + g.Consumers()
		}
		return n
	}
	return len(e.Bytes(nil))
}

// mostMapped is far more than the values of a small file take, and far less than the
// lengths that it may tell.
const mostMapped = 64 << 20

// read reads a file that may be damaged and checks what must hold for all.
func read(t testing.TB, file []byte, deep bool) error {
	t.Helper()
	w := newWorld(t, deep)
	err := ReadFile(rdb.NewStream(bytes.NewReader(file)), w, true)
	var where *FileError
	if err != nil && !errors.As(err, &where) {
		t.Fatalf("the error does not tell where: %v", err)
	}
	if where != nil && (where.Offset < 0 || where.Offset > len(file)) {
		t.Fatalf("%v: the file has %d bytes", err, len(file))
	}
	w.close()
	return err
}

// realFiles are files that servers wrote: the seeds of FuzzFile.
func realFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	names, err := filepath.Glob("testdata/fuzz/FuzzFile/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ = bytes.Cut(text, []byte("[]byte("))
		s, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(string(text)), ")"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		files[filepath.Base(name)] = []byte(s)
	}
	return files
}

// unsummed is a file whose checksum nobody looks at, so that damage is found by what
// it does.
func unsummed(file []byte) []byte {
	b := bytes.Clone(file)
	if string(b[5:9]) >= "0005" {
		clear(b[len(b)-8:])
	}
	return b
}

// wildLengths are what damage puts where a length may be: all bits set, the longest that
// there is, a compressed string.
var wildLengths = []string{"\xff", "\x81\xff\xff\xff\xff\xff\xff\xff\xff", "\x81\x00\x00\x00\x7f\xff\xff\xff\xff", "\x80\xff\xff\xff\xff", "\x80\x7f\xff\xff\xff", "\xc3\x80\xff\xff\xff\xff", "\x00"}

// Real files that were damaged are read to their end or to a place that is named,
// and nothing worse happens; what memory that takes is in proportion.
func TestDamage(t *testing.T) {
	for name, file := range realFiles(t) {
		t.Run(name, func(t *testing.T) {
			if err := read(t, file, true); err != nil {
				t.Fatal(err)
			}
			file = unsummed(file)
			if err := read(t, file, true); err != nil {
				t.Fatal(err)
			}
			for cut := 0; cut < len(file)-1; cut += 1 + cut/40 {
				if string(file[5:9]) < "0005" || cut < len(file)-8 {
					if err := read(t, file[:cut], true); !errors.Is(err, rdb.ErrShort) {
						t.Errorf("cut at %d: %v", cut, err)
					}
				}
			}
			rng := rand.New(rand.NewPCG(3, 4))
			bad, keyed := 0, 0
			for range 250 {
				b := bytes.Clone(file)
				for range 1 + rng.IntN(3) {
					b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
				}
				err := read(t, b, rng.IntN(4) > 0)
				var where *FileError
				if errors.As(err, &where) {
					bad++
					if where.Key != nil {
						keyed++
					}
				}
			}
			if bad < 30 || keyed < 15 {
				t.Errorf("of 250 damaged files %d were refused, %d of them for a key's value", bad, keyed)
			}
			for _, wild := range wildLengths {
				for range 20 {
					at := rng.IntN(len(file))
					b := append(append(bytes.Clone(file[:at]), wild...), file[at:]...)
					wants(t, mostMapped, fmt.Sprintf("%q at %d", wild, at), func() { _ = read(t, b, true) })
				}
			}
		})
	}
}

// wants checks how much memory of the collector's fn takes at most.
func wants(t testing.TB, most uint64, what string, fn func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > most {
		t.Errorf("%s: %d bytes taken", what, took)
	}
}

package abi

import (
	"errors"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/server"
	"berth/internal/store"
)

// optIOErrors is the module option to be told of errors in what is loaded.
const optIOErrors = 1

// moduleIO is RedisModuleIO: a value on its way to or from its bytes.
type moduleIO struct {
	t      *dataType
	w      *snapshot.Writer // what is saved goes there; nil while a value is loaded
	r      *rdb.Reader      // nil while a value is saved
	emits  bool             // the value is written as commands
	failed bool
	key    *stringCell // nil when there is none
	db     int
	ctx    *Context // made when the module asks for it
}

// with runs fn with the handle of io.
func (io *moduleIO) with(fn func(p uint64)) {
	p := newHandle(headIO, io, true)
	fn(uint64(p))
	freeHandle(p, true)
	if io.ctx != nil {
		io.ctx.release(true)
		io.ctx = nil
	}
}

// newIO is a value on its way, without a key if name is nil.
func (t *dataType) newIO(r *rdb.Reader, key *store.ModuleKey) (io *moduleIO, done func()) {
	io = &moduleIO{t: t, r: r, db: -1}
	if key == nil {
		return io, func() {}
	}
	io.db, io.key = key.DB, newString(key.Key, true)
	before := host.srv.MeterKey(key.Key)
	return io, func() {
		host.srv.MeterKey(before)
		io.key.release(true)
	}
}

// save has the module save a value, and returns false if it could not.
func (t *dataType) save(w *snapshot.Writer, v uintptr, key *store.ModuleKey) bool {
	if t.methods.rdbSave == 0 || t.gone.Load() {
		return false
	}
	io, done := t.newIO(nil, key)
	defer done()
	io.w = w
	io.with(func(p uint64) { t.m.call(server.ByDataType, t.methods.rdbSave, p, uint64(v), 0, 0, 0, 0) })
	return !io.failed && !t.gone.Load()
}

// load has the module make a value of b, 0 if it cannot. With whole set it must
// have read all of it.
//
// A module that did not say that it looks for errors is not given bytes that
// have some, as far as that shows: where Redis would end the process, the load
// fails. Errors that show only as it reads give it zeros and empty strings, and
// the value it makes of them is freed.
func (t *dataType) load(b []byte, encver int32, key *store.ModuleKey, whole bool) uintptr {
	if t.methods.rdbLoad == 0 || t.gone.Load() {
		return 0
	}
	aware := t.m.options&optIOErrors != 0
	if !aware {
		if err := rdb.NewReader(b).SkipModule(); err != nil {
			t.logLoad(err)
			return 0
		}
	}
	io, done := t.newIO(rdb.NewReader(b), key)
	defer done()
	var v uintptr
	io.with(func(p uint64) {
		v = uintptr(t.m.call(server.ByDataType, t.methods.rdbLoad, p, uint64(encver), 0, 0, 0, 0))
	})
	bad := io.failed && !aware
	if whole && v != 0 && !io.failed && !io.r.Done() {
		t.logLoad(errNotAll)
		bad = true
	}
	if bad && v != 0 {
		t.FreeValue(v)
		return 0
	}
	return v
}

// errNotAll is why a value is not taken that a module made of a part of its bytes.
var errNotAll = errors.New("the module did not read all of it")

func (t *dataType) logLoad(err error) {
	host.srv.Log(server.LogWarning, "<%s> a value of type %s cannot be loaded: %v", t.m.name, t.name, err)
}

// fail notes that reading went wrong.
func (io *moduleIO) fail(err error) {
	if !io.failed && io.t.m.options&optIOErrors == 0 {
		io.t.logLoad(err)
	}
	io.failed = true
}

// plainWriter is a writer for what is no part of a snapshot that is being written.
func plainWriter() *snapshot.Writer {
	return &snapshot.Writer{Compress: host.srv.Config.Bool("rdbcompression")}
}

// buffer returns the bytes at argument i, whose number is the next argument. One
// that is wrong faults here, and not when memory for a copy was taken.
func (f *frame) buffer(i int) []byte {
	b := cbytes(f.uptr(i), int(f.int(i+1)))
	if len(b) != 0 {
		lastByte = b[len(b)-1]
	}
	return b
}

// lastByte keeps the read in buffer from being left out. Nobody reads it.
var lastByte byte

// saving returns the IO context in argument 0 if a value can be saved to it.
func (f *frame) saving() *moduleIO {
	io := object[moduleIO](f, 0, headIO)
	switch {
	case io == nil || io.failed:
		return nil
	case io.r != nil:
		f.misuse("a value is being loaded, not saved")
		return nil
	case io.emits:
		f.misuse("a value is being written as commands, not saved")
		return nil
	}
	return io
}

// loading returns the IO context in argument 0 if a value can be loaded from it.
func (f *frame) loading() *moduleIO {
	f.ret, f.fret = 0, 0
	io := object[moduleIO](f, 0, headIO)
	switch {
	case io == nil || io.failed:
		return io
	case io.r == nil:
		f.misuse("a value is being saved, not loaded")
		return nil
	}
	return io
}

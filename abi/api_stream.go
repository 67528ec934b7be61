package abi

import (
	"golang.org/x/sys/unix"

	"berth/internal/server"
	"berth/internal/store"
)

// The flags of the stream functions.
const (
	streamAutoID    = 1 << 0 // of StreamAdd
	streamExclusive = 1 << 0 // of StreamIteratorStart
	streamReverse   = 1 << 1
	streamApprox    = 1 << 0 // of the trimming functions
)

const (
	errnoIDRange = int32(unix.EDOM)
	errnoTooBig  = int32(unix.EFBIG)
)

// keyStream is an iteration over the stream of a key. It goes on from the last ID,
// so that whatever happens to the stream meanwhile does it no harm.
type keyStream struct {
	on         bool
	rev        bool
	start, end store.StreamID
	at         store.StreamID
	has        bool // at is the current entry's
	fields     names
	gathered   bool // fields are the current entry's
	next, left int
}

// readID reads the ID at an address of the module's.
func readID(p uintptr) store.StreamID {
	id := (*streamID)(at(p))
	return store.StreamID{MS: id.ms, Seq: id.seq}
}

func putID(p uintptr, id store.StreamID) { put(p, streamID{id.MS, id.Seq}) }

// streamKey returns the key in argument 0 and its stream; ok is false after the
// call has failed. With write the key must be open for writing, and no iteration
// may be on if alone is set.
func (f *frame) streamKey(write, alone bool) (k *key, v store.StreamValue, ok bool) {
	if f.int(0) == 0 {
		f.fail(errnoInvalid)
		return nil, v, false
	}
	if k = f.key(0); k == nil {
		return nil, v, false
	}
	e := k.entry()
	switch {
	case e == nil || e.Type() != store.Stream:
		f.fail(errnoWrongKind)
		return nil, v, false
	case write && k.mode&modeWrite == 0, alone && k.stream.on:
		f.fail(errnoBadType)
		return nil, v, false
	}
	return k, k.data().Stream(e), true
}

func apiStreamAdd(f *frame) {
	flags, idAt, argv, n := f.i32(1), f.uptr(2), f.uptr(3), f.i64(4)
	if f.int(0) == 0 || n != 0 && argv == 0 || n < 0 || flags&^streamAutoID != 0 || flags&streamAutoID == 0 && idAt == 0 {
		f.fail(errnoInvalid)
		return
	}
	k := f.key(0)
	if k == nil {
		return
	}
	e, given := k.entry(), flags&streamAutoID == 0
	var id store.StreamID
	if given {
		id = readID(idAt)
	}
	switch {
	case e != nil && e.Type() != store.Stream:
		f.fail(errnoWrongKind)
		return
	case k.mode&modeWrite == 0:
		f.fail(errnoBadType)
		return
	case given && id == (store.StreamID{}):
		f.fail(errnoIDRange)
		return
	}
	st := beginCall()
	defer endCall(st)
	size := 0
	for _, p := range addresses(argv, 2*int(n)) {
		if !f.addString(st, p) {
			f.setOK(false)
			return
		}
		size += int(stringAt(p).len)
	}
	if e != nil {
		switch last := k.data().Stream(e).Last(); {
		case last == store.MaxStreamID:
			f.fail(errnoTooBig)
			return
		case given && id.Compare(last) <= 0:
			f.fail(errnoIDRange)
			return
		}
	}
	if size > store.MaxStreamItem {
		f.fail(errnoRange)
		return
	}
	if e == nil {
		e = host.srv.AddStream(k.db, k.name)
	}
	v := k.data().Stream(e)
	if !given {
		id, _ = server.NextStreamID(v, id, false, false, host.srv.Mstime())
	}
	v.Append(id, st.args())
	host.srv.SignalKey(k.db, k.name, true)
	if idAt != 0 {
		putID(idAt, id)
	}
	f.setOK(true)
}

func apiStreamDelete(f *frame) {
	if f.int(1) == 0 {
		f.fail(errnoInvalid)
		return
	}
	if _, v, ok := f.streamKey(true, true); ok {
		if !v.Delete(readID(f.uptr(1))) {
			f.fail(errnoNoEntry)
			return
		}
		f.setOK(true)
	}
}

func apiStreamIteratorStart(f *frame) {
	flags := f.i32(1)
	if flags&^(streamExclusive|streamReverse) != 0 {
		f.fail(errnoInvalid)
		return
	}
	k, _, ok := f.streamKey(false, true)
	if !ok {
		return
	}
	s := keyStream{on: true, rev: flags&streamReverse != 0, end: store.MaxStreamID}
	ok1, ok2 := true, true
	if p := f.uptr(2); p != 0 {
		if s.start = readID(p); flags&streamExclusive != 0 {
			s.start, ok1 = s.start.Next()
		}
	}
	if p := f.uptr(3); p != 0 {
		if s.end = readID(p); flags&streamExclusive != 0 {
			s.end, ok2 = s.end.Prev()
		}
	}
	if !ok1 || !ok2 {
		f.fail(errnoIDRange)
		return
	}
	k.used()
	k.stream = s
	f.setOK(true)
}

// iterating is streamKey for a key whose iteration is on.
func (f *frame) iterating(write bool) (k *key, v store.StreamValue, ok bool) {
	if k, v, ok = f.streamKey(write, false); ok && !k.stream.on {
		f.fail(errnoBadType)
		return nil, v, false
	}
	return k, v, ok
}

func apiStreamIteratorStop(f *frame) {
	if k, _, ok := f.iterating(false); ok {
		k.stream = keyStream{}
		f.setOK(true)
	}
}

func apiStreamIteratorNextID(f *frame) {
	k, v, ok := f.iterating(false)
	if !ok {
		return
	}
	s := &k.stream
	s.has, s.gathered, s.left = false, false, 0
	if s.start.Compare(s.end) > 0 {
		f.fail(errnoNoEntry)
		return
	}
	it := v.Iter(s.start, s.end, s.rev)
	if !it.Next() {
		f.fail(errnoNoEntry)
		return
	}
	s.at, s.has, s.left = it.ID, true, it.Fields
	// The rest of the range is what lies behind this entry.
	if more := false; s.rev {
		if s.end, more = it.ID.Prev(); !more {
			s.start, s.end = store.MaxStreamID, store.StreamID{}
		}
	} else if s.start, more = it.ID.Next(); !more {
		s.start, s.end = store.MaxStreamID, store.StreamID{}
	}
	if p := f.uptr(1); p != 0 {
		putID(p, it.ID)
	}
	put(f.uptr(2), int64(it.Fields))
	f.setOK(true)
}

func apiStreamIteratorNextField(f *frame) {
	k, v, ok := f.iterating(false)
	if !ok {
		return
	}
	s := &k.stream
	if s.left == 0 || !s.has || !s.gathered && !s.gather(v) {
		f.fail(errnoNoEntry)
		return
	}
	for i := range 2 {
		if out := f.uptr(1 + i); out != 0 {
			str := newString(s.fields.at(s.next+i), true)
			k.ctx().track(headString, str.addr())
			put(out, str.addr())
		}
	}
	s.next += 2
	s.left--
	f.setOK(true)
}

// gather copies the current entry, if it is still there.
func (s *keyStream) gather(v store.StreamValue) bool {
	it := v.Iter(s.at, s.at, false)
	if !it.Next() {
		return false
	}
	s.fields = names{data: s.fields.data[:0], ends: s.fields.ends[:0]}
	for field, val, ok := it.Field(); ok; field, val, ok = it.Field() {
		s.fields.add(field)
		s.fields.add(val)
	}
	s.next, s.gathered = 0, true
	return true
}

func apiStreamIteratorDelete(f *frame) {
	k, v, ok := f.iterating(true)
	if !ok {
		return
	}
	s := &k.stream
	if !s.has || !v.Delete(s.at) {
		f.fail(errnoNoEntry)
		return
	}
	s.has, s.left = false, 0
	f.setOK(true)
}

// trim takes entries out of the stream in argument 0.
func (f *frame) trim(t store.Trim) {
	t.Approx = f.i32(1)&streamApprox != 0
	if t.Approx {
		t.Limit = 100 * host.srv.Config.Int("stream-node-max-entries")
	}
	f.setInt(-1)
	_, v, ok := f.streamKey(true, false)
	if !ok {
		f.setInt(-1)
		return
	}
	f.setInt(v.Trim(t))
}

func apiStreamTrimByLength(f *frame) {
	if f.int(0) == 0 || f.i32(1)&^streamApprox != 0 || f.i64(2) < 0 {
		f.setInt(-1)
		f.errno = errnoInvalid
		return
	}
	f.trim(store.Trim{MaxLen: f.i64(2)})
}

func apiStreamTrimByID(f *frame) {
	if f.int(0) == 0 || f.i32(1)&^streamApprox != 0 || f.int(2) == 0 {
		f.setInt(-1)
		f.errno = errnoInvalid
		return
	}
	f.trim(store.Trim{ByID: true, MinID: readID(f.uptr(2))})
}

package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"berth/internal/persist/rdb"
)

// Handler is told what is in a file, in its order.
type Handler interface {
	// Aux is a name with a text that describe the file.
	Aux(name, text string)
	// Function is a library of functions. It aliases the reader's buffer.
	Function(lib []byte) error
	// ModuleAux is what a module has besides values, of the type with that code.
	// before says that it wants it before the keys. The body is good during the call.
	ModuleAux(code uint64, before bool, body []byte) error
	// Resize says how many keys of a database come, and how many with a time of
	// expiry. Neither is to be trusted.
	Resize(db int, keys, expires uint64)
	// Key is called in front of a value, which it must read. The name is the
	// handler's.
	Key(k Key, r *rdb.Reader) error
}

// Key is what stands before a value.
type Key struct {
	DB     int
	Name   []byte
	Object rdb.Object
	// Expire is when its time is over, in milliseconds since 1970; 0 for never.
	Expire int64
	// Idle is how long it was not used, in seconds, and Freq how often it was; below
	// zero if that is not said.
	Idle, Freq int64
}

// FileError says where in a file something is wrong.
type FileError struct {
	// Offset is how many bytes had been read.
	Offset int
	// Key is which key's value was being read, nil when none was.
	Key *Key
	Err error
}

// Error implements error.
func (e *FileError) Error() string {
	if e.Key == nil {
		return fmt.Sprintf("at offset %d: %v", e.Offset, e.Err)
	}
	// A damaged key may be enormous, and the reason comes behind it.
	return fmt.Sprintf("at offset %d, in the value of key %.100q of database %d: %v", e.Offset, e.Key.Name, e.Key.DB, e.Err)
}

// Unwrap is the reason.
func (e *FileError) Unwrap() error { return e.Err }

// Errors of a file as a whole.
var (
	// ErrMagic is returned for what is no such file.
	ErrMagic = errors.New("snapshot: wrong signature trying to load DB from file")
	// ErrVersion is returned for a file of a later version, or an impossible one.
	ErrVersion = errors.New("snapshot: can't handle RDB format version")
	// ErrChecksum is returned for a file whose checksum is not that of its bytes.
	ErrChecksum = errors.New("snapshot: wrong RDB checksum")
)

// maxDB is the highest number of a database that is believed.
const maxDB = 1 << 31

// ReadFile reads a file to its end, which may be before the end of the input. With
// sum unset the checksum is not looked at. The error is a *FileError.
func ReadFile(r *rdb.Reader, h Handler, sum bool) error {
	f := &file{r: r, h: h}
	if err := f.read(sum); err != nil {
		return &FileError{Offset: r.Pos(), Key: f.inside, Err: err}
	}
	return nil
}

// file is a file that is being read.
type file struct {
	r       *rdb.Reader
	h       Handler
	version int
	// key gathers what stands before the next value.
	key    Key
	inside *Key
}

func (f *file) read(sum bool) error {
	head, err := f.r.Raw(len(rdb.Magic) + 4)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(head, []byte(rdb.Magic)) {
		return ErrMagic
	}
	digits := string(head[len(rdb.Magic):])
	f.version, err = strconv.Atoi(digits)
	if err != nil || f.version < 1 || f.version > rdb.Version {
		return fmt.Errorf("%w %s", ErrVersion, digits)
	}
	f.key = Key{Idle: -1, Freq: -1}
	for {
		op, err := f.r.Byte()
		if err != nil {
			return err
		}
		if op == rdb.OpEOF {
			return f.end(sum)
		}
		if err := f.op(op); err != nil {
			return err
		}
	}
}

// end compares the checksum, which files have from version 5 on.
func (f *file) end(check bool) error {
	if f.version < 5 {
		return nil
	}
	got := f.r.Sum()
	want, err := f.r.Uint64()
	if err != nil {
		return err
	}
	if check && want != 0 && got != want {
		return fmt.Errorf("%w: expected %x, got %x", ErrChecksum, want, got)
	}
	return nil
}

// op reads what follows an operation.
func (f *file) op(op byte) error {
	r, k := f.r, &f.key
	switch op {
	case rdb.OpExpire:
		n, err := r.Uint32()
		k.Expire = int64(int32(n)) * 1000
		return err
	case rdb.OpExpireMS:
		n, err := r.Uint64()
		k.Expire = int64(n)
		return err
	case rdb.OpFreq:
		n, err := r.Byte()
		k.Freq = int64(n)
		return err
	case rdb.OpIdle:
		n, err := r.Number()
		k.Idle = int64(min(n, 1<<40))
		return err
	case rdb.OpSelectDB:
		n, err := r.Number()
		if err == nil && n >= maxDB {
			err = corrupt("a database has the number %d", n)
		}
		k.DB = int(n)
		return err
	case rdb.OpResizeDB:
		keys, err := r.Number()
		if err != nil {
			return err
		}
		expires, err := r.Number()
		if err == nil {
			f.h.Resize(k.DB, keys, expires)
		}
		return err
	case rdb.OpAux:
		return f.aux()
	case rdb.OpFunction2:
		lib, err := r.String()
		if err == nil {
			err = f.h.Function(lib)
		}
		return err
	case rdb.OpFunctionPreGA:
		return corrupt("functions of a release candidate")
	case rdb.OpModuleAux:
		return f.moduleAux()
	}
	o := rdb.Object(op)
	if !o.Valid() {
		return corrupt("unknown operation %d", op)
	}
	return f.value(o)
}

func (f *file) value(o rdb.Object) error {
	name, err := f.r.String()
	if err != nil {
		return err
	}
	k := f.key
	k.Name, k.Object = bytes.Clone(name), o
	if k.Name == nil {
		k.Name = []byte{}
	}
	f.inside = &k
	if err := f.h.Key(k, f.r); err != nil {
		return err
	}
	f.inside = nil
	f.key = Key{DB: k.DB, Idle: -1, Freq: -1}
	return nil
}

func (f *file) aux() error {
	name, err := f.r.String()
	if err != nil {
		return err
	}
	n := string(name)
	text, err := f.r.String()
	if err == nil {
		f.h.Aux(n, string(text))
	}
	return err
}

// When a module wants what it has besides values, as the file has it.
const (
	auxBefore = 1
	auxAfter  = 2
)

func (f *file) moduleAux() error {
	code, err := f.r.Number()
	if err != nil {
		return err
	}
	tag, err := f.r.Number()
	if err != nil {
		return err
	}
	when, err := f.r.Number()
	if err != nil {
		return err
	}
	if tag != uint64(rdb.ModuleUint) || when != auxBefore && when != auxAfter {
		return corrupt("a module's data, tagged %d, are for the moment %d", tag, when)
	}
	body, err := Body(f.r)
	if err != nil {
		return err
	}
	return f.h.ModuleAux(code, when == auxBefore, body)
}

// ModuleAux writes what a module has besides values.
func (w *Writer) ModuleAux(code uint64, before bool, body []byte) {
	w.Op(rdb.OpModuleAux)
	w.Len(code)
	w.Len(uint64(rdb.ModuleUint))
	if before {
		w.Len(auxBefore)
	} else {
		w.Len(auxAfter)
	}
	w.Raw(body)
	w.Len(uint64(rdb.ModuleEnd))
}

package snapshot

import (
	"fmt"

	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// Modules' values, which are nothing but their elements here.

// ModuleType is what a store.ModuleType has besides when its values can be saved.
type ModuleType interface {
	// Code is the type's name and the version of its encoding as snapshots have
	// it.
	Code(v uintptr) uint64
	// SaveValue writes the value's elements without the end, and returns false when the
	// module could not save it. The loop.
	SaveValue(w *Writer, key store.ModuleKey, v uintptr) bool
}

// Opaque is a ModuleType whose values are their elements, which can therefore be
// written in steps.
type Opaque interface {
	// Body is a value's elements without the end, good as long as the value is there.
	Body(v uintptr) []byte
}

// module writes a module's value.
func (x *Encoder) module(w *Writer, e *store.Entry, number int, key bool) error {
	v := e.Module()
	t, ok := v.Of().(ModuleType)
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoSave, v.Of().TypeName())
	}
	name := append([]byte(nil), e.Key()...)
	at, marks := len(w.B), len(w.marks)
	w.Op(uint8(rdb.ObjModule2))
	if key {
		w.String(name)
	}
	w.Len(t.Code(v.Value))
	if o, ok := t.(Opaque); ok && w.Later {
		end := rdb.AppendLen(nil, uint64(rdb.ModuleEnd))
		*x = Encoder{e: e, next: (*Encoder).nothing, over: true, args: x.args}
		x.left = []rest{{long: o.Body(v.Value), behind: Chunk{B: end}}}
		return nil
	}
	if !t.SaveValue(w, store.ModuleKey{DB: number, Key: name}, v.Value) {
		w.B, w.marks = w.B[:at], w.marks[:marks]
		return fmt.Errorf("%w: %s", ErrNoSave, v.Of().TypeName())
	}
	w.Len(uint64(rdb.ModuleEnd))
	return nil
}

// module has a module make a value.
func (d *Decoder) module(r *rdb.Reader, key []byte) (*store.Entry, error) {
	code, err := r.Number()
	if err != nil {
		return nil, err
	}
	body, err := Body(r)
	if err != nil {
		return nil, err
	}
	if d.Module == nil {
		return nil, fmt.Errorf("%w: %q", ErrNoType, TypeName(code))
	}
	v, err := d.Module(code, body, store.ModuleKey{DB: d.Number, Key: key})
	if err != nil {
		return nil, err
	}
	return d.DB.LooseModule(key, v), nil
}

// Body reads a module's elements up to the end, which is not part of the result.
func Body(r *rdb.Reader) ([]byte, error) {
	r.Mark()
	if err := r.PassModule(); err != nil {
		return nil, err
	}
	b := r.Since()
	// The tag of the end is one byte.
	if len(b) == 0 || b[len(b)-1] != byte(rdb.ModuleEnd) {
		return nil, fmt.Errorf("%w: a module's value has no end", rdb.ErrShort)
	}
	return b[:len(b)-1], nil
}

// typeAlphabet is what names of modules' types are made of, by their codes.
const typeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// TypeName is the name of a module's type, from its code.
func TypeName(code uint64) string {
	var name [9]byte
	code >>= 10
	for i := len(name) - 1; i >= 0; i-- {
		name[i] = typeAlphabet[code&63]
		code >>= 6
	}
	return string(name[:])
}

// TypeVersion is the version of a module's type's encoding, from its code.
func TypeVersion(code uint64) int { return int(code & 1023) }

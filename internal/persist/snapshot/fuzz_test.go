package snapshot

import (
	"errors"
	"testing"

	"berth/internal/ds"
	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// Whatever a file holds, it is read to its end or to a place that is named, and what
// was read can be written and read again.
func FuzzFile(f *testing.F) {
	for _, file := range realFiles(f) {
		f.Add(unsummed(file))
		f.Add(file[:len(file)/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) { _ = read(t, file, true) })
}

// Whatever a client gives RESTORE for a value, it becomes one or an error.
func FuzzValue(f *testing.F) {
	for _, file := range realFiles(f) {
		w := &collector{world: newWorld(f, true)}
		if err := ReadFile(rdb.NewReader(file), w, true); err != nil {
			f.Fatal(err)
		}
		for _, b := range w.read {
			f.Add(b, true)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, deep bool) {
		r := rdb.NewReader(b)
		o, err := r.Byte()
		if err != nil {
			return
		}
		w := newWorld(t, deep)
		if err := w.Key(Key{Name: []byte("k"), Object: rdb.Object(o)}, r); err != nil && !known(err) {
			t.Errorf("the error %v is none of those that are told", err)
		}
		w.close()
	})
}

// known reports whether an error is one that readers of values may return.
func known(err error) bool {
	for _, e := range []error{rdb.ErrShort, rdb.ErrCorrupt, store.ErrValue, ds.ErrPack, ds.ErrIntSet, errModule, ErrEmpty} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// collector collects the bytes of values as they are in a file.
type collector struct {
	*world
	read [][]byte
}

func (c *collector) Key(k Key, r *rdb.Reader) error {
	r.Mark()
	err := c.world.Key(k, r)
	c.read = append(c.read, append([]byte{byte(k.Object)}, r.Since()...))
	return err
}

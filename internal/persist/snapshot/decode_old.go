package snapshot

import (
	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// The encodings of versions up to 9 become those of today.

// pairs calls fn for the elements two by two.
func (d *Decoder) pairs(all rdb.Elements, fn func(a, b []byte) error) error {
	odd := false
	err := all(func(b []byte) error {
		odd = !odd
		if odd {
			d.two = append(d.two[:0], b...)
			return nil
		}
		return fn(d.two, b)
	})
	if err == nil && odd {
		err = corrupt("a field without a value")
	}
	return err
}

func (d *Decoder) zipmap(r *rdb.Reader, key []byte) (*store.Entry, error) {
	b, err := r.String()
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseHash(key, 0)
	return d.building(e, func() error {
		v := d.DB.Hash(e)
		return d.pairs(rdb.Zipmap(b), func(field, val []byte) error { return setField(v, field, val) })
	})
}

// ziplist reads a value that is one ziplist. It becomes a listpack of the same
// elements: as Redis does, only their number decides whether it stays one.
func (d *Decoder) ziplist(r *rdb.Reader, key []byte, t store.Type) (*store.Entry, error) {
	b, err := r.String()
	if err != nil {
		return nil, err
	}
	return d.DB.LooseElements(key, t, rdb.Ziplist(b))
}

func (d *Decoder) hashZiplist(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.ziplist(r, key, store.Hash)
}

func (d *Decoder) zsetZiplist(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.ziplist(r, key, store.ZSet)
}

// listZiplist makes a chain of a list that is one ziplist, however short, as Redis
// does.
func (d *Decoder) listZiplist(r *rdb.Reader, key []byte) (*store.Entry, error) {
	b, err := r.String()
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseList(key)
	return d.building(e, func() error { return appendZiplist(d.DB.List(e), b) })
}

func (d *Decoder) quicklist(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.listOf(r, key, func(v store.ListValue) error {
		b, err := r.String()
		if err != nil {
			return err
		}
		return appendZiplist(v, b)
	})
}

func appendZiplist(v store.ListValue, b []byte) error {
	return rdb.Ziplist(b)(func(item []byte) error { v.Append(item); return nil })
}

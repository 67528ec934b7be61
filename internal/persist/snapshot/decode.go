package snapshot

import (
	"fmt"

	"berth/internal/ds"
	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// Decoder reads values into a database. Its fields are set once.
type Decoder struct {
	DB *store.DB
	// Number is that of the database, for modules.
	Number int
	// Deep has every element looked at that is taken over as it is.
	Deep bool
	// Module makes a value of a module's type of its elements. The type is given by
	// its code; body is good during the call.
	Module func(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error)

	one, two []byte // copies of what a stream's buffer may lose
}

// corrupt is an error for input that no writer makes.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{rdb.ErrCorrupt}, args...)...)
}

// Value reads a value and makes a loose entry of it. The key must not alias the
// input.
func (d *Decoder) Value(r *rdb.Reader, o rdb.Object, key []byte) (e *store.Entry, err error) {
	switch o {
	case rdb.ObjString:
		var b []byte
		if b, err = r.String(); err != nil {
			return nil, err
		}
		return d.DB.LooseString(key, b), nil
	case rdb.ObjModule2:
		return d.module(r, key)
	case rdb.ObjModulePreGA:
		return nil, corrupt("a module's value of a release candidate")
	}
	if int(o) >= len(builders) || builders[o] == nil {
		return nil, corrupt("unknown type of value %d", o)
	}
	if e, err = builders[o](d, r, key); err != nil {
		return nil, err
	}
	if d.DB.Emptied(e) {
		d.DB.Discard(e)
		return nil, ErrEmpty
	}
	return e, nil
}

// builders make an entry of each kind of object. An error leaves none behind.
var builders = [...]func(d *Decoder, r *rdb.Reader, key []byte) (*store.Entry, error){
	rdb.ObjList:         (*Decoder).list,
	rdb.ObjSet:          (*Decoder).set,
	rdb.ObjZSet:         (*Decoder).oldZSet,
	rdb.ObjZSet2:        (*Decoder).zset,
	rdb.ObjHash:         (*Decoder).hash,
	rdb.ObjHashZipmap:   (*Decoder).zipmap,
	rdb.ObjListZiplist:  (*Decoder).listZiplist,
	rdb.ObjSetIntset:    (*Decoder).intset,
	rdb.ObjZSetZiplist:  (*Decoder).zsetZiplist,
	rdb.ObjHashZiplist:  (*Decoder).hashZiplist,
	rdb.ObjQuicklist:    (*Decoder).quicklist,
	rdb.ObjStream:       (*Decoder).stream1,
	rdb.ObjHashListpack: (*Decoder).hashPack,
	rdb.ObjZSetListpack: (*Decoder).zsetPack,
	rdb.ObjQuicklist2:   (*Decoder).quicklist2,
	rdb.ObjStream2:      (*Decoder).stream2,
	rdb.ObjSetListpack:  (*Decoder).setPack,
	rdb.ObjStream3:      (*Decoder).stream3,
}

// building runs fn on a new entry and gives the entry back if that fails.
func (d *Decoder) building(e *store.Entry, fn func() error) (*store.Entry, error) {
	if err := fn(); err != nil {
		d.DB.Discard(e)
		return nil, err
	}
	return e, nil
}

// count reads how many elements follow, with a bound that keeps arithmetic safe.
func count(r *rdb.Reader) (int, error) {
	n, err := r.Number()
	if err == nil && n > 1<<48 {
		err = corrupt("%d elements", n)
	}
	return int(n), err
}

// elements calls fn for each of n strings.
func elements(r *rdb.Reader, n int, fn func(b []byte) error) error {
	for range n {
		b, err := r.String()
		if err == nil {
			err = fn(b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listOf reads how many parts a list has and has each read by part.
func (d *Decoder) listOf(r *rdb.Reader, key []byte, part func(v store.ListValue) error) (*store.Entry, error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseList(key)
	return d.building(e, func() error {
		v := d.DB.List(e)
		for range n {
			if err := part(v); err != nil {
				return err
			}
		}
		if v.Len() > 0 {
			v.Convert()
		}
		return nil
	})
}

func (d *Decoder) list(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.listOf(r, key, func(v store.ListValue) error {
		b, err := r.String()
		if err == nil {
			v.Append(b)
		}
		return err
	})
}

func (d *Decoder) set(r *rdb.Reader, key []byte) (*store.Entry, error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseSet(key, store.IntSet)
	return d.building(e, func() error {
		v := d.DB.Set(e)
		v.Expect(n)
		return elements(r, n, func(b []byte) error {
			if !v.Add(b) {
				return corrupt("a member twice")
			}
			return nil
		})
	})
}

func (d *Decoder) zset(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.scored(r, key, r.Double)
}

func (d *Decoder) oldZSet(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.scored(r, key, r.OldDouble)
}

func (d *Decoder) scored(r *rdb.Reader, key []byte, double func() (float64, error)) (*store.Entry, error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseZSet(key, store.SkipList)
	return d.building(e, func() error {
		v := d.DB.ZSet(e)
		v.Expect(n)
		err := elements(r, n, func(b []byte) error {
			d.one = append(d.one[:0], b...)
			score, err := double()
			if err != nil {
				return err
			}
			return addScored(v, d.one, score)
		})
		if err == nil {
			v.Shrink()
		}
		return err
	})
}

func addScored(v store.ZSetValue, member []byte, score float64) error {
	if score != score {
		return corrupt("a score that is no number")
	}
	if _, ok := v.Score(member); ok {
		return corrupt("a member twice")
	}
	v.Add(member, score)
	return nil
}

func (d *Decoder) hash(r *rdb.Reader, key []byte) (*store.Entry, error) {
	n, err := count(r)
	if err != nil {
		return nil, err
	}
	e := d.DB.LooseHash(key, n)
	return d.building(e, func() error {
		v := d.DB.Hash(e)
		return elements(r, n, func(b []byte) error {
			d.one = append(d.one[:0], b...)
			val, err := r.String()
			if err != nil {
				return err
			}
			return setField(v, d.one, val)
		})
	})
}

func setField(v store.HashValue, field, val []byte) error {
	if !v.Set(field, val) {
		return corrupt("a field twice")
	}
	return nil
}

// packed reads a value that is one listpack.
func (d *Decoder) packed(r *rdb.Reader, key []byte, t store.Type) (*store.Entry, error) {
	b, err := r.String()
	if err != nil {
		return nil, err
	}
	return d.DB.LoosePacked(key, t, b, d.Deep)
}

func (d *Decoder) hashPack(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.packed(r, key, store.Hash)
}

func (d *Decoder) zsetPack(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.packed(r, key, store.ZSet)
}

func (d *Decoder) setPack(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.packed(r, key, store.Set)
}

func (d *Decoder) intset(r *rdb.Reader, key []byte) (*store.Entry, error) {
	b, err := r.String()
	if err != nil {
		return nil, err
	}
	return d.DB.LooseInts(key, b)
}

func (d *Decoder) quicklist2(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.listOf(r, key, func(v store.ListValue) error {
		kind, err := r.Number()
		if err != nil {
			return err
		}
		b, err := r.String()
		if err != nil {
			return err
		}
		switch kind {
		case rdb.QuickPlain:
			// It is nobody's neighbour in Redis, nor here.
			v.AppendAlone(ds.Of(b))
			return nil
		case rdb.QuickPacked:
			return v.AddPack(b)
		}
		return corrupt("a list's node of the kind %d", kind)
	})
}

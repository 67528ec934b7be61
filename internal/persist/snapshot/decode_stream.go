package snapshot

import (
	"math"

	"berth/internal/persist/rdb"
	"berth/internal/store"
)

func (d *Decoder) stream1(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.stream(r, key, 1)
}

func (d *Decoder) stream2(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.stream(r, key, 2)
}

func (d *Decoder) stream3(r *rdb.Reader, key []byte) (*store.Entry, error) {
	return d.stream(r, key, 3)
}

// stream reads a stream of one of three generations.
func (d *Decoder) stream(r *rdb.Reader, key []byte, gen int) (*store.Entry, error) {
	e := d.DB.LooseStream(key)
	return d.building(e, func() error {
		v := d.DB.Stream(e)
		n, err := count(r)
		if err != nil {
			return err
		}
		for range n {
			if err := streamNode(r, v); err != nil {
				return err
			}
		}
		f := numbers{r: r}
		st := store.StreamState{Length: int(f.next()), Last: f.id()}
		if gen >= 2 {
			st.First, st.MaxDeleted, st.Added = f.id(), f.id(), int64(f.next())
		}
		if f.err != nil {
			return f.err
		}
		if err := v.SetState(st, gen < 2); err != nil {
			return err
		}
		groups, err := count(r)
		for ; groups > 0 && err == nil; groups-- {
			err = d.group(r, v, gen)
		}
		return err
	})
}

// numbers reads numbers until one fails.
type numbers struct {
	r   *rdb.Reader
	err error
}

func (f *numbers) next() (n uint64) {
	if f.err == nil {
		n, f.err = f.r.Number()
	}
	return n
}

func (f *numbers) id() store.StreamID {
	ms := f.next()
	return store.StreamID{MS: ms, Seq: f.next()}
}

func (f *numbers) time() int64 {
	var n uint64
	if f.err == nil {
		n, f.err = f.r.Uint64()
	}
	return int64(n)
}

func (f *numbers) rawID() store.StreamID {
	if f.err != nil {
		return store.StreamID{}
	}
	b, err := f.r.Raw(16)
	if err != nil {
		f.err = err
		return store.StreamID{}
	}
	return store.StreamIDOf(b)
}

func streamNode(r *rdb.Reader, v store.StreamValue) error {
	name, err := r.String()
	if err != nil {
		return err
	}
	if len(name) != 16 {
		return corrupt("the ID of a stream's node has %d bytes", len(name))
	}
	id := store.StreamIDOf(name)
	pack, err := r.String()
	if err != nil {
		return err
	}
	return v.AddNode(id, pack)
}

// group reads a consumer group.
func (d *Decoder) group(r *rdb.Reader, v store.StreamValue, gen int) error {
	name, err := r.String()
	if err != nil {
		return err
	}
	if _, ok := v.Group(name); ok {
		return corrupt("the consumer group %q twice", name)
	}
	d.one = append(d.one[:0], name...)
	f := numbers{r: r}
	last, read := f.id(), int64(-1)
	if gen >= 2 {
		read = int64(f.next())
	} else {
		read = v.Distance(last)
	}
	if f.err != nil {
		return f.err
	}
	g := v.AddGroup(d.one, last, read)
	n, err := count(r)
	if err != nil {
		return err
	}
	for range n {
		id := f.rawID()
		when, times := f.time(), f.next()
		if f.err != nil {
			return f.err
		}
		if g.Find(id) != nil {
			return corrupt("the entry %d-%d of a stream is pending twice", id.MS, id.Seq)
		}
		p := g.Add(id)
		p.Time, p.Count = when, int64(min(times, math.MaxInt64))
	}
	if n, err = count(r); err != nil {
		return err
	}
	for range n {
		if err := consumer(r, g, gen); err != nil {
			return err
		}
	}
	if g.Unowned() {
		return corrupt("an entry of a stream is pending for no consumer")
	}
	return nil
}

// consumer reads a consumer of a group.
func consumer(r *rdb.Reader, g store.Group, gen int) error {
	name, err := r.String()
	if err != nil {
		return err
	}
	if _, ok := g.Consumer(name); ok {
		return corrupt("the consumer %q twice", name)
	}
	c := g.AddConsumer(name, 0)
	f := numbers{r: r}
	c.SetSeen(f.time())
	c.SetActive(c.Seen())
	if gen >= 3 {
		c.SetActive(f.time())
	}
	for n := f.next(); n > 0; n-- {
		id := f.rawID()
		if f.err != nil {
			return f.err
		}
		p := g.Find(id)
		if p == nil {
			return corrupt("the entry %d-%d of a stream is pending for a consumer and not for its group", id.MS, id.Seq)
		}
		if _, owned := p.Consumer(); owned {
			return corrupt("the entry %d-%d of a stream is pending for two consumers", id.MS, id.Seq)
		}
		g.Assign(p, c)
	}
	return f.err
}

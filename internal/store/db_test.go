package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"unsafe"

	"berth/internal/ds"
)

// model is what a database should hold.
type model struct {
	str    []byte
	list   [][]byte
	isList bool
	expire int64
}

func (m *model) clone() *model {
	c := *m
	c.str, c.list = slices.Clone(m.str), slices.Clone(m.list)
	return &c
}

type fixture struct {
	t     *testing.T
	rnd   *rand.Rand
	db    [2]*DB
	model [2]map[string]*model
}

func (f *fixture) check(i int, key string) {
	f.t.Helper()
	e, m := f.db[i].Find([]byte(key)), f.model[i][key]
	if (e == nil) != (m == nil) {
		f.t.Fatalf("key %.20q: entry %v, want %v", key, e != nil, m != nil)
	}
	if m == nil {
		return
	}
	if string(e.Key()) != key || e.Expire() != m.expire {
		f.t.Fatalf("key %.20q: it is %.20q with expiry %d, want %d", key, e.Key(), e.Expire(), m.expire)
	}
	if m.isList {
		l := f.db[i].List(e)
		if e.Type() != List || l.Len() != len(m.list) {
			f.t.Fatalf("key %.20q: a list of %d, want %d", key, l.Len(), len(m.list))
		}
		l.Each(0, false, func(i int, el ds.Elem) bool {
			if !el.EqualBytes(m.list[i]) {
				f.t.Fatalf("key %.20q: element %d is %.20q, want %.20q", key, i, el.Append(nil), m.list[i])
			}
			return true
		})
		return
	}
	var tmp [20]byte
	if got := e.Bytes(tmp[:]); e.Type() != String || string(got) != string(m.str) || e.StringLen() != len(m.str) {
		f.t.Fatalf("key %.20q: %.40q (%d bytes), want %.40q (%d)", key, got, e.StringLen(), m.str, len(m.str))
	}
	if n, ok := e.StringInt(); ok && strconv.FormatInt(n, 10) != string(m.str) {
		f.t.Fatalf("key %.20q: the number is %d, want %s", key, n, m.str)
	}
}

func (f *fixture) key() string {
	k := strconv.Itoa(f.rnd.IntN(300))
	if k[0] == '9' {
		k += string(bytes.Repeat([]byte{'k'}, 251+f.rnd.IntN(4)))
	}
	return k
}

func (f *fixture) value() []byte {
	switch f.rnd.IntN(8) {
	case 0, 1:
		return strconv.AppendInt(nil, f.rnd.Int64()>>f.rnd.IntN(64), 10)
	case 2:
		return bytes.Repeat([]byte{byte('a' + f.rnd.IntN(26))}, maxEmbed-2+f.rnd.IntN(5))
	case 3:
		return bytes.Repeat([]byte{byte('a' + f.rnd.IntN(26))}, f.rnd.IntN(5000))
	}
	return bytes.Repeat([]byte{byte('a' + f.rnd.IntN(26))}, f.rnd.IntN(80))
}

// step changes one key of one database, and the model.
func (f *fixture) step() {
	i := f.rnd.IntN(2)
	db, mod := f.db[i], f.model[i]
	key := f.key()
	k := []byte(key)
	e, m := db.Find(k), mod[key]
	switch op := f.rnd.IntN(16); {
	case op == 0:
		if db.Delete(k) != (m != nil) {
			f.t.Fatal("Delete tells lies")
		}
		delete(mod, key)
	case op == 1:
		if db.Unlink(k) != (m != nil) {
			f.t.Fatal("Unlink tells lies")
		}
		delete(mod, key)
	case op < 5 || m == nil:
		if f.rnd.IntN(4) == 0 && m == nil {
			db.AddList(k)
			mod[key] = &model{isList: true}
			break
		}
		v, keep := f.value(), f.rnd.IntN(2) == 0
		e = db.SetString(k, v, keep)
		n := &model{str: v}
		if keep && m != nil {
			n.expire = m.expire
		}
		mod[key] = n
	case op < 7:
		m.expire = f.rnd.Int64N(1000)
		if e = db.SetExpire(e, m.expire); e.Expire() != m.expire {
			f.t.Fatal("SetExpire does not")
		}
	case op == 7:
		if db.Persist(e) != (m.expire != 0) {
			f.t.Fatal("Persist tells lies")
		}
		m.expire = 0
	case op == 8:
		to := f.key()
		if mod[to] == nil {
			db.Rename(e, []byte(to))
			mod[to] = m
			delete(mod, key)
			f.check(i, to)
		}
	case op == 9:
		to := f.key()
		if j := f.rnd.IntN(2); f.model[j][to] == nil {
			db.Copy(e, f.db[j], []byte(to))
			f.model[j][to] = m.clone()
			f.check(j, to)
		}
	case op == 10:
		if j := 1 - i; f.model[j][key] == nil {
			db.Move(e, f.db[j])
			f.model[j][key] = m
			delete(mod, key)
			f.check(j, key)
		}
	case m.isList:
		f.stepList(db.List(e), m)
	default:
		f.stepString(db, e, m)
	}
	f.check(i, key)
}

func (f *fixture) stepString(db *DB, e *Entry, m *model) {
	v := f.value()
	switch f.rnd.IntN(4) {
	case 0:
		db.AppendString(e, v)
		m.str = append(slices.Clone(m.str), v...)
	case 1:
		off := f.rnd.IntN(len(m.str) + 200)
		db.OverwriteString(e, off, v)
		s := make([]byte, max(len(m.str), off+len(v)))
		copy(s, m.str)
		copy(s[off:], v)
		m.str = s
	case 2:
		n := f.rnd.IntN(2*len(m.str) + 10)
		_, b := db.ResizeString(e, n)
		s := make([]byte, n)
		copy(s, m.str)
		m.str = s
		if n > 0 {
			b[n/2], s[n/2] = 'w', 'w'
		}
	default:
		_, b := db.MutableString(e)
		m.str = slices.Clone(m.str)
		for i := range b {
			b[i] ^= 1
			m.str[i] ^= 1
		}
	}
}

func (f *fixture) stepList(l ListValue, m *model) {
	v, n := f.value(), len(m.list)
	switch op := f.rnd.IntN(7); {
	case op < 2:
		l.Push(false, v, v)
		m.list = append(m.list, v, v)
	case op < 3:
		l.Push(true, v)
		m.list = slices.Insert(m.list, 0, v)
	case n == 0:
	case op < 4:
		i := f.rnd.IntN(n)
		l.Set(i, v)
		m.list[i] = v
	case op < 5:
		i, after := f.rnd.IntN(n), f.rnd.IntN(2)
		l.Insert(i, v, after == 1)
		m.list = slices.Insert(m.list, i+after, v)
	case op < 6:
		v = m.list[f.rnd.IntN(n)]
		want := len(m.list)
		m.list = slices.DeleteFunc(m.list, func(s []byte) bool { return string(s) == string(v) })
		if got := l.Remove(v, 0, false); got != want-len(m.list) {
			f.t.Fatalf("%d removed, want %d", got, want-len(m.list))
		}
	default:
		first := f.rnd.IntN(n)
		last := first + f.rnd.IntN(n-first)
		if f.rnd.IntN(2) == 0 {
			first, last = min(1, n-1), n-1
		}
		l.Trim(first, last)
		m.list = m.list[first : last+1]
	}
}

// TestAgainstMap runs random changes on two databases and on maps.
func TestAgainstMap(t *testing.T) {
	f := &fixture{t: t, rnd: rand.New(rand.NewPCG(9, 9))}
	for i := range f.db {
		f.db[i], f.model[i] = New(nil), map[string]*model{}
	}
	for range 60_000 {
		f.step()
	}
	for i, db := range f.db {
		expiring := 0
		for key, m := range f.model[i] {
			f.check(i, key)
			if m.expire != 0 {
				expiring++
			}
		}
		if db.Len() != len(f.model[i]) || db.Expiring() != expiring {
			t.Errorf("%d keys, %d expiring; want %d, %d", db.Len(), db.Expiring(), len(f.model[i]), expiring)
		}
		for db.Reclaim(100) {
		}
		for key := range f.model[i] {
			db.Delete([]byte(key))
		}
		db.keys.Free(db.heap)
		db.expires.Free(db.heap)
		if db.Used() != 0 {
			t.Errorf("%d bytes are left in %d blocks", db.Used(), db.heap.Blocks())
		}
		db.Close()
	}
}

func TestStringEncoding(t *testing.T) {
	db := New(nil)
	defer db.Close()
	long := bytes.Repeat([]byte{'x'}, 2000)
	for _, tc := range []struct {
		val  string
		want Encoding
	}{
		{"", EmbStr}, {"12", Int}, {"-9223372036854775808", Int}, {"9223372036854775808", EmbStr}, {"012", EmbStr}, {"1.5", EmbStr},
		{string(long[:44]), EmbStr}, {string(long[:45]), Raw}, {string(long), Raw},
	} {
		e := db.SetString([]byte("k"), []byte(tc.val), false)
		if e.Encoding() != tc.want || string(e.Bytes(make([]byte, 20))) != tc.val {
			t.Errorf("SET %.20q: %v", tc.val, e.Encoding())
		}
		if e = db.AppendString(e, []byte("1")); e.Encoding() != Raw {
			t.Errorf("APPEND to %.20q: %v", tc.val, e.Encoding())
		}
	}
	if e := db.PutPlain(db.Find([]byte("k")), []byte("k"), []byte("3"), false); e.Encoding() != EmbStr {
		t.Errorf("a plain 3 is %v", e.Encoding())
	}
}

func TestListEncoding(t *testing.T) {
	set := DefaultSettings()
	set.ListMaxListpackSize = 4
	db := New(set)
	defer db.Close()
	l := db.List(db.AddList([]byte("l")))
	want := func(n int, enc Encoding) {
		t.Helper()
		if l.Len() != n || l.e.Encoding() != enc {
			t.Errorf("%d elements as %v, want %d as %v", l.Len(), l.e.Encoding(), n, enc)
		}
	}
	a := []byte("a")
	l.Push(false, a, a, a, a)
	want(4, ListPack)
	l.Push(false, a)
	want(5, QuickList)
	l.Pop(false, 1)
	want(4, QuickList)
	l.Pop(true, 1)
	want(3, QuickList)
	l.Pop(true, 1)
	want(2, ListPack)
	l.Push(true, bytes.Repeat(a, 9000))
	want(3, QuickList)
	l.Remove(a, 0, true)
	want(1, ListPack) // a number of elements is the only limit then
	l.Set(0, a)
	want(1, ListPack)
	l.Remove(a, 1, false)
	want(0, ListPack)
}

// TestHoles makes a string of half a gigabyte that is nearly all zeros: it must
// not become resident.
func TestHoles(t *testing.T) {
	db := New(nil)
	defer db.Close()
	e := db.SetString([]byte("k"), []byte("begin"), false)
	e = db.OverwriteString(e, 512<<20-1, []byte("e"))
	if e.StringLen() != 512<<20 || string(e.Bytes(nil)[:6]) != "begin\x00" {
		t.Errorf("%d bytes, %q", e.StringLen(), e.Bytes(nil)[:6])
	}
	e, _ = db.ResizeString(e, 3)
	if string(e.Bytes(nil)) != "beg" || db.Mapped() > 8<<20 {
		t.Errorf("%q, %d bytes mapped", e.Bytes(nil), db.Mapped())
	}
}

func TestExpireCycle(t *testing.T) {
	db := New(nil)
	defer db.Close()
	for i := range 1000 {
		e := db.SetString(fmt.Append(nil, i), []byte("v"), false)
		db.SetExpire(e, int64(1+i))
	}
	for range 10_000 {
		db.ExpireCycle(500, func(key []byte) { db.Delete(key) })
	}
	if db.Len() != 501 || db.Expiring() != 501 {
		t.Errorf("%d keys, %d expiring", db.Len(), db.Expiring())
	}
	db.Each(func(e *Entry) bool {
		if e.Over(500) || !e.Over(2000) {
			t.Errorf("%s with expiry %d", e.Key(), e.Expire())
		}
		return true
	})
}

func TestAccess(t *testing.T) {
	db := New(nil)
	defer db.Close()
	e := db.SetString([]byte("k"), []byte("v"), false)
	const now = int64(1_800_000_000_000)
	db.Fresh(e, now)
	if got := e.Idle(now + 5500); got != 5000 {
		t.Errorf("idle %d", got)
	}
	e.SetIdle(now, 90_000)
	if got := e.Idle(now); got != 90_000 {
		t.Errorf("idle %d", got)
	}
	db.Access(e, now)
	if got := e.Idle(now); got != 0 || e.Type() != String || e.Encoding() != EmbStr {
		t.Errorf("idle %d", got)
	}
	db.set.LFU = true
	db.Fresh(e, now)
	if got := db.Freq(e, now); got != 5 {
		t.Errorf("frequency %d", got)
	}
	for range 1000 {
		db.Access(e, now)
	}
	if got := db.Freq(e, now); got < 12 || got > 30 {
		t.Errorf("frequency %d after 1000 uses", got)
	}
	e.SetFreq(now, 100)
	if got := db.Freq(e, now+30*60_000); got != 70 {
		t.Errorf("frequency %d after half an hour", got)
	}
}

func TestDetach(t *testing.T) {
	db := New(nil)
	for i := range 1000 {
		db.SetExpire(db.SetString(fmt.Append(nil, i), make([]byte, 2000), false), 99)
	}
	old := db.Detach()
	if db.Len() != 0 || db.Expiring() != 0 || db.Used() != 0 {
		t.Errorf("%d keys, %d bytes", db.Len(), db.Used())
	}
	if e := old.Find([]byte("999")); old.Len() != 1000 || old.Expiring() != 1000 || e == nil || e.StringLen() != 2000 {
		t.Errorf("%d keys went, %d of them to expire", old.Len(), old.Expiring())
	}
	db.SetString([]byte("k"), []byte("v"), false)
	old.Close()
	if e := db.Find([]byte("k")); e == nil || string(e.Bytes(nil)) != "v" {
		t.Error("closing the old one took from the new one")
	}
	db.Close()
}

func TestEntrySize(t *testing.T) {
	if n := unsafe.Sizeof(Entry{}); n != 8 {
		t.Errorf("the header has %d bytes", n)
	}
	if n := entrySize(0, 16, 32); n != 56 {
		t.Errorf("a key of 16 bytes with a value of 32 has %d bytes", n)
	}
}

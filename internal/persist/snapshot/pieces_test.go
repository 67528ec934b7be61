package snapshot

import (
	"bytes"
	"strings"
	"testing"

	"berth/internal/persist/rdb"
	"berth/internal/store"
)

// A value with very long strings is written in small steps, and reads as it was.
func TestPieces(t *testing.T) {
	t.Parallel()
	db := store.New(nil)
	defer db.Close()
	const long, budget = 9 << 20, 64 << 10
	want := map[string]string{
		"short": "text", "number": "12345", "compressed": strings.Repeat("x", 5000),
		"long 1": strings.Repeat("abcdefghi", long/9), "long 2": strings.Repeat("1", long), "long 3": strings.Repeat("-", bigString),
		strings.Repeat("name", bigString/4+1): "of a long field",
	}
	e := db.AddHash([]byte("key"))
	v := db.Hash(e)
	for field, val := range want {
		v.Set([]byte(field), []byte(val))
	}
	w := &Writer{Version: rdb.Version, Compress: true, Later: true}
	var x Encoder
	if err := x.Begin(w, db, e, 0); err != nil {
		t.Fatal(err)
	}
	var file []byte
	steps := 0
	for done := false; !done; steps++ {
		done = x.Step(w, budget)
		if n := len(w.B); n > 2*budget {
			t.Errorf("step %d wrote %d bytes", steps, n)
		}
		c := w.Take()
		file = c.Finish(file)
	}
	if least := 2 * (long + bigString) / budget; steps < least {
		t.Errorf("%d steps, fewer than %d", steps, least)
	}
	same(t, file, want)

	// The same if the rest is wanted at once, at any moment.
	for _, before := range []int{0, 1, 2, 70, 200} {
		w.Reset(nil)
		if err := x.Begin(w, db, e, 0); err != nil {
			t.Fatal(err)
		}
		for range before {
			x.Step(w, budget)
		}
		x.All(w)
		c := w.Take()
		same(t, c.Finish(nil), want)
	}
}

// same reads a hash and compares it.
func same(t *testing.T, file []byte, want map[string]string) {
	t.Helper()
	r := rdb.NewReader(file)
	o, err := r.Byte()
	if err != nil {
		t.Fatal(err)
	}
	key, err := r.String()
	if err != nil {
		t.Fatal(err)
	}
	db := store.New(nil)
	defer db.Close()
	dec := Decoder{DB: db, Deep: true}
	loose, err := dec.Value(r, rdb.Object(o), bytes.Clone(key))
	if err != nil {
		t.Fatal(err)
	}
	e := db.Place(loose)
	if !r.Done() || string(e.Key()) != "key" || db.Hash(e).Len() != len(want) {
		t.Fatalf("key %q, %d fields, the end is %v", e.Key(), db.Hash(e).Len(), r.Done())
	}
	for field, val := range want {
		got, ok := db.Hash(e).Get([]byte(field))
		if !ok || string(got.Bytes(nil)) != val {
			t.Errorf("the field of %d bytes has %d", len(field), got.Len())
		}
	}
}

package store

import (
	"fmt"
	"testing"
)

// counted is a type of module values that counts what becomes of them.
type counted struct {
	freed map[uintptr]int
	run   func() // in FreeValue
}

func (t *counted) TypeName() string                                    { return "counted-1" }
func (t *counted) Unlinked(ModuleKey, uintptr)                         {}
func (t *counted) Effort(ModuleKey, uintptr) int                       { return 1 }
func (t *counted) Usage(ModuleKey, uintptr, int) int                   { return 0 }
func (t *counted) Digest(ModuleKey, uintptr) [20]byte                  { return [20]byte{} }
func (t *counted) Defrags() bool                                       { return false }
func (t *counted) CopyValue(_, _ ModuleKey, v uintptr) (uintptr, bool) { return v, true }
func (t *counted) Defrag(_ ModuleKey, v uintptr, _ *uint64, _ int64) (uintptr, bool) {
	return v, false
}

func (t *counted) FreeValue(v uintptr) {
	t.freed[v]++
	if t.run != nil {
		t.run()
	}
}

func newCounted() (*counted, ModuleTypeID) {
	c := &counted{freed: map[uintptr]int{}}
	return c, AddModuleType(c)
}

// A module's value is freed once, when its key goes, and not when it moves.
func TestModuleValues(t *testing.T) {
	c, id := newCounted()
	a, b := New(nil), New(nil)
	for i := range uintptr(10) {
		e := a.AddModule(fmt.Append(nil, i), ModuleValue{id, i})
		if e.Type() != Module || e.Encoding() != Raw || e.Module() != (ModuleValue{id, i}) || e.Module().Of() != c {
			t.Fatalf("entry %d: %v %v %v", i, e.Type(), e.Encoding(), e.Module())
		}
	}
	find := func(db *DB, key string) *Entry {
		e := db.Find([]byte(key))
		if e == nil {
			t.Fatalf("no key %s", key)
		}
		return e
	}
	if e := a.SetExpire(find(a, "0"), 99); e.Module().Value != 0 || e.Expire() != 99 {
		t.Error("a time of expiry changed the value")
	}
	if e := a.Move(find(a, "0"), b); e.Module().Value != 0 || e.Expire() != 99 {
		t.Error("MOVE changed the value")
	}
	if e := a.Rename(find(a, "1"), []byte("one")); e.Module().Value != 1 {
		t.Error("RENAME changed the value")
	}
	find(a, "2").SetModule(200)
	if len(c.freed) != 0 {
		t.Fatalf("freed: %v", c.freed)
	}
	a.Delete([]byte("one"))
	a.Unlink([]byte("2"))
	a.SetString([]byte("3"), []byte("a string"), false)
	a.SetInt([]byte("4"), 4, false)
	if e := a.SetExpire(find(a, "5"), 99); e != nil {
		a.SetString([]byte("5"), make([]byte, 5000), true)
	}
	if v := a.TakeModule(find(a, "6")); v.Value != 6 || find(a, "6").Type() != String {
		t.Errorf("taken: %v", v)
	}
	if find(a, "5").Expire() != 99 || a.Modules() != 3 || b.Modules() != 1 {
		t.Errorf("%d and %d values of modules", a.Modules(), b.Modules())
	}
	for i, want := range map[uintptr]int{0: 0, 1: 1, 200: 1, 3: 1, 4: 1, 5: 1, 6: 0, 7: 0} {
		if c.freed[i] != want {
			t.Errorf("value %d was freed %d times", i, c.freed[i])
		}
	}
	old := a.Detach()
	old.TakeModules(ModuleValue.Free)
	if c.freed[7] != 1 || c.freed[8] != 1 || c.freed[9] != 1 || old.Modules() != 0 {
		t.Errorf("freed: %v", c.freed)
	}
	old.Close()
	b.Close()
}

// The code that frees a value may do anything to the database.
func TestModuleFreeReenters(t *testing.T) {
	c, id := newCounted()
	db := New(nil)
	key := []byte("key")
	c.run = func() {
		c.run = nil
		db.Delete(key)
		for i := range 100 {
			db.SetString(fmt.Append(nil, "other", i), []byte("v"), false)
		}
	}
	db.AddModule(key, ModuleValue{id, 1})
	db.SetString(key, []byte("new"), false)
	if e := db.Find(key); e == nil || string(e.Bytes(nil)) != "new" || db.Len() != 101 || c.freed[1] != 1 {
		t.Errorf("%d keys, freed %v", db.Len(), c.freed)
	}
	c.run = func() {
		c.run = nil
		db.AddModule(key, ModuleValue{id, 3})
	}
	db.Delete(key)
	db.AddModule(key, ModuleValue{id, 2})
	db.Delete(key)
	if e := db.Find(key); e == nil || e.Module().Value != 3 || c.freed[2] != 1 || c.freed[3] != 0 {
		t.Errorf("freed %v", c.freed)
	}
	db.Close()
}

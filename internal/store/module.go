package store

import (
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"berth/internal/ds"
	"berth/internal/mem"
)

// ModuleType is a type of values whose contents belong to a module. A value is
// a number to the store, the address of whatever the module keeps. Everything
// but FreeValue is called by the owner of the databases, which must expect that
// the module does anything to them meanwhile.
type ModuleType interface {
	// TypeName is what TYPE replies.
	TypeName() string
	// FreeValue frees a value that no key has any more. Any goroutine.
	FreeValue(v uintptr)
	// Unlinked says that a value is about to lose its key.
	Unlinked(key ModuleKey, v uintptr)
	// Effort is about how many blocks FreeValue gives back.
	Effort(key ModuleKey, v uintptr) int
	// CopyValue makes a copy for the key to. It returns 0 when the module will
	// not; can is false when values of the type are never copied.
	CopyValue(from, to ModuleKey, v uintptr) (n uintptr, can bool)
	// Usage is the memory that the value takes, in bytes, estimated by looking at
	// samples of its elements.
	Usage(key ModuleKey, v uintptr, samples int) int
	// Digest is what the value adds, by exclusive or, to the checksum of a data
	// set; zero if the type adds nothing.
	Digest(key ModuleKey, v uintptr) [20]byte
	// Defrag has the module move what it keeps. cursor is nil for a value done in
	// one go; otherwise work ends at about end, in microseconds since 1970, and
	// more says that the value is to be given again, with the cursor as it is
	// then. to is where the value is afterwards.
	Defrag(key ModuleKey, v uintptr, cursor *uint64, end int64) (to uintptr, more bool)
	// Defrags reports whether Defrag does anything.
	Defrags() bool
}

// ModuleKey is the key of a module's value and the number of its database.
type ModuleKey struct {
	DB  int
	Key []byte
}

// ModuleTypeID is how values refer to their type.
type ModuleTypeID uint64

// moduleTypes are all types that were ever registered, by ModuleTypeID. Values
// outlive their keys, and are freed on any goroutine: so a type never goes.
var moduleTypes struct {
	mu   sync.Mutex
	list atomic.Pointer[[]ModuleType]
}

// AddModuleType makes a type known to all databases of the process, for ever.
func AddModuleType(t ModuleType) ModuleTypeID {
	moduleTypes.mu.Lock()
	defer moduleTypes.mu.Unlock()
	var list []ModuleType
	if p := moduleTypes.list.Load(); p != nil {
		list = slices.Clone(*p)
	}
	list = append(list, t)
	moduleTypes.list.Store(&list)
	return ModuleTypeID(len(list) - 1)
}

// ModuleValue is a value of a module's type.
type ModuleValue struct {
	Type  ModuleTypeID
	Value uintptr
}

// Of is the value's type.
func (v ModuleValue) Of() ModuleType { return (*moduleTypes.list.Load())[v.Type] }

// Free gives the value back to its module. Any goroutine.
func (v ModuleValue) Free() { v.Of().FreeValue(v.Value) }

// moduleBlock is the block that an entry of type Module leads to.
type moduleBlock struct {
	typ   uint64
	value uintptr
}

const moduleBlockSize = int(unsafe.Sizeof(moduleBlock{}))

func moduleAt(word uint64) *moduleBlock { return (*moduleBlock)(mem.Ptr(uintptr(word))) }

func newModuleBlock(h *mem.Heap, v ModuleValue) uint64 {
	p := h.Alloc(moduleBlockSize)
	*(*moduleBlock)(p) = moduleBlock{uint64(v.Type), v.Value}
	return uint64(mem.Addr(p))
}

// moduleKind is the kind of modules' values.
var moduleKind = kind{
	len:   func(value) int { return 0 },
	bytes: func(value) int { return mem.UsableSize(moduleBlockSize) },
	free: func(v value, h *mem.Heap) {
		m := *moduleAt(v.word)
		h.Free(mem.Ptr(uintptr(v.word)), moduleBlockSize)
		ModuleValue{ModuleTypeID(m.typ), m.value}.Free()
	},
	clone: func(value, *mem.Heap) value { panic("BUG: store: a module's value is copied without its module") },
}

// Module is the value of an entry of type Module.
func (e *Entry) Module() ModuleValue {
	m := moduleAt(*e.word())
	return ModuleValue{ModuleTypeID(m.typ), m.value}
}

// SetModule puts v, a value of the same type, in place of the value of an entry
// of type Module, which is not freed. The entry does not move.
func (e *Entry) SetModule(v uintptr) { moduleAt(*e.word()).value = v }

// PutModule puts v in place of the value of an entry of type Module, which is not
// freed. The entry does not move.
func (e *Entry) PutModule(v ModuleValue) {
	m := moduleAt(*e.word())
	m.typ, m.value = uint64(v.Type), v.Value
}

// AddModule adds a key, which must not be there, with a module's value.
func (db *DB) AddModule(key []byte, v ModuleValue) *Entry {
	e := db.alloc(key, ds.FlagWord, 0)
	e.setType(Module, Raw)
	*e.word() = newModuleBlock(db.heap, v)
	db.insert(e)
	db.modules++
	return e
}

// TakeModule takes the value out of an entry of type Module, which is a number
// afterwards, for the caller to replace or delete. The value is the caller's.
func (db *DB) TakeModule(e *Entry) ModuleValue {
	db.Keep(e)
	v := e.Module()
	db.heap.Free(mem.Ptr(e.addr()), moduleBlockSize)
	*e.word() = 0
	e.setType(String, Int)
	db.modules--
	db.moves++
	return v
}

// Modules is the number of keys that have modules' values.
func (db *DB) Modules() int { return db.modules }

// TakeModules takes all modules' values out, as TakeModule does, and calls fn
// with each. It is for a database that is about to go.
func (db *DB) TakeModules(fn func(ModuleValue)) {
	if db.modules == 0 {
		return
	}
	db.Each(func(e *Entry) bool {
		if e.Type() == Module {
			fn(db.TakeModule(e))
		}
		return db.modules > 0
	})
}

package server

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"unsafe"

	"berth/internal/mem"
	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// unknownState is what files held of modules that are not loaded: bytes, which are
// written back as they came. Values are keys' like any other, of the type
// unknownType; the rest is in aux.
type unknownState struct {
	// kind is the type of the values, made with the first of them.
	kind *unknownType
	aux  []unknownAux
}

// unknownAux is what a module has besides values.
type unknownAux struct {
	code   uint64
	before bool
	body   []byte
}

// unknownType is the type of all values whose types nobody knows. A value is the
// address of an unknownHead, with the value's elements behind it.
type unknownType struct {
	id   store.ModuleTypeID
	heap mem.Shared

	mu sync.Mutex
	// kept counts the values by the codes of their types. One that is being freed
	// aside counts until it is.
	kept map[uint64]unknownCount
}

// unknownHead stands before the elements of a value.
type unknownHead struct{ code, size uint64 }

const unknownHeadSize = int(unsafe.Sizeof(unknownHead{}))

// unknownCount is how many values there are of a type.
type unknownCount struct{ values, bytes int64 }

var (
	_ store.ModuleType    = (*unknownType)(nil)
	_ snapshot.ModuleType = (*unknownType)(nil)
	_ snapshot.Opaque     = (*unknownType)(nil)
)

// keepsUnknown reports whether data of unknown types are kept.
func (s *Server) keepsUnknown() bool { return s.Config.String("module-unknown-data") == "keep" }

// unknownValue makes a value that is nothing but its bytes.
func (s *Server) unknownValue(code uint64, body []byte) store.ModuleValue {
	u := &s.persist.unknown
	if u.kind == nil {
		u.kind = &unknownType{kept: map[uint64]unknownCount{}}
		u.kind.id = store.AddModuleType(u.kind)
		s.AddMemory(func() uint64 { return uint64(u.kind.heap.Used()) })
	}
	return store.ModuleValue{Type: u.kind.id, Value: u.kind.make(code, body)}
}

// maxUnknownAux is how many data besides values are kept: a file that has more is not
// Redis's.
const maxUnknownAux = 4096

// keepAux keeps what a module has besides values, in the place of what it had. It
// reports whether there is room for it.
func (s *Server) keepAux(code uint64, before bool, body []byte) bool {
	a := unknownAux{code, before, bytes.Clone(body)}
	list := &s.persist.unknown.aux
	if i := slices.IndexFunc(*list, func(o unknownAux) bool { return o.code == code && o.before == before }); i >= 0 {
		(*list)[i] = a
		return true
	}
	if len(*list) == maxUnknownAux {
		return false
	}
	*list = append(*list, a)
	return true
}

// unknown is the type of a value if nobody knows it.
func unknown(v store.ModuleValue) (code uint64, ok bool) {
	if t, is := v.Of().(*unknownType); is {
		return t.Code(v.Value), true
	}
	return 0, false
}

// wrongType replies that the value of an entry is of another type, and of which if
// its module is missed.
func (c *Client) wrongType(e *store.Entry) {
	if e.Type() == store.Module {
		if _, ok := unknown(e.Module()); ok {
			c.WriteErrorf("%s: it belongs to the type '%s' of a module that is not loaded", ErrTextWrongType, typeName(e))
			return
		}
	}
	c.WrongType()
}

// make makes a value.
func (t *unknownType) make(code uint64, body []byte) uintptr {
	p := t.heap.Alloc(unknownHeadSize + len(body))
	*(*unknownHead)(p) = unknownHead{code, uint64(len(body))}
	v := mem.Addr(p)
	copy(t.Body(v), body)
	t.count(code, 1, int64(len(body)))
	return v
}

// count adds to what is counted of a type.
func (t *unknownType) count(code uint64, values, size int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.kept[code]
	n.values += values
	n.bytes += size
	if n.values == 0 {
		delete(t.kept, code)
		return
	}
	t.kept[code] = n
}

func (t *unknownType) head(v uintptr) *unknownHead { return (*unknownHead)(mem.Ptr(v)) }

// Body implements snapshot.Opaque.
func (t *unknownType) Body(v uintptr) []byte {
	return mem.Bytes(mem.Ptr(v+uintptr(unknownHeadSize)), int(t.head(v).size))
}

// TypeName implements store.ModuleType. Whoever has a value asks typeName.
func (t *unknownType) TypeName() string { return "unknown" }

// FreeValue implements store.ModuleType.
func (t *unknownType) FreeValue(v uintptr) {
	h := *t.head(v)
	t.heap.Free(mem.Ptr(v), unknownHeadSize+int(h.size))
	t.count(h.code, -1, -int64(h.size))
}

// Unlinked implements store.ModuleType.
func (t *unknownType) Unlinked(store.ModuleKey, uintptr) {}

// Effort implements store.ModuleType.
func (t *unknownType) Effort(store.ModuleKey, uintptr) int { return 1 }

// CopyValue implements store.ModuleType.
func (t *unknownType) CopyValue(_, _ store.ModuleKey, v uintptr) (uintptr, bool) {
	return t.make(t.head(v).code, t.Body(v)), true
}

// Usage implements store.ModuleType.
func (t *unknownType) Usage(_ store.ModuleKey, v uintptr, _ int) int {
	return mem.UsableSize(unknownHeadSize + int(t.head(v).size))
}

// Digest implements store.ModuleType.
func (t *unknownType) Digest(_ store.ModuleKey, v uintptr) [20]byte {
	return sha1.Sum(append(binary.BigEndian.AppendUint64(nil, t.head(v).code), t.Body(v)...))
}

// Defrag implements store.ModuleType.
func (t *unknownType) Defrag(_ store.ModuleKey, v uintptr, _ *uint64, _ int64) (uintptr, bool) {
	return v, false
}

// Defrags implements store.ModuleType.
func (t *unknownType) Defrags() bool { return false }

// Code implements snapshot.ModuleType.
func (t *unknownType) Code(v uintptr) uint64 { return t.head(v).code }

// SaveValue implements snapshot.ModuleType.
func (t *unknownType) SaveValue(w *snapshot.Writer, _ store.ModuleKey, v uintptr) bool {
	w.Raw(t.Body(v))
	return true
}

// UnknownData is what is kept of a module that is not loaded.
type UnknownData struct {
	// Type is the name of the module's type, and Version that of its encoding.
	Type    string
	Version int
	// Keys is how many keys have values of it, and Bytes how long these are together.
	Keys, Bytes int64
	// AuxBytes is how long is what the module has besides values.
	AuxBytes int64
}

// UnknownData tells of all modules that are missed, in the order of their types.
func (s *Server) UnknownData() []UnknownData {
	all := map[uint64]UnknownData{}
	u := &s.persist.unknown
	if u.kind != nil {
		u.kind.mu.Lock()
		for code, n := range u.kind.kept {
			all[code] = UnknownData{Keys: n.values, Bytes: n.bytes}
		}
		u.kind.mu.Unlock()
	}
	for _, a := range u.aux {
		d := all[a.code]
		d.AuxBytes += int64(len(a.body))
		all[a.code] = d
	}
	list := make([]UnknownData, 0, len(all))
	for _, code := range slices.Sorted(maps.Keys(all)) {
		d := all[code]
		d.Type, d.Version = snapshot.TypeName(code), snapshot.TypeVersion(code)
		list = append(list, d)
	}
	return list
}

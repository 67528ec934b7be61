package abi

import (
	"errors"
	"fmt"

	"berth/internal/persist/rdb"
	"berth/internal/persist/snapshot"
	"berth/internal/server"
	"berth/internal/store"
)

// What belongs to data types in snapshots.

var (
	_ snapshot.ModuleType = (*dataType)(nil)
	_ server.ModuleFiles  = (*Host)(nil)
)

// The moments at which a type wants what it has besides values saved and loaded,
// as bits of auxTriggers and as the callbacks are told.
const (
	auxBefore = 1
	auxAfter  = 2
)

func auxMoment(before bool) int32 {
	if before {
		return auxBefore
	}
	return auxAfter
}

// Errors of what modules save and load besides values.
var (
	errAuxSave = errors.New("abi: the module did not save its data")
	errAuxLoad = errors.New("abi: the file contains module data that the responsible module is not able to load")
	errNoAux   = errors.New("abi: the file contains module AUX data, but the module doesn't seem to support it")
)

// Code implements snapshot.ModuleType.
func (t *dataType) Code(uintptr) uint64 { return t.code }

// SaveValue implements snapshot.ModuleType.
func (t *dataType) SaveValue(w *snapshot.Writer, key store.ModuleKey, v uintptr) bool {
	return t.save(w, v, &key)
}

// typeByCode finds a type by its code, whatever the version of the encoding is.
func (h *Host) typeByCode(code uint64) *dataType {
	for _, m := range h.Modules() {
		for _, t := range m.types {
			if t.code>>encverBits == code>>encverBits {
				return t
			}
		}
	}
	return nil
}

// encverBits is how many bits of a code are the version of the encoding.
const encverBits = 10

// version is the version of the encoding in a code.
func version(code uint64) int32 { return int32(code & maxEncver) }

// LoadValue implements server.ModuleFiles.
func (h *Host) LoadValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error) {
	t := h.typeByCode(code)
	if t == nil {
		return store.ModuleValue{}, fmt.Errorf("%w '%s'", snapshot.ErrNoType, snapshot.TypeName(code))
	}
	v := t.load(body, version(code), &key, true)
	if v == 0 {
		return store.ModuleValue{}, fmt.Errorf("%w of the type '%s'", snapshot.ErrNoLoad, t.name)
	}
	return store.ModuleValue{Type: t.id, Value: v}, nil
}

// SaveAux implements server.ModuleFiles.
func (h *Host) SaveAux(w *snapshot.Writer, before bool) error {
	for _, m := range h.Modules() {
		for _, t := range m.types {
			if t.methods.auxTriggers&auxMoment(before) == 0 || t.methods.auxSave == 0 && t.methods.auxSave2 == 0 {
				continue
			}
			body, ok := t.saveAux(before)
			if !ok {
				return fmt.Errorf("%w for the type '%s'", errAuxSave, t.name)
			}
			if len(body) > 0 || t.methods.auxSave2 == 0 {
				w.ModuleAux(t.code, before, body)
			}
		}
	}
	return nil
}

// saveAux has the module save what it has besides values.
func (t *dataType) saveAux(before bool) ([]byte, bool) {
	fn := t.methods.auxSave2
	if fn == 0 {
		fn = t.methods.auxSave
	}
	if t.gone.Load() {
		return nil, false
	}
	io, done := t.newIO(nil, nil)
	defer done()
	io.w = plainWriter()
	io.with(func(p uint64) { t.m.call(server.ByDataType, fn, p, uint64(auxMoment(before)), 0, 0, 0, 0) })
	return io.w.B, !io.failed && !t.gone.Load()
}

// LoadAux implements server.ModuleFiles.
func (h *Host) LoadAux(code uint64, before bool, body []byte) error {
	t := h.typeByCode(code)
	switch {
	case t == nil:
		return fmt.Errorf("%w '%s'", snapshot.ErrNoType, snapshot.TypeName(code))
	case t.methods.auxLoad == 0 || t.gone.Load():
		return fmt.Errorf("%w: type '%s'", errNoAux, t.name)
	}
	io, done := t.newIO(rdb.NewReader(body), nil)
	defer done()
	var status int32
	io.with(func(p uint64) {
		status = int32(t.m.call(server.ByDataType, t.methods.auxLoad, p, uint64(version(code)), uint64(auxMoment(before)), 0, 0, 0))
	})
	switch {
	case status != statusOK || io.failed || t.gone.Load():
		return fmt.Errorf("%w: type '%s'", errAuxLoad, t.name)
	case !io.r.Done():
		return fmt.Errorf("%w: type '%s': %w", errAuxLoad, t.name, errNotAll)
	}
	return nil
}

// Wake has a module that was loaded make values of what files held of its types
// before. It is told that loading begins and ends, as when a file is read.
func (h *Host) Wake(m *Module) {
	mine := func(code uint64) bool {
		for _, t := range m.types {
			if t.code>>encverBits == code>>encverBits {
				return true
			}
		}
		return false
	}
	if !h.srv.Unknown(mine) {
		return
	}
	h.fireTo(m, eventLoading, uint64(server.LoadingRDB))
	h.srv.Wake(mine)
	h.fireTo(m, eventLoading, uint64(server.LoadingEnded))
}

// fireTo tells one module of an event, if it subscribed.
func (h *Host) fireTo(m *Module, id, sub uint64) {
	for _, l := range h.listeners[id] {
		if l.m == m {
			m.withContext(func(ctx *Context) { l.call(ctx, id, sub, 0) })
		}
	}
}

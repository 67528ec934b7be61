package server

import (
	"errors"
	"fmt"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// ModuleFiles is the host of modules when snapshots are read and written.
type ModuleFiles interface {
	// LoadValue has the module whose type has that code make a value of its elements.
	// The error wraps snapshot.ErrNoType when there is no such type.
	LoadValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error)
	// SaveAux writes what modules have besides values, and want loaded before the keys,
	// or behind them.
	SaveAux(w *snapshot.Writer, before bool) error
	// LoadAux has a module load what SaveAux wrote. The error is that of LoadValue.
	LoadAux(code uint64, before bool, body []byte) error
}

// SetModuleFiles tells who knows the types of modules.
func (s *Server) SetModuleFiles(m ModuleFiles) { s.persist.modules = m }

// errNoModuleType is the error for data of a type that nobody here knows.
func errNoModuleType(code uint64) error {
	return fmt.Errorf("%w '%s'", snapshot.ErrNoType, snapshot.TypeName(code))
}

// loadModuleValue makes a value of a module's type of its elements, for a client:
// the module must be there, unless a file is loaded.
func (s *Server) loadModuleValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error) {
	if s.loading.on {
		return s.loadFileValue(code, body, key)
	}
	if s.persist.modules == nil {
		return store.ModuleValue{}, errNoModuleType(code)
	}
	return s.persist.modules.LoadValue(code, body, key)
}

// loadFileValue makes a value of a module's type that a file holds. One that no
// module here knows is kept as it is.
func (s *Server) loadFileValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error) {
	v, err := store.ModuleValue{}, errNoModuleType(code)
	if s.persist.modules != nil {
		v, err = s.persist.modules.LoadValue(code, body, key)
	}
	if errors.Is(err, snapshot.ErrNoType) && s.keepsUnknown() {
		return s.unknownValue(code, body), nil
	}
	return v, err
}

// loadFileAux has a module load what a file holds besides values.
func (s *Server) loadFileAux(code uint64, before bool, body []byte) error {
	err := errNoModuleType(code)
	if s.persist.modules != nil {
		err = s.persist.modules.LoadAux(code, before, body)
	}
	if errors.Is(err, snapshot.ErrNoType) && s.keepsUnknown() && s.keepAux(code, before, body) {
		return nil
	}
	return err
}

// saveAux writes what modules have besides values, and what is kept for those that
// are not there.
func (s *Server) saveAux(w *snapshot.Writer, before bool) error {
	for _, a := range s.persist.unknown.aux {
		if a.before == before {
			w.ModuleAux(a.code, before, a.body)
		}
	}
	if s.persist.modules == nil {
		return nil
	}
	return s.persist.modules.SaveAux(w, before)
}

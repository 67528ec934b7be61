package server

import (
	"fmt"

	"berth/internal/persist/snapshot"
	"berth/internal/store"
)

// persistState is what the server has to do with snapshots.
type persistState struct {
	// loadType has a module load a value of its type; nil when there are no
	// modules.
	loadType func(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error)
}

// loadModuleValue makes a value of a module's type of its elements.
func (s *Server) loadModuleValue(code uint64, body []byte, key store.ModuleKey) (store.ModuleValue, error) {
	if s.persist.loadType != nil {
		return s.persist.loadType(code, body, key)
	}
	return store.ModuleValue{}, fmt.Errorf("%w: %q", snapshot.ErrNoType, snapshot.TypeName(code))
}

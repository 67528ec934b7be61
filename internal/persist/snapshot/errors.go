package snapshot

import "errors"

// Errors of the package.
var (
	// ErrEmpty is returned for a value without elements, which no key may have.
	ErrEmpty = errors.New("snapshot: an empty value")
	// ErrNoSave is returned when a module did not save a value of its type.
	ErrNoSave = errors.New("snapshot: the module did not save a value")
	// ErrNoLoad is returned when a module did not load a value of its type.
	ErrNoLoad = errors.New("snapshot: the module could not load a value")
	// ErrNoType is returned for a value of a type that no module here has.
	ErrNoType = errors.New("snapshot: no matching module type")
)

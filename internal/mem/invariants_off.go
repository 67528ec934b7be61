//go:build !invariants && !race

package mem

// Invariants tells whether blocks are registered and checked.
const Invariants = false

type checker struct{}

func (checker) alloc(uintptr, int) {}

func (checker) free(uintptr, int) {}

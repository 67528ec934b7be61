//go:build !linux

package server

// yieldProcessor does nothing here: only Linux has threads of different priorities in
// one process.
func yieldProcessor() {}

//go:build !linux

package server

import "sync"

// threadMutex is a mutex for threads; see the one for Linux.
type threadMutex struct{ sync.Mutex }

// rawMutex says that threads which the Go scheduler takes to be in C cannot use it.
const rawMutex = false

// Unlock frees the mutex. Whether somebody waited is not known.
func (m *threadMutex) Unlock() (woke bool) {
	m.Mutex.Unlock()
	return false
}

func (m *threadMutex) lockRaw() bool { return false }

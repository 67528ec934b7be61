//go:build !linux

package server

import "sync"

// threadMutex is a mutex for threads; see the one for Linux.
type threadMutex struct{ sync.Mutex }

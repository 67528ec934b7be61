//go:build unix && !linux

package server

import "golang.org/x/sys/unix"

// threadUsage is unknown: these systems do not tell it for one thread.
func threadUsage() (u unix.Rusage, ok bool) { return u, false }

// residentMemory is the most that was ever resident, which is all that these
// systems tell without privileges; in bytes.
func residentMemory() uint64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return uint64(u.Maxrss) * maxrssUnit
}

// systemMemory is unknown here.
func systemMemory() uint64 { return 0 }

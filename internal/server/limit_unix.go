//go:build unix

package server

import "golang.org/x/sys/unix"

// raiseFileLimit raises the limit of open files to need, or as near to it as
// the system allows. It gives the limits before and after, and why it could
// not be raised to need.
func raiseFileLimit(need uint64) (old, got uint64, err error) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 1024, 1024, err
	}
	old = uint64(lim.Cur)
	if old >= need {
		return old, old, nil
	}
	ask := lim
	set(&ask.Cur, need)
	if uint64(ask.Max) < need {
		set(&ask.Max, need)
	}
	if err = unix.Setrlimit(unix.RLIMIT_NOFILE, &ask); err == nil {
		return old, need, nil
	}
	// Not privileged: take what the hard limit allows.
	ask = lim
	ask.Cur = ask.Max
	if unix.Setrlimit(unix.RLIMIT_NOFILE, &ask) != nil {
		return old, old, err
	}
	return old, uint64(ask.Cur), err
}

// set stores v in a field whose type differs between systems.
func set[T ~int64 | ~uint64](p *T, v uint64) { *p = T(v) }

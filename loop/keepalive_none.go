//go:build openbsd || solaris || aix

package loop

// setProbes leaves the system's intervals: there is no setting per socket.
func setProbes(int, int) error { return nil }

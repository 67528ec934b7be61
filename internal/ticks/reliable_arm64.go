package ticks

// reliable reports whether the counter may be used. On arm64 it is the clock of
// the whole system.
func reliable() bool { return true }

package abi

// No client of this server waits for a key, since BlockClientOnKeys is absent:
// a key that is ready wakes nobody, as in a Redis in which nobody waits for it.

func apiSignalKeyAsReady(f *frame) {
	if f.ctx(0) != nil {
		f.string(1)
	}
}

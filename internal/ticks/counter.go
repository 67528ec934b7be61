//go:build amd64 || arm64

package ticks

// counter reads the processor's counter.
func counter() int64

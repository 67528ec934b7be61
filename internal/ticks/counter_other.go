//go:build !amd64 && !arm64

package ticks

func counter() int64 { return nanotime() }

func reliable() bool { return false }

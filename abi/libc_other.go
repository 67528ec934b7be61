//go:build !linux

package abi

const (
	errnoSymbol  = "__error"
	usableSymbol = "malloc_size"
)

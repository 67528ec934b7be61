package abi

const (
	errnoSymbol  = "__errno_location"
	usableSymbol = "malloc_usable_size"
)

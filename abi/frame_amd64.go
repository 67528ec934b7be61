package abi

// Argument registers of the System V calling convention.
const (
	numInts   = 6
	numFloats = 8
)

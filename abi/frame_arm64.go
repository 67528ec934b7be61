package abi

// Argument registers of the AAPCS64 calling convention.
const (
	numInts   = 8
	numFloats = 8
)

//go:build !linux

package abi

// The BSDs and macOS do not count reserved, inaccessible pages.
const mapNoReserve = 0

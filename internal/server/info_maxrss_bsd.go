//go:build unix && !linux && !darwin

package server

// maxrssUnit is what getrusage counts resident memory in, in bytes.
const maxrssUnit = 1 << 10

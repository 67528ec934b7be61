// Package crashtest kills berth at random moments, and has its disk run full, while
// clients write. What a client was told is done must be there afterwards. It holds
// tests only.
//
// `go test` kills the server ten times, `make torture` two hundred times.
package crashtest

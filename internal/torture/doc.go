// Package torture is one long test and no code: modules in C and Go with threads of their own are loaded, called, unblocked and
// unloaded at random, while the host's collector is forced and one of its goroutines never pauses. Nothing may crash, hang or leak.
//
// `go test` runs it for a few seconds, `make torture` for a minute.
package torture

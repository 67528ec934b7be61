// Package torture is two tests and no code. In one, modules in C and Go with threads of their own are loaded, called, unblocked and
// unloaded at random, while the host's collector is forced and one of its goroutines never pauses. Nothing may crash, hang or leak.
//
// In the other, ten thousand clients wait for a module at once and are unblocked by its threads, while some leave, are killed or
// have waited long enough.
//
// `go test` runs the first for a few seconds, `make torture` for a minute.
package torture

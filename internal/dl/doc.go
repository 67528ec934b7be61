// Package dl loads shared libraries into the process, and keeps the process's
// signal handlers in order while it does.
//
// # One load, step by step
//
// Open makes one C-side call: runtime.cgocall moves the calling thread to its
// system stack and runs dlcall, a routine in assembly. dlcall calls dlopen,
// which maps the file, relocates it and runs its constructors. Then, still on
// the C stack and before a line of Go has run, dlcall looks at every watched
// signal. Where a constructor has put a handler of its own in place of ours,
// dlcall writes that handler down in the signal's row and puts ours back.
// Only then does it return to Go.
//
// # Why signals
//
// A library built by go build -buildmode=c-shared has a Go runtime of its own,
// and that runtime takes SIGURG while dlopen runs. Both runtimes use SIGURG to
// stop a goroutine that makes no calls. The library's handler knows only its
// own threads and drops what belongs to the host. The host then waits for ever
// at its next collection; worse, a runtime that has sent a signal to a thread
// sends no second one until the first was handled, so one dropped signal makes
// that thread deaf for good. The answer is a handler that calls every handler
// in turn, the host's first. A Go handler that is called for a foreign thread
// or a foreign PC does nothing, so calling all of them is safe.
//
// Two gaps remain and are closed separately. Between the library's sigaction
// and ours the library may drop a signal: when SIGURG had changed hands, dlcall
// sends one SIGURG to every thread of the process, which every runtime takes as
// an answer to its lost one. That cannot wait for Go, since a collection that
// lost its signal keeps the loading thread from going back to Go. And until a
// new runtime has started up, its handler forwards what it gets to the handler
// that was there before it, which is ours: chainHandler marks the siginfo it has
// in hand, and so knows its own call when it comes back.
//
// # Which signals
//
// Watched are the signals for which the host has a handler when Prepare runs,
// which in a Go program is nearly all of them, but not those that libc keeps
// (32 to 34), that cannot be caught, or that end the process on purpose.
//
//   - Asynchronous signals (SIGURG, SIGPROF, SIGTERM, SIGHUP, …): the host's
//     handler runs first, then each library's in order of arrival. A module
//     that asks for a signal gets it as well as the host, never instead.
//   - Faults (SIGSEGV, SIGBUS, SIGFPE): a fault in the host's own code goes to
//     the host. Any other goes to the newest library's handler; when that one
//     forwards it (Go's do, unless the fault is in their own goroutine), to the
//     one before it, and at last to the host's.
//   - SIGPIPE is ignored by the whole process, as in redis-server. With Go's own
//     handler a C thread of a module that writes to a closed socket would kill
//     the server. A Go library's handler respects a signal that was ignored
//     before it came.
//   - A signal that the host leaves at its default or ignores belongs to
//     whoever takes it: not watched.
//
// A signal may also change hands later, by os/signal or by sigaction in a
// module's OnLoad. Rechain does the same work without loading anything. Until
// it is called, a handler that was installed without SA_ONSTACK runs on
// whatever stack a goroutine happens to have, and overruns it; after that it
// runs on the signal stack like all others.
//
// # Threads
//
// Everything here may be called from any goroutine; one lock orders it. C
// constructors and destructors run on the calling thread.
package dl

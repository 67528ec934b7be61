// Package server is the data server itself: clients, the command table,
// dispatch, and one file per command family.
//
// The loop owns everything. One goroutine, locked to the process's main
// thread, runs the reactor and every command; unless a comment says otherwise,
// nothing here may be touched from anywhere else. Other goroutines and threads
// come in by two doors: Loop.Post, and the host lock, which the loop lets go
// of only while it waits in the kernel.
//
// A request goes this way: the socket is read into one buffer that belongs to
// the loop, the parser cuts arguments out of it without a copy, Process checks
// the request (filters, arity, authentication, transaction queueing), call
// times the handler and counts it, and the handler appends its reply to the
// client's output, which goes out once per iteration, before the loop sleeps.
//
// Data are saved without a second process: StartSnapshot writes all databases as
// they are at that moment to an io.Writer, on a goroutine of its own, while
// commands go on; WriteSnapshot does the same at once, and LoadSnapshot reads it,
// between BeginLoading and EndLoading. BGSAVE and the rewriting of the append-only
// file share them; one snapshot is under way at a time. See snapshot.go.
//
// Package script has the interpreter of scripts. What it asks of the server is in
// scripts.go and the files called script_*: a script's commands go through call on a
// client of their own, and a slow one lets other clients in as a module's command does.
//
// The package does not know modules. A module's command is a Command whose
// Handler is a closure and whose Owner is an opaque label.
package server

// Package abi is where Go meets C: it puts the function table of
// redismodule.h behind module files and translates between the two sides. It
// holds no behaviour of its own: what a function does is in internal/server,
// internal/store or loop.
//
// # A call from a module, step by step
//
// A module calls RedisModule_CreateString. That name is a variable of the
// module; RedisModule_Init filled it, by asking GetApi, with the address of a
// stub: sixteen bytes of zstubs_*.s that put the function's index in a scratch
// register and jump to tail.
//
//  1. tail runs on the C stack of whichever thread called. It builds a frame
//     there: the six integer argument registers, the eight floating ones, the
//     address of the stack arguments (which is all that a va_list needs), the
//     thread pointer, and the index.
//  2. tail saves the callee-saved registers and enters runtime.cgocallback
//     with dispatch and the frame (by way of crosscall2, where a return address
//     more costs nothing). That switches from the thread's C stack to the goroutine that made the Go-to-C call
//     (or, on a thread Go does not know, borrows an M and a goroutine, which
//     stay with the thread until it ends: see bind.go).
//  3. dispatch, now ordinary Go, checks that this thread may call this
//     function, and jumps through the handlers table: no reflection, no
//     allocation. The handler reads its arguments from the frame and writes
//     the result and, where the interface sets it, errno.
//  4. Back on the C stack tail stores errno for the calling thread, loads the
//     result registers (or st(0) for a long double) and returns to the module.
//
// Functions that only read a field or append a scalar to the reply never take
// steps 2 and 3: GetApi hands out an assembly routine of leaf_*.s instead of
// the stub. It works on the cells below and, whenever anything is unusual,
// jumps to tail as the stub would. Small functions that do more are quick ones:
// Go code that an assembly routine calls where it stands, without the scheduler's
// knowledge; see quick_amd64.go for what such code may do.
//
// # A call to a module
//
// The host calls a command, a callback or OnLoad through runtime.cgocall on
// callC, which loads the argument registers from a callFrame and calls. Two
// traps decide how: a callback from the module can grow the goroutine's
// stack, which moves it, so a callFrame never lives there but in a LIFO of
// fixed frames that the host lock protects; and while Go waits in the call
// the collector may run, so whatever C holds is outside the Go heap or kept
// alive by a table here.
//
// callC is also where a crash of the module comes back to. It leaves the stack
// pointer in the frame, with every callee-saved register pushed, and the frame's
// address in guardFrame; tail takes that away for as long as Go code runs. The
// signal handler of internal/dl, finding guardFrame set on the loop's thread,
// resumes at landing instead of at the fault, and call returns what happened.
//
// # What C holds
//
// Contexts, strings, keys, call replies and every other opaque pointer are
// cells: 64 or 128 bytes in one reserved range of addresses outside the Go
// heap. The second word of a cell says what it is and whether it lives. A
// handler (or a leaf) that gets a pointer checks range, alignment and that
// word: a freed, foreign or wrong-kind pointer is reported in one log line
// that names module and function, and the call fails, where a C server would
// crash. The Go object behind a cell is found by the cell's place in the
// range.
//
// # Threads
//
// The thread that holds the host lock is recorded by its thread pointer. Most
// functions may be called only by that thread; dispatch refuses others.
package abi

// Package script runs Redis's Lua: the scripts of EVAL and the functions of libraries, in an interpreter written in Go.
//
// A server gives a Host and gets an Engine. The engine compiles bodies (Compile, Load), runs them (Run, RunFunction) and writes what
// they return to a Reply. While a script runs, redis.call asks the host for commands, and every TickEvery instructions the host is
// asked whether the script may go on. All of it happens on the caller's goroutine; the package starts none and keeps no global state.
//
// # One run
//
//  1. Run puts KEYS and ARGV among the globals and takes an interpreter thread from the state's pool (protect.go).
//  2. The compiled body becomes a function whose environment is a shield: an empty table before the globals that passes reads on and
//     refuses changes (sandbox.go).
//  3. redis.call writes its arguments into a buffer of the state's, calls the host, and makes a Lua value of the reply, which is one
//     RESP value (redis.go, convert.go).
//  4. What the body returns is written to the Reply (reply.go). An error that nobody caught becomes an error reply, with the name of
//     the script and the line where it was raised (run.go).
//
// # What holds a script in
//
// A Go stack that overflows and a heap that is exhausted end the process; nothing recovers from them. So they are prevented: sources
// that nest too deep are refused before the interpreter's recursive compiler sees them, calls from library functions back into
// scripts are counted across all coroutines, and texts have a length limit. A panic of the interpreter's own becomes an error of the
// script. The count of instructions is kept by the context that each thread has (budget.go): the interpreter asks it before each.
package script

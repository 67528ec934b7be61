package dl

// GuardFrame is a point on a thread's C stack to which a fault goes back.
// Assembly that calls foreign code fills SP with every callee-saved register
// pushed, and puts the frame's address into the guard's word; code behind the
// landing address finds the stack as it was then and the rest filled in.
type GuardFrame struct {
	// SP is the stack pointer to go back to.
	SP uintptr
	// Signal is what happened, 0 for nothing.
	Signal uint64
	// PC is where it happened, and Addr what could not be reached.
	PC, Addr uintptr
	// Caller is where PC was called from, when PC is no code at all; else 0.
	Caller uintptr
}

// guardState is what the signal handler reads.
type guardState struct {
	frame   *uintptr
	thread  uintptr
	other   *uintptr
	landing uintptr
}

var guard guardState

// Guard makes faults on one thread at a time recoverable: while *frame is not 0 it is
// the address of a GuardFrame, foreign code runs on the thread, and no Go code that the
// scheduler knows of. thread is the thread's pointer, and *other that of a second one, 0
// for none, which may set *frame in place of the first; landing is the address of code
// that goes on from the frame. Other threads, and faults in Go code, are not affected.
// Any thread may call it, before the first fault. Only Linux has it: elsewhere it does
// nothing.
func Guard(frame *uintptr, thread uintptr, other *uintptr, landing uintptr) {
	guard = guardState{frame, thread, other, landing}
}

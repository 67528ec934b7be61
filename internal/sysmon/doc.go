// Package sysmon lets the Go runtime's monitor sleep longer.
//
// The monitor is a thread that takes the right to run Go code from threads that are in
// a system call or in C. It sleeps for 20 microseconds at a time while it finds any.
// A server that waits in the kernel for its clients, and modules' threads that call it
// and go again, keep it finding: it then wakes 10,000 times a second, at a tenth of a
// processor. Nothing in the runtime changes that, but its thread has a timer slack, by
// which the kernel may let it sleep longer.
package sysmon

//go:build !linux

package sched

// Calm does nothing here: only Linux schedules each thread of a process in its own way.
func Calm(int) (undo func()) { return func() {} }

// Yield does nothing here.
func Yield() {}

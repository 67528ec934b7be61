package testkit

import "syscall"

// dieWithTest has a child killed when the thread that starts it ends, which is
// at the latest when the test binary does, however that comes about.
func dieWithTest() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

//go:build !linux

package testkit

import "syscall"

// dieWithTest can do nothing here: a test binary that is killed leaves its
// servers behind.
func dieWithTest() *syscall.SysProcAttr { return nil }

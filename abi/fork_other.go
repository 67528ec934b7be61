//go:build !linux

package abi

import (
	"os"

	"golang.org/x/sys/unix"
)

// forkProcess is for Linux.
func forkProcess() (pid int, errno unix.Errno) { return -1, unix.ENOSYS }

// exitProcess ends the process.
func exitProcess(code int) { os.Exit(code) }
